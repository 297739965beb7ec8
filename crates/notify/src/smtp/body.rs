//! The message as DATA carries it (RFC 5321 section 4.5.2), and what it asks of the server.

use std::io::BufRead;

/// A message ready to be sent.
#[derive(Debug)]
pub struct Body {
    /// With CRLF line ends, leading dots doubled, and the final dot.
    pub(super) wire: Vec<u8>,
    /// The size that SIZE counts (RFC 1870 section 4): without what only DATA adds.
    pub(super) size: usize,
    /// Whether any byte is beyond ASCII.
    pub(super) is_eight_bit: bool,
    /// Whether the header has such a byte: that is SMTPUTF8's matter, not 8BITMIME's.
    pub(super) has_utf8_header: bool,
}

impl Body {
    /// A message as lettre formats it: line ends and leading dots need no preparation. A bare CR or LF
    /// becomes a line end, as neither may be sent.
    #[must_use]
    pub fn new(message: &[u8]) -> Self {
        let mut body = Self::lines(message, 3);
        body.wire.extend_from_slice(b".\r\n");
        body
    }

    /// Lines of a header in front of a message that begins with more of them.
    pub(crate) fn joined(head: &[u8], rest: &Self) -> Self {
        let mut body = Self::lines(head, rest.wire.len());
        body.wire.extend_from_slice(&rest.wire);
        body.size += rest.size;
        body.is_eight_bit |= rest.is_eight_bit;
        body.has_utf8_header |= rest.has_utf8_header;
        body
    }

    /// Without the final dot, with room for more.
    fn lines(message: &[u8], room: usize) -> Self {
        let mut body = Self {
            // room for some dots and line ends, so that the usual mail is copied once
            wire: Vec::with_capacity(message.len() + message.len() / 32 + 64 + room),
            size: 0,
            is_eight_bit: !message.is_ascii(),
            has_utf8_header: false,
        };
        let (mut rest, mut in_header) = (message, true);
        let has_returns = message.contains(&b'\r');
        while !rest.is_empty() {
            let mut tail = rest;
            let length = tail.skip_until(b'\n').unwrap_or(rest.len());
            let line = rest.get(..length).unwrap_or_default();
            let line = line.strip_suffix(b"\n").unwrap_or(line);
            let line = line.strip_suffix(b"\r").unwrap_or(line);
            if has_returns && line.contains(&b'\r') {
                for part in line.split(|&byte| byte == b'\r') {
                    body.push(part, &mut in_header);
                }
            } else {
                body.push(line, &mut in_header);
            }
            rest = tail;
        }
        body
    }

    fn push(&mut self, line: &[u8], in_header: &mut bool) {
        *in_header &= !line.is_empty();
        self.has_utf8_header |= *in_header && !line.is_ascii();
        if line.starts_with(b".") {
            self.wire.push(b'.');
        }
        self.wire.extend_from_slice(line);
        self.wire.extend_from_slice(b"\r\n");
        self.size += line.len() + 2;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_end_in_crlf_and_leading_dots_are_doubled() {
        for (message, wire) in [
            ("", ".\r\n"),
            ("a", "a\r\n.\r\n"),
            ("a\r\n", "a\r\n.\r\n"),
            ("a\nb", "a\r\nb\r\n.\r\n"),
            ("a\rb", "a\r\nb\r\n.\r\n"),
            ("\r", "\r\n.\r\n"),
            ("a\r\r\nb", "a\r\n\r\nb\r\n.\r\n"),
            ("a\n\rb", "a\r\n\r\nb\r\n.\r\n"),
            ("\r\n\r\n", "\r\n\r\n.\r\n"),
            (".", "..\r\n.\r\n"),
            ("..\n.", "...\r\n..\r\n.\r\n"),
            ("a\n.\nb", "a\r\n..\r\nb\r\n.\r\n"),
            ("a\r.\rQUIT", "a\r\n..\r\nQUIT\r\n.\r\n"),
            ("a.\n b.", "a.\r\n b.\r\n.\r\n"),
        ] {
            let body = Body::new(message.as_bytes());
            assert_eq!(String::from_utf8(body.wire).unwrap(), wire, "{message:?}");
        }
    }

    #[test]
    fn a_message_in_two_pieces_is_the_same() {
        for (head, rest) in [
            ("", ""),
            ("a: b\r\n", "c: d\r\n\r\n.\r\nend"),
            ("a: ä\n", "c: d\n\nplain"),
            ("a: b\n", "c: ä\n\nplain"),
            ("a: b\r\n", "c: d\r\n\r\nä.\r\n"),
        ] {
            let whole = Body::new(format!("{head}{rest}").as_bytes());
            let joined = Body::joined(head.as_bytes(), &Body::new(rest.as_bytes()));
            assert_eq!(
                format!("{joined:?}"),
                format!("{whole:?}"),
                "{head:?} {rest:?}"
            );
        }
    }

    #[test]
    fn the_size_counts_neither_doubled_dots_nor_the_final_one() {
        for (message, size) in [("", 0), ("a\n", 3), (".\n..\n", 7), ("ä", 4)] {
            assert_eq!(Body::new(message.as_bytes()).size, size, "{message:?}");
        }
    }

    #[test]
    fn bytes_beyond_ascii_are_seen_where_they_are() {
        for (message, eight_bit, header) in [
            ("a: b\r\n\r\nc", false, false),
            ("a: b\r\n\r\nä", true, false),
            ("a: ä\r\n\r\nc", true, true),
            ("a: b\n\nc: ä", true, false),
            ("a: b\n c: ä", true, true),
        ] {
            let body = Body::new(message.as_bytes());
            assert_eq!(
                (body.is_eight_bit, body.has_utf8_header),
                (eight_bit, header),
                "{message:?}"
            );
        }
    }
}
