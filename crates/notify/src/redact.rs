//! Makes a foreign text fit to be shown: no secret of the call in any form that a server could echo,
//! no control characters, at most 1000 characters.
//!
//! A secret is found raw, percent- or form-encoded (any character may be escaped, in either case), as JSON
//! escapes it, in base64 (both alphabets, padded or not, also as the tail of something longer) and as a
//! Basic login; also when it is cut off after 12 characters or more.

use ::oauth2::url::form_urlencoded::byte_serialize;
use base64::prelude::{BASE64_STANDARD_NO_PAD, BASE64_URL_SAFE_NO_PAD, Engine};
use zeroize::Zeroizing;

use crate::Secret;

/// The longest text that comes out, in characters.
const MAX_CHARS: usize = 1000;
/// So many matching bytes count as a secret that was cut off.
const CUT_OFF: usize = 12;
/// What stands in a secret's place.
const MASK: &[u8] = b"[secret]";

/// The forms to look for.
#[derive(Clone)]
pub(crate) struct Redactor(Vec<Zeroizing<Vec<u8>>>);

impl Redactor {
    pub(crate) fn new(client_id: &str, secrets: &[&Secret]) -> Self {
        let mut forms = Vec::new();
        let mut add = |form: Vec<u8>| {
            let form = Zeroizing::new(form);
            if !form.is_empty() && !forms.contains(&form) {
                forms.push(form);
            }
        };
        for secret in secrets {
            let raw = secret.expose().as_bytes();
            let encoded: Zeroizing<String> = Zeroizing::new(byte_serialize(raw).collect());
            let id: String = byte_serialize(client_id.as_bytes()).collect();
            add(raw.to_vec());
            // RFC 6749 section 2.3.1 encodes both halves of the login, others send them as they are
            let logins = [
                [client_id.as_bytes(), b":", raw].concat(),
                [id.as_bytes(), b":", encoded.as_bytes()].concat(),
            ];
            for login in logins.map(Zeroizing::new).iter() {
                for form in base64_forms(login, 0) {
                    add(form);
                }
            }
            for shift in 0..3 {
                for form in base64_forms(raw, shift) {
                    add(form);
                }
                for form in base64_forms(encoded.as_bytes(), shift) {
                    add(form);
                }
            }
        }
        Self(forms)
    }

    /// The text made fit.
    pub(crate) fn clean(&self, text: &str) -> String {
        let text: String = text
            .chars()
            .filter(|&c| is_shown(c) || is_break(c))
            .collect();
        let masked = String::from_utf8_lossy(&self.mask(text.as_bytes())).into_owned();
        let words: Vec<_> = masked.split_whitespace().collect();
        let mut line = words.join(" ");
        if let Some((end, _)) = line.char_indices().nth(MAX_CHARS) {
            line.truncate(end);
            line.pop();
            line.push('…');
        }
        line
    }

    fn mask(&self, mut rest: &[u8]) -> Vec<u8> {
        let mut out = Vec::with_capacity(rest.len());
        while let Some((&first, tail)) = rest.split_first() {
            let found = self
                .0
                .iter()
                .map(|form| matching(rest, form, true).max(matching(rest, form, false)))
                .max();
            match found {
                Some(length) if length > 0 => {
                    out.extend_from_slice(MASK);
                    rest = rest.get(length..).unwrap_or_default();
                    while let Some(padding) = rest.strip_prefix(b"=") {
                        rest = padding;
                    }
                }
                _ => {
                    out.push(first);
                    rest = tail;
                }
            }
        }
        out
    }
}

/// How many bytes at the beginning of `text` are the form, escaped in whatever way; 0 for none. Where
/// both an escape and a bare `%` or backslash would do, `escaped` decides.
fn matching(text: &[u8], form: &[u8], escaped: bool) -> usize {
    let (mut used, mut matched) = (0, 0);
    while let Some(&wanted) = form.get(matched) {
        let rest = text.get(used..).unwrap_or_default();
        let Some((&byte, tail)) = rest.split_first() else {
            break;
        };
        let escape = match byte {
            b'%' => unescape(tail).map(|byte| (byte, 3)),
            b'\\' => json_escape(tail),
            _ => None,
        };
        let escape = escape.filter(|(meant, _)| *meant == wanted && (escaped || byte != wanted));
        if let Some((_, length)) = escape {
            used += length;
            matched += 1;
        } else if byte == wanted || (byte == b'+' && wanted == b' ') {
            used += 1;
            matched += 1;
        } else if matched > 0 && matches!(byte, b'\r' | b'\n' | b'\t') {
            used += 1;
        } else {
            break;
        }
    }
    if matched == form.len() || matched >= CUT_OFF {
        used
    } else {
        0
    }
}

/// The byte of two hexadecimal digits.
fn unescape(digits: &[u8]) -> Option<u8> {
    let digits = digits
        .get(..2)
        .filter(|pair| pair.iter().all(u8::is_ascii_hexdigit))?;
    u8::from_str_radix(std::str::from_utf8(digits).ok()?, 16).ok()
}

/// The byte that JSON writes as a backslash and this, and the length of both (RFC 8259 section 7).
fn json_escape(rest: &[u8]) -> Option<(u8, usize)> {
    match rest {
        [byte @ (b'"' | b'\\' | b'/'), ..] => Some((*byte, 2)),
        [b'u', b'0', b'0', digits @ ..] => {
            let byte = unescape(digits)?;
            byte.is_ascii().then_some((byte, 6))
        }
        _ => None,
    }
}

/// Base64 of the bytes as they appear `shift` bytes after the start of a group of three, without the
/// characters that depend on what stands before and after.
fn base64_forms(bytes: &[u8], shift: usize) -> Vec<Vec<u8>> {
    let padded = Zeroizing::new([vec![0; shift].as_slice(), bytes].concat());
    let forms = [
        BASE64_STANDARD_NO_PAD.encode(&*padded),
        BASE64_URL_SAFE_NO_PAD.encode(&*padded),
    ];
    forms
        .into_iter()
        .filter_map(|form| {
            let start = [0, 2, 3].get(shift).copied().unwrap_or(0);
            let end = if padded.len() % 3 == 0 || shift == 0 {
                form.len()
            } else {
                form.len() - 1
            };
            form.as_bytes()
                .get(start..end)
                .filter(|form| form.len() >= 4)
                .map(<[u8]>::to_vec)
        })
        .collect()
}

fn is_break(c: char) -> bool {
    matches!(c, '\r' | '\n' | '\t')
}

/// Neither a control character nor one that is invisible or turns the direction of the text.
fn is_shown(c: char) -> bool {
    !c.is_control()
        && !matches!(c, '\u{ad}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_within_json_is_found_however_it_is_escaped() {
        let secret = r#"a"b\c/d=e&f"#;
        let redactor = Redactor::new("", &[&Secret::new(secret)]);
        for echo in [
            r#"a\"b\\c/d=e&f"#,
            r#"a\"b\\c\/d\u003de\u0026f"#,
            r#"\u0061\u0022\u0062\u005C\u0063\u002f\u0064\u003D\u0065\u0026\u0066"#,
            secret,
        ] {
            let shown = redactor.clean(&format!(r#"{{"said":"<{echo}>"}}"#));
            assert_eq!(shown, r#"{"said":"<[secret]>"}"#, "{echo}");
        }
        // what is no escape stays as it is
        for text in [r"a\", r"\u00", r"\u00e4", r"\n", "a\"b"] {
            assert_eq!(redactor.clean(text), text);
        }
    }
}
