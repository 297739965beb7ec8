//! A text as the body of a part (RFC 2045), in an encoding that every receiver and every mail program gives
//! back byte for byte, line ends aside. The text is looked at once and written once, however large.
//!
//! Lines end in a line feed here; whoever sends them makes of it what the other side wants.

use std::io::BufRead;

use base64::prelude::{BASE64_STANDARD, Engine};

/// The longest line that may be sent, without its end (RFC 5322 section 2.1.1).
const LONGEST: usize = 998;
/// The longest line of quoted-printable and base64 (RFC 2045 sections 6.7 and 6.8).
const FOLDED: usize = 76;
/// So many bytes fill a line of base64.
const GROUP: usize = FOLDED / 4 * 3;

/// How a body is encoded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Encoding {
    SevenBit,
    QuotedPrintable,
    Base64,
}

/// What there is to know about a text.
#[derive(Debug, Default)]
struct Look {
    /// The bytes of the longest line.
    longest: usize,
    /// A local mail program may take a line with nothing but a dot for the end of its input.
    has_lone_dot: bool,
    has_controls: bool,
    /// How many bytes quoted-printable has to escape.
    escapes: usize,
}

impl Look {
    fn at(text: &str) -> Self {
        let mut look = Self::default();
        each_line(text, |line, _| {
            look.longest = look.longest.max(line.len());
            look.has_lone_dot |= line == b".";
            if !is_printable(line) {
                let controls = line.iter().filter(|byte| is_control(**byte)).count();
                let beyond = line.iter().filter(|byte| !byte.is_ascii()).count();
                look.has_controls |= controls > 0;
                look.escapes += controls + beyond;
            }
        });
        look
    }

    fn encoding(&self, size: usize) -> Encoding {
        let is_plain = self.escapes == 0 && self.longest <= LONGEST && !self.has_lone_dot;
        if is_plain {
            Encoding::SevenBit
        } else if self.has_controls || self.escapes <= size / 6 {
            Encoding::QuotedPrintable
        } else {
            // shorter then
            Encoding::Base64
        }
    }
}

/// Whether it is spaces and visible characters of ASCII alone. Without an early end, so that many bytes are
/// looked at together: nearly all lines of a log are so.
fn is_printable(line: &[u8]) -> bool {
    line.iter()
        .fold(true, |all, byte| all & (b' '..=b'~').contains(byte))
}

fn is_control(byte: u8) -> bool {
    (byte < b' ' && byte != b'\t') || byte == 0x7f
}

/// Writes the lines that describe the body, and the body.
pub(super) fn append(out: &mut Vec<u8>, content_type: &str, text: &str) {
    let encoding = Look::at(text).encoding(text.len());
    let name = match encoding {
        Encoding::SevenBit => "7bit",
        Encoding::QuotedPrintable => "quoted-printable",
        Encoding::Base64 => "base64",
    };
    let head = format!(
        "Content-Type: {content_type}; charset=utf-8\nContent-Transfer-Encoding: {name}\n\n"
    );
    out.extend_from_slice(head.as_bytes());
    match encoding {
        Encoding::SevenBit if !has_returns(text) => out.extend_from_slice(text.as_bytes()),
        Encoding::SevenBit => each_line(text, |line, ends| {
            out.extend_from_slice(line);
            out.extend(ends.then_some(b'\n'));
        }),
        Encoding::QuotedPrintable => each_line(text, |line, ends| {
            quote(out, line);
            out.extend(ends.then_some(b'\n'));
        }),
        Encoding::Base64 => base64(out, text),
    }
}

fn has_returns(text: &str) -> bool {
    text.as_bytes().contains(&b'\r')
}

