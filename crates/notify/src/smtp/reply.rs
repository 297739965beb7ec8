//! Replies of a server (RFC 5321 section 4.2): read within bounds, taken apart strictly.
//!
//! A line has 2 KiB at most, four times what the RFC allows; a reply 64 KiB and 100 lines.

use std::{fmt, io};

use crate::net::Stream;
use crate::redact::Redactor;

/// The longest line, with its end, in bytes.
const MAX_LINE: usize = 2048;
/// The longest reply, in bytes.
const MAX_REPLY: usize = 64 * 1024;
/// The most lines of a reply.
const MAX_LINES: usize = 100;

/// A reply: its code, its enhanced code (RFC 3463) and its text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reply {
    /// The three digits.
    pub code: u16,
    /// Class, subject and detail, for instance `5.7.8`.
    pub enhanced: Option<(u8, u16, u16)>,
    /// The text of all lines, fit to be shown: at most 1000 characters, free of secrets and control
    /// characters.
    pub text: String,
}

impl fmt::Display for Reply {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.code)?;
        if let Some((class, subject, detail)) = self.enhanced {
            write!(f, " {class}.{subject}.{detail}")?;
        }
        if self.text.is_empty() {
            return Ok(());
        }
        write!(f, " {}", self.text)
    }
}

/// A reply as it came; its text may quote secrets.
pub(super) struct Raw {
    pub(super) code: u16,
    /// The texts behind the codes, with line feeds between them.
    pub(super) text: String,
}

impl Raw {
    /// The first digit of the code.
    pub(super) fn class(&self) -> u16 {
        self.code / 100
    }

    /// The texts of the lines, at least one.
    pub(super) fn lines(&self) -> impl Iterator<Item = &str> {
        self.text.split('\n')
    }

    /// The text of the first line.
    pub(super) fn first(&self) -> &str {
        self.lines().next().unwrap_or_default()
    }

    /// The same, fit to be shown.
    pub(super) fn shown(&self, redactor: &Redactor) -> Reply {
        let enhanced = self.split(self.first()).map(|(code, _)| code);
        let texts: Vec<&str> = self
            .lines()
            .map(|line| self.split(line).map_or(line, |(_, text)| text))
            .collect();
        Reply {
            code: self.code,
            enhanced,
            text: redactor.clean(&texts.join("\n")),
        }
    }

    /// Takes an enhanced code off a line; its class must be that of the reply (RFC 2034 section 4).
    fn split<'a>(&self, line: &'a str) -> Option<((u8, u16, u16), &'a str)> {
        let (word, text) = line.split_once(' ').unwrap_or((line, ""));
        let mut parts = word.split('.').map(|part| {
            let is_number = part.bytes().all(|byte| byte.is_ascii_digit()) && part.len() <= 3;
            is_number.then(|| part.parse::<u16>().ok()).flatten()
        });
        let (class, subject, detail) = (parts.next()??, parts.next()??, parts.next()??);
        (parts.next().is_none() && class == self.class())
            .then_some(((u8::try_from(class).ok()?, subject, detail), text))
    }
}

/// Why there is no reply.
#[derive(Debug)]
pub(super) enum Missing {
    /// The connection failed, or the time was up.
    Io(io::Error),
    /// The server closed the connection.
    Closed,
    /// What came is no reply, or too much of one.
    Garbled,
}

/// What has come from the server and was not used yet.
#[derive(Default)]
pub(super) struct Inbox {
    bytes: Vec<u8>,
    used: usize,
}

impl Inbox {
    /// Whether nothing is there beyond the replies that were read.
    pub(super) fn is_empty(&self) -> bool {
        self.used == self.bytes.len()
    }

    /// Reads one whole reply.
    pub(super) fn reply(&mut self, stream: &mut Stream) -> Result<Raw, Missing> {
        let (mut text, mut size, mut lines) = (Vec::new(), 0, 0);
        let mut code = None;
        loop {
            let line = self.line(stream)?;
            size += line.len();
            let (own, is_last, said) = parse(line).ok_or(Missing::Garbled)?;
            if *code.get_or_insert(own) != own || size > MAX_REPLY || lines == MAX_LINES {
                return Err(Missing::Garbled);
            }
            if lines > 0 {
                text.push(b'\n');
            }
            text.extend_from_slice(said);
            lines += 1;
            if is_last {
                return Ok(Raw {
                    code: own,
                    text: readable(text),
                });
            }
        }
    }

