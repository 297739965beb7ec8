//! Splits a file into sections, without knowing what they mean.
//!
//! `KIND: NAME`, then one property a line, indented: a key, blanks, a value. An empty line ends the
//! section. Whoever wants the bytes of a section unchanged finds them in `text`.

use super::fault::Flaw;

/// A section of a file.
#[derive(Debug)]
pub(super) struct Section<'a> {
    pub(super) kind: &'a str,
    pub(super) name: &'a str,
    /// The number of the header's line.
    pub(super) line: usize,
    pub(super) properties: Vec<Property<'a>>,
    /// From the header to the last property, with the line breaks.
    pub(super) text: &'a str,
    /// The first line without a value, if there is one.
    pub(super) flaw: Option<Flaw>,
}

/// A line of a section.
#[derive(Clone, Copy, Debug)]
pub(super) struct Property<'a> {
    pub(super) key: &'a str,
    pub(super) value: &'a str,
    pub(super) line: usize,
}

/// The sections in the order of the file.
///
/// # Errors
/// The first line that belongs to no section.
pub(super) fn split(text: &str) -> Result<Vec<Section<'_>>, Flaw> {
    let mut sections = Vec::new();
    let mut open: Option<(Section<'_>, usize)> = None;
    let mut end = 0;
    for (index, raw) in text.split_inclusive('\n').enumerate() {
        let (line, start) = (index + 1, end);
        end += raw.len();
        let content = raw.trim();
        if content.is_empty() {
            close(&mut open, &mut sections, text, start);
            continue;
        }
        let indented = raw.starts_with(char::is_whitespace);
        match &mut open {
            None => {
                let (kind, name) = header(content, indented)
                    .ok_or_else(|| Flaw::new(line, "syntax error (expected header)"))?;
                open = Some((
                    Section {
                        kind,
                        name,
                        line,
                        properties: Vec::with_capacity(8),
                        text: "",
                        flaw: None,
                    },
                    start,
                ));
            }
            Some(_) if !indented => {
                return Err(Flaw::new(
                    line,
                    "syntax error (expected section properties)",
                ));
            }
            Some((section, _)) => match content.split_once(char::is_whitespace) {
                Some((key, value)) => section.properties.push(Property {
                    key,
                    value: value.trim_start(),
                    line,
                }),
                None if section.flaw.is_none() => {
                    section.flaw = Some(Flaw::new(
                        line,
                        "syntax error (expected section properties)",
                    ));
                }
                None => {}
            },
        }
    }
    close(&mut open, &mut sections, text, end);
    Ok(sections)
}

fn close<'a>(
    open: &mut Option<(Section<'a>, usize)>,
    sections: &mut Vec<Section<'a>>,
    text: &'a str,
    end: usize,
) {
    if let Some((mut section, start)) = open.take() {
        section.text = text.get(start..end).unwrap_or_default();
        sections.push(section);
    }
}

fn header(line: &str, indented: bool) -> Option<(&str, &str)> {
    if indented || !line.starts_with(char::is_alphabetic) {
        return None;
    }
    let (kind, name) = line.split_once(':')?;
    Some((kind.trim(), name.trim()))
}
