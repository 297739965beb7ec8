//! What an answer says that grants nothing, as an error: the cause, and the provider's own words.

use serde_json::Value;

use super::reply::{Answer, demanded};
use super::{Asked, Callback, Error, Provider};
use crate::Secret;
use crate::advice;
use crate::cause::{Cause, Denial, Oddity};
use crate::redact::Redactor;

/// So many of Microsoft's numbers are looked at.
const MAX_NUMBERS: usize = 16;

/// An answer that is none, or that lacks something.
pub(super) fn odd(provider: &str, oddity: Oddity) -> Error {
    busy(provider, oddity, None)
}

/// An answer that is none, by which the provider may ask for a pause of so many seconds.
pub(super) fn busy(provider: &str, oddity: Oddity, retry_after: Option<u32>) -> Error {
    Error::Answer {
        provider: provider.to_owned(),
        cause: Cause::Odd(oddity),
        said: None,
        retry_after,
        client_auth: None,
    }
}

/// An answer that does not grant all that was asked for: both are named.
pub(super) fn scopes(asked: &Asked<'_>, answer: &Answer, granted: &[String]) -> Error {
    let list = |scopes: &[&str]| match scopes {
        [] => "nothing".to_owned(),
        scopes => scopes.join(" "),
    };
    let wanted: Vec<&str> = demanded(asked).collect();
    let granted: Vec<&str> = granted.iter().map(String::as_str).collect();
    let (wanted, granted) = (list(&wanted), list(&granted));
    let told = format!("asked for: {wanted}; granted: {granted}");
    Error::Answer {
        provider: asked.provider.name.clone(),
        cause: Cause::Odd(Oddity::ScopeMissing),
        said: Some(redactor(asked, answer).clean(&told)),
        retry_after: None,
        client_auth: None,
    }
}

/// An answer with an `error`.
pub(super) fn refusal(
    asked: &Asked<'_>,
    answer: &Answer,
    status: u16,
    retry_after: Option<u32>,
) -> Error {
    let code = text(answer.error.as_ref());
    let subtype = text(answer.error_subtype.as_ref());
    let description = text(answer.error_description.as_ref());
    let denial = Denial {
        status,
        error: known(&code),
        subtype: known(&subtype),
        numbers: numbers(answer, &description),
    };

    let mut said = code;
    for (before, words, after) in [(" (", subtype, ")"), (": ", description, "")] {
        if !words.is_empty() {
            said.extend([before, words.as_str(), after]);
        }
    }
    let said = redactor(asked, answer).clean(&said);
    let said = (!said.is_empty()).then_some(said);
    Error::Answer {
        provider: asked.provider.name.clone(),
        cause: Cause::Denied(Box::new(denial)),
        said,
        retry_after,
        client_auth: None,
    }
}

/// What came back through the browser in place of a code (RFC 6749 section 4.1.2.1).
pub(crate) fn declined(
    provider: &Provider,
    client_id: &str,
    callback: &Callback,
    secrets: &[&Secret],
) -> Error {
    let code = callback.error.clone().unwrap_or_default();
    let description = callback.description.clone().unwrap_or_default();
    let denial = Denial {
        status: 400,
        error: known(&code),
        subtype: String::new(),
        numbers: described(&description).take(MAX_NUMBERS).collect(),
    };
    let said = match description.as_str() {
        "" => code,
        words => format!("{code}: {words}"),
    };
    let said = Redactor::new(client_id, secrets).clean(&said);
    Error::Answer {
        provider: provider.name.clone(),
        cause: Cause::Denied(Box::new(denial)),
        said: Some(said).filter(|said| !said.is_empty()),
        retry_after: None,
        client_auth: None,
    }
}

/// What keeps secrets out of texts: those that were sent, and those of the answer.
pub(super) fn redactor(asked: &Asked<'_>, answer: &Answer) -> Redactor {
    let sent = asked.secrets.iter().copied();
    let secrets: Vec<&Secret> = sent.chain(answer.tokens()).collect();
    Redactor::new(asked.client_id, &secrets)
}

/// The text of a field; objects, as some providers put under `error`, as JSON.
pub(super) fn text(value: Option<&Value>) -> String {
    match value {
        None | Some(Value::Null) => String::new(),
        Some(Value::String(text)) => text.clone(),
        Some(other) => other.to_string(),
    }
}

/// A word that a table knows; any other could be a secret that came back.
fn known(word: &str) -> String {
    let is_known = advice::is_word(word);
    if is_known {
        word.to_owned()
    } else {
        Default::default()
    }
}

/// Microsoft's numbers: from `error_codes`, then from the description.
fn numbers(answer: &Answer, description: &str) -> Vec<u32> {
    let listed = answer
        .error_codes
        .as_ref()
        .and_then(Value::as_array)
        .into_iter()
        .flatten();
    let listed = listed
        .filter_map(Value::as_u64)
        .filter_map(|number| u32::try_from(number).ok());
    listed
        .chain(described(description))
        .take(MAX_NUMBERS)
        .collect()
}

fn described(description: &str) -> impl Iterator<Item = u32> {
    description.split("AADSTS").skip(1).filter_map(|rest| {
        rest.split(|c: char| !c.is_ascii_digit())
            .next()
            .and_then(|digits| digits.parse().ok())
    })
}
