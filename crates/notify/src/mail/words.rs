//! Free text in header lines: as it is where that is safe, else as encoded words (RFC 2047).
//!
//! Control characters become blanks, and no line of the result is longer than 78 characters, save
//! that plain words are never split.

use base64::prelude::{BASE64_STANDARD, Engine};

/// The longest plain text that is left on one line, in bytes.
const LINE: usize = 60;
/// How many bytes one encoded word carries: 64 characters of it.
const WORD: usize = 39;

/// A subject.
pub(super) fn text(text: &str) -> String {
    let text = without_controls(text);
    if text.len() <= LINE && is_plain(&text) {
        text
    } else {
        encode(&text)
    }
}

/// A display name before an address.
pub(super) fn phrase(name: &str) -> String {
    let name = without_controls(name);
    let is_atom = |c: char| c.is_ascii_alphanumeric() || "!#$%&'*+-/=?^_`{|}~ ".contains(c);
    if name.len() > LINE || !is_plain(&name) {
        encode(&name)
    } else if !name.is_empty() && name.chars().all(is_atom) {
        name
    } else {
        let escaped = name.replace('\\', "\\\\").replace('"', "\\\"");
        format!("\"{escaped}\"")
    }
}

fn without_controls(text: &str) -> String {
    let text = text.replace(char::is_control, " ");
    text.trim().to_owned()
}

/// Whether nobody takes it for anything but itself.
fn is_plain(text: &str) -> bool {
    text.is_ascii() && !text.contains("=?")
}

fn encode(text: &str) -> String {
    let mut pieces = vec![String::new()];
    for c in text.chars() {
        if pieces.last().is_some_and(|p| p.len() + c.len_utf8() > WORD) {
            pieces.push(String::new());
        }
        if let Some(piece) = pieces.last_mut() {
            piece.push(c);
        }
    }
    let words: Vec<String> = pieces
        .iter()
        .map(|piece| format!("=?utf-8?b?{}?=", BASE64_STANDARD.encode(piece)))
        .collect();
    words.join("\r\n ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plain_text_stays_plain_and_anything_else_is_encoded() {
        for (name, shown) in [
            ("Proxmox VE", "Proxmox VE"),
            ("node.example.org", "\"node.example.org\""),
            (r#"a "b" \ (c)"#, r#""a \"b\" \\ (c)""#),
            ("a, b <c@example.org>", "\"a, b <c@example.org>\""),
            ("", "\"\""),
            ("a\r\nBcc: b", "\"a  Bcc: b\""),
            ("ä", "=?utf-8?b?w6Q=?="),
            ("=?utf-8?q?x?=", "=?utf-8?b?PT91dGYtOD9xP3g/PQ==?="),
        ] {
            assert_eq!(phrase(name), shown);
        }
        assert_eq!(text("it is: \"done\"\n"), "it is: \"done\"");
    }

    #[test]
    fn no_line_is_long_and_no_character_is_split() {
        for long in [
            "x".repeat(2000),
            "\u{1f600}".repeat(500),
            "a b ".repeat(900),
        ] {
            for line in text(&long).split("\r\n ") {
                assert!(line.len() <= 76, "{line}");
                let inner = line.strip_prefix("=?utf-8?b?").unwrap();
                let inner = inner.strip_suffix("?=").unwrap();
                String::from_utf8(BASE64_STANDARD.decode(inner).unwrap()).unwrap();
            }
        }
    }
}