/// Calls `each` with the lines and whether they end: in CR LF, CR or LF.
fn each_line(text: &str, mut each: impl FnMut(&[u8], bool)) {
    let mut rest = text.as_bytes();
    let has_returns = has_returns(text);
    while !rest.is_empty() {
        let mut tail = rest;
        let length = tail.skip_until(b'\n').unwrap_or(rest.len());
        let line = rest.get(..length).unwrap_or_default();
        rest = tail;
        let bare = line.strip_suffix(b"\n").unwrap_or(line);
        let bare = bare.strip_suffix(b"\r").unwrap_or(bare);
        let ends = bare.len() < line.len();
        if has_returns && bare.contains(&b'\r') {
            let mut parts = bare.split(|&byte| byte == b'\r').peekable();
            while let Some(part) = parts.next() {
                each(part, ends || parts.peek().is_some());
            }
        } else {
            each(bare, ends);
        }
    }
}

/// One line in quoted-printable. No line of the result begins with a dot, so that none is one.
fn quote(out: &mut Vec<u8>, line: &[u8]) {
    let (mut rest, mut column) = (line, 0);
    while let Some((&byte, tail)) = rest.split_first() {
        // the last place is for the sign that the line goes on
        let room = FOLDED - 1 - column;
        let most = rest.get(..room.min(rest.len())).unwrap_or_default();
        let run = match (byte, column) {
            (b'.', 0) => 0,
            _ => most
                .iter()
                .position(|byte| !is_safe(*byte))
                .unwrap_or(most.len()),
        };
        // a blank at the end of a line may get lost
        let at_end = run == rest.len() && matches!(line.last(), Some(b' ' | b'\t'));
        let run = run - usize::from(at_end);
        if run > 0 {
            let (plain, tail) = rest.split_at(run);
            out.extend_from_slice(plain);
            (rest, column) = (tail, column + run);
        } else if room >= 3 {
            out.push(b'=');
            out.extend([byte >> 4, byte & 0xf].map(digit));
            (rest, column) = (tail, column + 3);
        } else {
            out.extend_from_slice(b"=\n");
            column = 0;
        }
    }
}

fn is_safe(byte: u8) -> bool {
    (byte == b'\t' || (b' '..=b'~').contains(&byte)) && byte != b'='
}

fn digit(half: u8) -> u8 {
    match half {
        0..=9 => b'0' + half,
        _ => b'A' + half - 10,
    }
}

