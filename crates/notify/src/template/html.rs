//! Text in HTML: the characters that the engine's own function escapes, found by bytes. Its own goes by
//! characters, which takes 3 to 5 of the 12 ms that a mail with a log of a megabyte may cost.

/// The text with entities in the place of what HTML could take for markup.
pub(super) fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + text.len() / 16);
    let mut from = 0;
    for (at, byte) in text.bytes().enumerate() {
        if !is_markup(byte) {
            continue;
        }
        out.push_str(text.get(from..at).unwrap_or_default());
        out.push_str(entity(byte));
        from = at + 1;
    }
    out.push_str(text.get(from..).unwrap_or_default());
    out
}

fn is_markup(byte: u8) -> bool {
    matches!(byte, b'&' | b'<' | b'>' | b'"' | b'\'' | b'`' | b'=')
}

fn entity(byte: u8) -> &'static str {
    match byte {
        b'&' => "&amp;",
        b'<' => "&lt;",
        b'>' => "&gt;",
        b'"' => "&quot;",
        b'\'' => "&#x27;",
        b'`' => "&#x60;",
        _ => "&#x3D;",
    }
}

#[cfg(test)]
mod tests {
    use super::escape;

    #[test]
    fn it_escapes_what_the_engine_does() {
        let all: String = (0..0x500).filter_map(char::from_u32).collect();
        for text in [
            all.as_str(),
            "",
            "&",
            "a&",
            "&a",
            "<<>>",
            "\u{1f600}=\u{1f600}",
        ] {
            assert_eq!(escape(text), handlebars::html_escape(text));
        }
    }
}