    /// One line without its end.
    fn line(&mut self, stream: &mut Stream) -> Result<&[u8], Missing> {
        let end = self.fetch_line(stream)?;
        let line = self.bytes.get(self.used..end).unwrap_or_default();
        self.used = end + 1;
        Ok(line.strip_suffix(b"\r").unwrap_or(line))
    }

    /// Makes sure that a whole line is there, and tells where its line feed is.
    fn fetch_line(&mut self, stream: &mut Stream) -> Result<usize, Missing> {
        loop {
            let rest = self.bytes.get(self.used..).unwrap_or_default();
            match rest.iter().take(MAX_LINE).position(|&byte| byte == b'\n') {
                Some(length) => return Ok(self.used + length),
                None if rest.len() >= MAX_LINE => return Err(Missing::Garbled),
                None => {
                    self.bytes.drain(..self.used);
                    self.used = 0;
                }
            }
            let mut chunk = [0; MAX_LINE];
            match stream.read(&mut chunk) {
                Ok(0) => return Err(Missing::Closed),
                Ok(count) => self
                    .bytes
                    .extend_from_slice(chunk.get(..count).unwrap_or_default()),
                Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => {
                    return Err(Missing::Closed);
                }
                Err(error) => return Err(Missing::Io(error)),
            }
        }
    }
}

fn readable(text: Vec<u8>) -> String {
    String::from_utf8(text)
        .unwrap_or_else(|error| String::from_utf8_lossy(error.as_bytes()).into_owned())
}

/// Code, whether the line is the last one, text.
fn parse(line: &[u8]) -> Option<(u16, bool, &[u8])> {
    let (digits, rest) = line.split_at_checked(3)?;
    let &[
        first @ b'2'..=b'5',
        second @ b'0'..=b'9',
        third @ b'0'..=b'9',
    ] = digits
    else {
        return None;
    };
    let code = [first, second, third]
        .iter()
        .fold(0, |code, digit| code * 10 + u16::from(digit - b'0'));
    let (is_last, text) = match rest.split_first() {
        None => (true, rest),
        Some((b' ', text)) => (true, text),
        Some((b'-', text)) => (false, text),
        Some(_) => return None,
    };
    Some((code, is_last, text))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_three_digits_a_sign_and_text() {
        for (line, wanted) in [
            ("250 ok", Some((250, true, "ok"))),
            ("250-ok", Some((250, false, "ok"))),
            ("250", Some((250, true, ""))),
            ("250 ", Some((250, true, ""))),
            ("334 ", Some((334, true, ""))),
            ("150 ok", None),
            ("650 ok", None),
            ("25", None),
            ("2500 ok", None),
            ("25O ok", None),
            ("", None),
            ("\u{662}50 ok", None),
        ] {
            let wanted = wanted.map(|(code, last, text)| (code, last, text.as_bytes()));
            assert_eq!(parse(line.as_bytes()), wanted, "{line}");
        }
        assert_eq!(parse(b"250 \xff"), Some((250, true, &b"\xff"[..])));
        assert_eq!(readable(b"\xc3\xa4\n\xc3".to_vec()), "ä\n\u{fffd}");
    }

    #[test]
    fn enhanced_codes_are_told_from_text() {
        let redactor = Redactor::new("", &[]);
        for (code, lines, enhanced, shown) in [
            (535, &["5.7.8 no"][..], Some((5, 7, 8)), "no"),
            (
                554,
                &["5.2.252 no", "5.2.252 never"],
                Some((5, 2, 252)),
                "no never",
            ),
            (250, &["2.1.0"], Some((2, 1, 0)), ""),
            (550, &["4.7.1 other class"], None, "4.7.1 other class"),
            (550, &["5.7.1.2 four"], None, "5.7.1.2 four"),
            (550, &["5.7 two"], None, "5.7 two"),
            (550, &["5.7.1000 long"], None, "5.7.1000 long"),
            (550, &["5..1 empty"], None, "5..1 empty"),
            (550, &["No, 5.7.1"], None, "No, 5.7.1"),
        ] {
            let text = lines.join("\n");
            let reply = Raw { code, text }.shown(&redactor);
            assert_eq!((reply.enhanced, reply.text.as_str()), (enhanced, shown));
        }
    }
}