/// Base64 with the line ends of texts on the net (RFC 2045 section 6.8).
fn base64(out: &mut Vec<u8>, text: &str) {
    let mut whole = Vec::with_capacity(text.len() + text.len() / 32);
    each_line(text, |line, ends| {
        whole.extend_from_slice(line);
        whole.extend_from_slice(if ends { b"\r\n" } else { b"" });
    });
    let mut folded = [0; FOLDED];
    for group in whole.chunks(GROUP) {
        let length = BASE64_STANDARD
            .encode_slice(group, &mut folded)
            .unwrap_or(0);
        out.extend_from_slice(folded.get(..length).unwrap_or_default());
        out.push(b'\n');
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn encoded(text: &str) -> (String, String) {
        let mut out = Vec::new();
        append(&mut out, "text/plain", text);
        let whole = String::from_utf8(out).unwrap();
        let (head, body) = whole.split_once("\n\n").unwrap();
        let encoding = head.rsplit_once(": ").unwrap().1;
        (encoding.to_owned(), body.to_owned())
    }

    #[test]
    fn what_can_stay_as_it_is_does() {
        for (text, body) in [
            ("", ""),
            ("a", "a"),
            ("a\r\nb\rc\n", "a\nb\nc\n"),
            ("a\r\r\nb\r", "a\n\nb\n"),
            ("\n\r", "\n\n"),
            ("..\n.x\n. \n\ta=b \n", "..\n.x\n. \n\ta=b \n"),
        ] {
            assert_eq!(
                encoded(text),
                ("7bit".to_owned(), body.to_owned()),
                "{text:?}"
            );
        }
        let long = "x".repeat(LONGEST);
        assert_eq!(encoded(&long), ("7bit".to_owned(), long));
    }

    #[test]
    fn what_cannot_is_quoted() {
        let x = |count| "x".repeat(count);
        for (text, body) in [
            (".\n", "=2E\n".to_owned()),
            ("a b\u{1}.= \t\nc \n", "a b=01.=3D =09\nc=20\n".to_owned()),
            ("\u{7f}a\rb\r\n", "=7Fa\nb\n".to_owned()),
            (&format!("{}\u{fc}", x(72)), format!("{}=C3=\n=BC", x(72))),
            (&format!("{}\u{fc}", x(73)), format!("{}=\n=C3=BC", x(73))),
            // folded before a dot that would begin a line
            (&format!("{}.\0", x(75)), format!("{}=\n=2E=00", x(75))),
            (&format!("\0{} ", x(72)), format!("=00{}=\n=20", x(72))),
            (&format!("\0{} \n", x(71)), format!("=00{}=\n=20\n", x(71))),
        ] {
            assert_eq!(
                encoded(text),
                ("quoted-printable".to_owned(), body),
                "{text:?}"
            );
        }
        assert_eq!(encoded(&x(LONGEST + 1)).0, "quoted-printable");
    }

    #[test]
    fn what_would_be_mostly_escapes_is_in_base64() {
        let text = "\u{1f600}\u{fc}\n".repeat(40);
        let (encoding, body) = encoded(&text);
        assert_eq!(encoding, "base64");
        let joined: String = body.lines().collect();
        let bytes = BASE64_STANDARD.decode(joined).unwrap();
        assert_eq!(
            String::from_utf8(bytes).unwrap(),
            text.replace('\n', "\r\n")
        );
    }

    #[test]
    fn a_byte_that_is_not_printable_is_seen_wherever_it_is() {
        for byte in 0..=255 {
            for place in 0..19 {
                for around in [b' ', b'x', b'~'] {
                    let mut line = [around; 19];
                    line[place] = byte;
                    let wanted = (b' '..=b'~').contains(&byte);
                    assert_eq!(is_printable(&line), wanted, "{byte} at {place}");
                }
            }
        }
    }

    /// Decodes quoted-printable as RFC 2045 has it.
    fn unquoted(body: &str) -> String {
        let mut bytes = Vec::new();
        let mut rest = body.as_bytes();
        while let Some((&byte, tail)) = rest.split_first() {
            rest = match (byte, tail) {
                (b'=', [b'\n', tail @ ..]) => tail,
                (b'=', [first, second, tail @ ..]) => {
                    let digits = [*first, *second];
                    let digits = std::str::from_utf8(&digits).unwrap();
                    bytes.push(u8::from_str_radix(digits, 16).unwrap());
                    tail
                }
                (byte, tail) => {
                    bytes.push(byte);
                    tail
                }
            };
        }
        String::from_utf8(bytes).unwrap()
    }

    #[test]
    fn any_text_comes_back_and_no_line_is_long_or_a_dot() {
        // every mix of these pieces, four at a time, before lines that fill up
        let pieces = [".", "\u{fc}", "=", " ", "\t", "\n", "\0", "x"];
        for number in 0..pieces.len().pow(4) {
            let mut left = number;
            let mixed: String = (0..4)
                .map(|_| {
                    let piece = pieces[left % pieces.len()];
                    left /= pieces.len();
                    piece
                })
                .collect();
            for fill in [0, 70, 72, 73, 74, 75, 76, 150] {
                let text = format!("\0{}{mixed}", "x".repeat(fill));
                let (encoding, body) = encoded(&text);
                assert_eq!(encoding, "quoted-printable");
                assert_eq!(unquoted(&body), text);
                for line in body.lines() {
                    assert!(
                        line.len() <= FOLDED && line != "." && line.is_ascii(),
                        "{text:?}"
                    );
                    assert!(!line.ends_with([' ', '\t']), "{text:?}");
                }
            }
        }
    }
}
