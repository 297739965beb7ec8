//! Values as JSON, as parts of URLs and as lines of a mail.

use std::fmt::Write;

use serde_json::Value;

use super::{Environment, as_text, parameter};

/// `{{object VALUE}}`: indented JSON, in HTML as preformatted text.
pub(super) fn object(
    parameters: &[&Value],
    environment: &Environment<'_>,
) -> Result<String, String> {
    let json = serde_json::to_string_pretty(parameter(parameters, 0)?)
        .map_err(|error| error.to_string())?;
    Ok(if environment.html {
        format!("<pre>{}</pre>", handlebars::html_escape(&json))
    } else {
        json
    })
}

/// The columns that a line of a plain mail has at most.
const WIDTH: usize = 72;

/// `{{wrap TEXT}}`: text in lines of at most 72 columns, broken at spaces; line breaks stay, and so
/// does a longer word. In HTML escaped only.
pub(super) fn wrap(parameters: &[&Value], environment: &Environment<'_>) -> Result<String, String> {
    let text = present(parameter(parameters, 0)?);
    if environment.html {
        return Ok(handlebars::html_escape(&text));
    }
    let lines: Vec<_> = text.lines().map(wrapped).collect();
    Ok(lines.join("\n"))
}

fn wrapped(line: &str) -> String {
    let (mut done, mut column) = (String::with_capacity(line.len()), 0);
    for word in line.split_whitespace() {
        let width = word.chars().count();
        if column > 0 {
            let fits = column + 1 + width <= WIDTH;
            done.push(if fits { ' ' } else { '\n' });
            column = if fits { column + 1 } else { 0 };
        }
        done.push_str(word);
        column += width;
    }
    done
}

/// `{{json VALUE}}`: JSON in one line; a string has its quotes.
pub(super) fn json(parameters: &[&Value], _: &Environment<'_>) -> Result<String, String> {
    Ok(parameter(parameters, 0)?.to_string())
}

/// `{{escape VALUE}}`: text as it stands between the quotes of a JSON string.
pub(super) fn escape(parameters: &[&Value], _: &Environment<'_>) -> Result<String, String> {
    let quoted = Value::String(present(parameter(parameters, 0)?)).to_string();
    Ok(quoted
        .strip_prefix('"')
        .and_then(|rest| rest.strip_suffix('"'))
        .unwrap_or_default()
        .to_owned())
}

/// `{{url-encode VALUE}}`: everything but the unreserved characters of RFC 3986 section 2.3 percent-
/// encoded.
pub(super) fn url_encode(parameters: &[&Value], _: &Environment<'_>) -> Result<String, String> {
    let text = present(parameter(parameters, 0)?);
    let mut encoded = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            encoded.push(char::from(byte));
        } else {
            write!(encoded, "%{byte:02X}").map_err(|error| error.to_string())?;
        }
    }
    Ok(encoded)
}

/// A missing value is empty, as everywhere in templates.
fn present(value: &Value) -> String {
    match value {
        Value::Null => String::new(),
        other => as_text(other),
    }
}
