//! Makes a foreign text fit to be shown: no secret of the call in any form that a server could echo,
//! no control characters, at most 1000 characters.
//!
//! A secret is found as it is, in base64 (both alphabets, padded or not, also as the tail of something
//! longer) and as a Basic login, each also behind escapes of URLs, JSON and HTML (`reading`); also when it
//! is cut off after 12 characters or more.

mod reading;

use std::ops::Range;

use ::oauth2::url::form_urlencoded::byte_serialize;
use base64::prelude::{BASE64_STANDARD_NO_PAD, BASE64_URL_SAFE_NO_PAD, Engine};
use zeroize::Zeroizing;

use crate::Secret;
use reading::Reading;

/// The longest text that comes out, in characters.
const MAX_CHARS: usize = 1000;
/// The longest text that is looked through, in bytes; no peer's answer is longer.
const MAX_BYTES: usize = 64 * 1024;
/// So many matching bytes count as a secret that was cut off.
const CUT_OFF: usize = 12;
/// What stands in a secret's place.
const MASK: &str = "[secret]";

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
            // what is left of it where a text loses what cannot be shown
            let shown = secret.expose().chars().filter(|&c| is_shown(c));
            add(shown.collect::<String>().into_bytes());
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
        let mut text: String = text
            .chars()
            .filter(|&c| is_shown(c) || is_break(c))
            .collect();
        if let Some((end, _)) = text
            .char_indices()
            .find(|(at, c)| at + c.len_utf8() > MAX_BYTES)
        {
            text.truncate(end);
        }
        let masked = self.mask(&text);
        let words: Vec<_> = masked.split_whitespace().collect();
        let mut line = words.join(" ");
        if let Some((end, _)) = line.char_indices().nth(MAX_CHARS) {
            line.truncate(end);
            line.pop();
            line.push('…');
        }
        line
    }

    fn mask(&self, text: &str) -> String {
        let mut found = Vec::new();
        let index = self.by_first_byte();
        Reading::of(text).each(&mut |reading| self.find(&index, reading, &mut found));
        found.sort_by_key(|range| range.start);
        let mut out = String::with_capacity(text.len());
        let mut done = 0;
        for Range { start, end } in found {
            if start >= done {
                out.push_str(text.get(done..start).unwrap_or_default());
                out.push_str(MASK);
            }
            done = done.max(end);
        }
        out.push_str(text.get(done..).unwrap_or_default());
        out
    }

    /// The forms that begin with each byte.
    fn by_first_byte(&self) -> Vec<Vec<&[u8]>> {
        let mut index = vec![Vec::new(); 256];
        for form in &self.0 {
            let first = form
                .first()
                .and_then(|&first| index.get_mut(usize::from(first)));
            if let Some(forms) = first {
                forms.push(form.as_slice());
            }
        }
        index
    }

    /// Where the forms are in a text that is read so.
    fn find(&self, index: &[Vec<&[u8]>], reading: &Reading, found: &mut Vec<Range<usize>>) {
        let mut at = 0;
        while at < reading.len() {
            let first = reading.at(at).and_then(|unit| unit.bytes().first());
            let starts = first
                .into_iter()
                .chain(first.filter(|&&b| b == b'+').map(|_| &b' '));
            let forms = starts
                .filter_map(|&byte| index.get(usize::from(byte)))
                .flatten();
            match forms.filter_map(|form| matching(reading, at, form)).max() {
                Some(end) => {
                    let end = without_padding(reading, end);
                    found.push(at..end);
                    at = end;
                }
                None => at += 1,
            }
        }
    }
}

/// Where the form ends that begins here, whole or cut off.
fn matching(reading: &Reading, start: usize, form: &[u8]) -> Option<usize> {
    let (mut at, mut wanted) = (start, form);
    while !wanted.is_empty() {
        let Some(unit) = reading.at(at) else { break };
        if let Some(rest) = wanted.strip_prefix(unit.bytes()) {
            wanted = rest;
        } else if let (b"+", Some(rest)) = (unit.bytes(), wanted.strip_prefix(b" ")) {
            wanted = rest;
        } else if at == start || !unit.is_hidden() {
            break;
        }
        at = unit.end();
    }
    let matched = form.len() - wanted.len();
    (wanted.is_empty() || matched >= CUT_OFF).then_some(at)
}

/// The place behind the padding of base64 here.
fn without_padding(reading: &Reading, mut at: usize) -> usize {
    while let Some(unit) = reading.at(at).filter(|unit| unit.bytes() == b"=") {
        at = unit.end();
    }
    at
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
pub(crate) fn is_shown(c: char) -> bool {
    !c.is_control()
        && !matches!(c, '\u{ad}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}')
}

#[cfg(test)]
mod tests;
