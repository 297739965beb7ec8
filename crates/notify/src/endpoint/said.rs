//! What a web server says about its refusal, fit to be shown. Nothing of the request that may be secret
//! comes back in it, so of JSON, whose escapes could hide a secret, only texts are taken.

use oauth2::http::header::{ACCEPT, CONTENT_TYPE, HOST, USER_AGENT};
use oauth2::http::{HeaderName, Request, Uri};
use serde_json::Value;

use crate::Secret;
use crate::redact::Redactor;

/// Where servers put the text, the fullest first: Gotify, OAuth2, Telegram, Discord, RFC 9457, ntfy.
const KEYS: [&str; 6] = [
    "errorDescription",
    "error_description",
    "description",
    "message",
    "detail",
    "error",
];
/// Where they put more of it: texts, or lists and maps of such, perhaps by field.
const MORE: [&str; 3] = ["errors", "error", "content"];
/// So many texts of those are shown, from so deep at most.
const MANY: usize = 4;
const DEEP: usize = 6;
/// Shorter words of a header field are no secrets.
const IN_FIELD: usize = 8;
/// The same for the parts of a path or query.
const IN_PATH: usize = 12;

/// The words of an answer to this request; `None` where it has none that a person could read.
pub(super) fn of(request: &Request<Vec<u8>>, secrets: &[Secret], body: &[u8]) -> Option<String> {
    let text = String::from_utf8_lossy(body);
    let text = match text.trim_start().chars().next()? {
        '{' => in_json(&text)?,
        // markup, lists
        '<' | '[' | '"' => return None,
        _ => text.into_owned(),
    };
    let mut all = secrets.to_vec();
    let fields = request.headers().iter();
    for (_, value) in fields.filter(|(name, _)| !is_open(name)) {
        let value = String::from_utf8_lossy(value.as_bytes());
        let words = value.split_whitespace();
        let words = words.filter(|word| word.len() >= IN_FIELD);
        all.extend(words.map(Secret::new));
    }
    all.extend(parts(request.uri()).map(Secret::new));
    let redactor = Redactor::new("", &all.iter().collect::<Vec<_>>());
    Some(masked(&redactor, &text)).filter(|words| !words.is_empty())
}

/// These hold no secret.
fn is_open(name: &HeaderName) -> bool {
    [ACCEPT, CONTENT_TYPE, HOST, USER_AGENT].contains(name)
}

fn in_json(text: &str) -> Option<String> {
    let value: Value = serde_json::from_str(text).ok()?;
    let first = KEYS.iter().find_map(|key| value.get(key)?.as_str());
    let mut all: Vec<String> = first.map(str::to_owned).into_iter().collect();
    for key in MORE {
        if let Some(more @ (Value::Array(_) | Value::Object(_))) = value.get(key) {
            gather(more, "", DEEP, &mut all);
        }
    }
    (!all.is_empty()).then(|| all.join("; "))
}

/// The texts in a list or map of a refusal, those of a field with its name.
fn gather(value: &Value, field: &str, deep: usize, all: &mut Vec<String>) {
    if all.len() >= MANY || deep == 0 {
        return;
    }
    match value {
        Value::String(text) if field.is_empty() => all.push(text.clone()),
        Value::String(text) => all.push(format!("{field}: {text}")),
        Value::Array(values) => {
            for value in values {
                gather(value, field, deep - 1, all);
            }
        }
        Value::Object(map) => match KEYS.iter().find_map(|key| map.get(*key)?.as_str()) {
            Some(text) => gather(&Value::String(text.to_owned()), field, deep, all),
            None => {
                for (name, value) in map {
                    // Discord's name for the errors of a field itself, numbers for the entries of a list
                    let is_own = name == "_errors" || name.bytes().all(|b| b.is_ascii_digit());
                    let inner = match (is_own, field) {
                        (true, _) => field.to_owned(),
                        (false, "") => name.clone(),
                        (false, outer) => format!("{outer}.{name}"),
                    };
                    gather(value, &inner, deep - 1, all);
                }
            }
        },
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

/// Parts of an address that may be secret: many a webhook's path is.
fn parts(uri: &Uri) -> impl Iterator<Item = &str> {
    let authority = uri.authority().map_or("", |authority| authority.as_str());
    let login = authority.rsplit_once('@').map_or("", |(login, _)| login);
    let path = uri.path_and_query().map_or("", |path| path.as_str());
    let parts = path.split(['/', '?', '&', '=']);
    login
        .split(':')
        .filter(|part| !part.is_empty())
        .chain(parts.filter(|part| part.len() >= IN_PATH))
}

/// The text with Proxmox VE's word in place of every secret.
pub(super) fn masked(redactor: &Redactor, text: &str) -> String {
    redactor.clean(text).replace("[secret]", "<masked>")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_is_masked_in_every_form() {
        let redactor = Redactor::new("", &[&Secret::new("s3cret / key")]);
        assert_eq!(
            masked(
                &redactor,
                "no partial 's3cret / key', 's3cret%20%2F%20key', 'czNjcmV0IC8ga2V5'"
            ),
            "no partial '<masked>', '<masked>', '<masked>'"
        );
    }

    #[test]
    fn what_people_can_read_is_shown_and_nothing_of_the_request() {
        let request =
            Request::post("http://ann:pass@example.org/hooks/T0123456789abc?key=k123456789abc")
                .header("Authorization", "Bearer abcdefgh")
                .header("Content-Type", "application/json")
                .body(Vec::new())
                .unwrap();
        let said = |body: &str| of(&request, &[Secret::new("s3")], body.as_bytes());
        for (body, wanted) in [
            ("", None),
            ("  \r\n", None),
            ("<html>login</html>", None),
            ("[1]", None),
            ("{\"message\": 3}", None),
            ("{\"cut\": \"off", None),
            ("no such\nhook", Some("no such hook")),
            (
                "{\"error\":\"Unauthorized\",\"errorDescription\":\"a token is needed\"}",
                Some("a token is needed"),
            ),
            // Telegram
            (
                r#"{"ok":false,"error_code":400,"description":"Bad Request: chat not found"}"#,
                Some("Bad Request: chat not found"),
            ),
            (
                r#"{"error":{"message":"invalid room","type":"x"}}"#,
                Some("invalid room"),
            ),
            // Pushover
            (
                r#"{"user":"invalid","errors":["user identifier is invalid","no token"],"status":0}"#,
                Some("user identifier is invalid; no token"),
            ),
            // Discord
            (
                r#"{"message":"Invalid Form Body","code":50035,"errors":{"content":{"_errors":
                   [{"code":"BASE_TYPE_REQUIRED","message":"This field is required"}]}}}"#,
                Some("Invalid Form Body; content: This field is required"),
            ),
            (
                r#"{"errors":{"title":["may not be blank"],"body":"too long"}}"#,
                Some("body: too long; title: may not be blank"),
            ),
            (
                r#"{"status":400,"content":[{"detail":"no such room"}]}"#,
                Some("no such room"),
            ),
            ("{\"errors\":[1,null,{}]}", None),
            (
                "no /hooks/T0123456789abc?key=k123456789abc for abcdefgh, s3 and pass",
                Some("no /hooks/<masked>?key=<masked> for <masked>, <masked> and <masked>"),
            ),
            (
                "application/json is not taken",
                Some("application/json is not taken"),
            ),
        ] {
            assert_eq!(said(body).as_deref(), wanted, "{body}");
        }
        assert_eq!(said(&"x".repeat(4096)).unwrap().chars().count(), 300);
    }
}
