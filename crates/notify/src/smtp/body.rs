//! The message as DATA carries it (RFC 5321 section 4.5.2), and what it asks of the server.

/// A message ready to be sent.
pub(super) struct Body {
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
    /// A bare CR or LF becomes a line end, as neither may be sent.
    pub(super) fn new(message: &[u8]) -> Self {
        // room for some dots and line ends, so that the usual mail is copied once
        let mut wire = Vec::with_capacity(message.len() + message.len() / 32 + 64);
        let (mut doubled, mut has_utf8_header, mut in_header) = (0, false, true);
        let mut rest = message;
        while !rest.is_empty() {
            let end = rest.iter().position(|byte| matches!(byte, b'\r' | b'\n'));
            let (line, tail) = match end {
                None => (rest, [].as_slice()),
                Some(end) => {
                    let (line, tail) = rest.split_at(end);
                    let after = tail
                        .strip_prefix(b"\r\n")
                        .or_else(|| tail.get(1..))
                        .unwrap_or_default();
                    (line, after)
                }
            };
            in_header &= !line.is_empty();
            has_utf8_header |= in_header && !line.is_ascii();
            if line.starts_with(b".") {
                wire.push(b'.');
                doubled += 1;
            }
            wire.extend_from_slice(line);
            wire.extend_from_slice(b"\r\n");
            rest = tail;
        }
        let size = wire.len() - doubled;
        wire.extend_from_slice(b".\r\n");
        Self {
            wire,
            size,
            is_eight_bit: !message.is_ascii(),
            has_utf8_header,
        }
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
