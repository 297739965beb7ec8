//! What a provider answers through the browser (RFC 6749 section 4.1.2), as a person may paste it: the whole
//! address, its query, its fragment, or the code alone.

use ::oauth2::url::form_urlencoded;

use crate::Secret;
use crate::parameter::Parameter;

/// The longest text that is looked at, in bytes.
const MAX: usize = 32 * 1024;

/// The answer's parts.
#[derive(Debug, Default)]
pub(crate) struct Callback {
    /// `code`.
    pub(crate) code: Option<Secret>,
    /// A person has picked the code out, and nothing else came along.
    pub(crate) is_code_alone: bool,
    /// `state`, where it came along.
    pub(crate) state: Option<Secret>,
    /// `iss` (RFC 9207).
    pub(crate) iss: Option<String>,
    /// `error`, in place of a code.
    pub(crate) error: Option<String>,
    /// `error_description`.
    pub(crate) description: Option<String>,
}

impl Callback {
    /// Reads the text; no error quotes it.
    ///
    /// # Errors
    /// [`Parameter`] `authorization-code`.
    pub(crate) fn parse(text: &Secret) -> Result<Self, Parameter> {
        let fault = |reason: &str| Parameter::new("authorization-code", reason);
        let text = text.expose().trim();
        // as it stands in a mail, or in a shell
        let text = text.trim_matches(['"', '\'', '`', '<', '>', '‹', '›', '«', '»', '“', '”']);
        if text.is_empty() {
            return Err(fault("must not be empty"));
        }
        if text.len() > MAX {
            return Err(fault("must not be longer than 32768 bytes"));
        }
        if text.contains(char::is_control) {
            return Err(fault("must not contain control characters"));
        }
        if text.contains(char::is_whitespace) {
            return Err(fault("contains whitespace; copy the address alone"));
        }
        let Some(parameters) = parameters(text) else {
            return Ok(Self {
                code: Some(Secret::new(text)),
                is_code_alone: true,
                ..Self::default()
            });
        };
        let mut callback = Self::default();
        for (name, value) in form_urlencoded::parse(parameters.as_bytes()) {
            let value = value.into_owned();
            let is_first = match &*name {
                "code" => callback.code.replace(Secret::new(value)).is_none(),
                "state" => callback.state.replace(Secret::new(value)).is_none(),
                "iss" => callback.iss.replace(value).is_none(),
                "error" => callback.error.replace(value).is_none(),
                "error_description" => callback.description.replace(value).is_none(),
                _ => true,
            };
            if !is_first {
                return Err(fault("has a parameter twice; copy the address again"));
            }
        }
        match (&callback.code, &callback.error) {
            (None, None) => Err(fault(
                "is an address without code; copy the whole address after the consent",
            )),
            (Some(code), None) if code.expose().is_empty() => Err(fault("has an empty code")),
            _ => Ok(callback),
        }
    }
}

/// The part with the parameters; `None` where the text is the code itself.
fn parameters(text: &str) -> Option<&str> {
    // a query of the redirect URI's own may be there as well
    let (before, fragment) = text.split_once('#').unwrap_or((text, ""));
    let query = before.split_once('?').map(|(_, query)| query);
    let answer = [Some(fragment), query]
        .into_iter()
        .flatten()
        .find(|part| has_answer(part));
    let bare = text.trim_start_matches(['?', '#', '&']);
    let is_address = text.contains("://") || bare.len() < text.len();
    match answer {
        Some(answer) => Some(answer),
        None if has_answer(bare) => Some(bare),
        None if is_address => Some(query.unwrap_or_default()),
        None => None,
    }
}

/// Whether a name of ours begins a parameter of it.
fn has_answer(text: &str) -> bool {
    let names = ["code=", "state=", "error=", "iss="];
    text.split('&')
        .any(|part| names.iter().any(|name| part.starts_with(name)))
}

#[cfg(test)]
mod tests {
    use super::*;

    type Parts<'a> = (
        Option<&'a str>,
        Option<&'a str>,
        Option<&'a str>,
        Option<&'a str>,
    );

    #[test]
    fn every_form_that_a_person_may_paste_is_read() {
        let both: Parts<'_> = (Some("4/0A+b=="), Some("pve-notify.x"), None, None);
        let answer = "code=4%2F0A%2Bb%3D%3D&state=pve-notify.x&session_state=1";
        for (text, wanted) in [
            ("4/0A+b==".to_owned(), (Some("4/0A+b=="), None, None, None)),
            (
                "  M.C5_a!b*$ \n".to_owned(),
                (Some("M.C5_a!b*$"), None, None, None),
            ),
            (format!("https://pve.example.org:8006/?{answer}"), both),
            (
                format!("HTTPS://pve.example.org/callback.html#{answer}"),
                both,
            ),
            (format!("http://localhost/?own=1&{answer}#"), both),
            (format!("localhost:8006/?{answer}"), both),
            (format!("\"http://localhost:8006/?{answer}\""), both),
            (format!("<http://localhost:8006/?{answer}>"), both),
            (format!("http://localhost/?own=1#{answer}"), both),
            (format!("?{answer}"), both),
            (format!("#{answer}"), both),
            (answer.to_owned(), both),
            (
                "https://a.example.org/?error=access_denied&error_description=no+way&state=s&iss=i"
                    .to_owned(),
                (None, Some("s"), Some("i"), Some("access_denied")),
            ),
        ] {
            let read = Callback::parse(&Secret::new(text.as_str())).unwrap();
            let parts = (
                read.code.as_ref().map(Secret::expose),
                read.state.as_ref().map(Secret::expose),
                read.iss.as_deref(),
                read.error.as_deref(),
            );
            assert_eq!(parts, wanted, "{text}");
        }
    }

    #[test]
    fn what_is_of_no_use_is_refused_without_quoting_it() {
        for text in [
            String::new(),
            "  ".to_owned(),
            "canary\nsecond".to_owned(),
            "canary\u{1}".to_owned(),
            "https://pve.example.org:8006/#v1:0:canary".to_owned(),
            "?canary=1".to_owned(),
            "canary second".to_owned(),
            "canary://x".to_owned(),
            "https://a.example.org/?code=canary&code=canary".to_owned(),
            "https://a.example.org/?code=&state=canary".to_owned(),
            "canary".repeat(6000),
        ] {
            let error = Callback::parse(&Secret::new(text.as_str())).unwrap_err();
            assert_eq!(error.name, "authorization-code");
            assert!(!error.to_string().contains("canary"), "{error}");
        }
    }
}
