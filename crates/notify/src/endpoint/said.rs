//! What a web server says about its refusal, fit to be shown. Nothing of the request that may be secret
//! comes back in it, so of JSON, whose escapes could hide a secret, only texts are taken.

use oauth2::http::header::{ACCEPT, CONTENT_TYPE, HOST, USER_AGENT};
use oauth2::http::{HeaderName, Request, Uri};
use serde_json::{Map, Value};

use crate::Secret;
use crate::redact::Redactor;

/// Where servers put the text, the fullest first: Gotify, OAuth2, Telegram, Discord, RFC 9457, Zulip, ntfy.
const KEYS: [&str; 7] = [
    "errorDescription",
    "error_description",
    "description",
    "message",
    "detail",
    "msg",
    "error",
];
/// What stands for it where there is none (RFC 9457).
const TITLE: &str = "title";
/// Where they put more of it: texts, or lists and maps of such, perhaps by field.
const MORE: [&str; 5] = ["errors", "error", "content", "detail", "response_metadata"];
/// Names of no field: Discord's for the errors of a field itself, Slack's for a list.
const OWN: [&str; 2] = ["_errors", "messages"];
/// So many texts of those are shown, from so deep at most: Discord's go ten deep.
const MANY: usize = 4;
const DEEP: usize = 12;
/// Shorter words of a header field are no secrets.
const IN_FIELD: usize = 8;
/// The same for the parts of a path or query.
const IN_PATH: usize = 12;

/// The words of an answer to this request; `None` where it has none that a person could read.
pub(super) fn of(request: &Request<Vec<u8>>, secrets: &[Secret], body: &[u8]) -> Option<String> {
    let text = String::from_utf8_lossy(body);
    let text = text.trim_start_matches('\u{feff}').trim_start();
    let text = match text.chars().next()? {
        '{' | '[' | '"' => in_json(text)?,
        // markup
        '<' => return None,
        _ => text.to_owned(),
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
    let mut all = Vec::new();
    let Value::Object(map) = &value else {
        gather(&value, "", DEEP, &mut all);
        return joined(all);
    };
    let first = KEYS.iter().chain([&TITLE]);
    all.extend(text_of(map, first).map(str::to_owned));
    for key in MORE {
        if let Some(more @ (Value::Array(_) | Value::Object(_))) = map.get(key) {
            gather(more, "", DEEP, &mut all);
        }
    }
    if all.is_empty() {
        // Discord's older form: nothing but fields, each with its texts
        let fields = map.iter().filter(|(_, value)| is_texts(value));
        for (name, value) in fields {
            gather(value, name, DEEP, &mut all);
        }
    }
    joined(all)
}

/// The first text that is there and says something.
fn text_of<'a>(
    map: &'a Map<String, Value>,
    mut keys: impl Iterator<Item = &'a &'a str>,
) -> Option<&'a str> {
    keys.find_map(|key| {
        let text = map.get(*key)?.as_str()?;
        (!text.trim().is_empty()).then_some(text)
    })
}

fn is_texts(value: &Value) -> bool {
    value
        .as_array()
        .is_some_and(|values| values.iter().all(Value::is_string))
}

fn joined(all: Vec<String>) -> Option<String> {
    (!all.is_empty()).then(|| all.join("; "))
}

/// The texts in a list or map of a refusal, those of a field with its name.
fn gather(value: &Value, field: &str, deep: usize, all: &mut Vec<String>) {
    if all.len() >= MANY || deep == 0 {
        return;
    }
    match value {
        Value::String(text) => {
            let told = match field {
                "" => text.clone(),
                field => format!("{field}: {text}"),
            };
            if !all.contains(&told) {
                all.push(told);
            }
        }
        Value::Array(values) => {
            for value in values {
                gather(value, field, deep - 1, all);
            }
        }
        Value::Object(map) => match text_of(map, KEYS.iter()) {
            Some(text) => gather(&Value::String(text.to_owned()), field, deep, all),
            None => {
                for (name, value) in map {
                    // numbers are the entries of a list
                    let is_own =
                        OWN.contains(&name.as_str()) || name.bytes().all(|b| b.is_ascii_digit());
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
mod tests;
