//! Splits a file into sections, without knowing what they mean.
//!
//! `KIND: NAME`, then one property a line, indented: a key, blanks, a value. An empty line ends the
//! section. Whoever wants the bytes of a section unchanged finds them in `text`.

use std::iter::Enumerate;
use std::str::SplitInclusive;

use super::fault::Flaw;

const NO_PROPERTY: &str = "syntax error (expected section properties)";

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

/// The sections in the order of the file; after an error there is nothing more.
pub(super) struct Sections<'a> {
    text: &'a str,
    rest: Enumerate<SplitInclusive<'a, char>>,
    /// Where `rest` begins in `text`.
    place: usize,
}

impl<'a> Sections<'a> {
    pub(super) fn of(text: &'a str) -> Self {
        Self {
            text,
            rest: text.split_inclusive('\n').enumerate(),
            place: 0,
        }
    }

    /// The next section.
    ///
    /// # Errors
    /// A line that belongs to no section.
    fn read(&mut self) -> Result<Option<Section<'a>>, Flaw> {
        let mut open: Option<(Section<'a>, usize)> = None;
        while let Some((index, raw)) = self.rest.next() {
            let (line, start) = (index + 1, self.place);
            self.place += raw.len();
            let content = raw.trim();
            if content.is_empty() {
                if open.is_some() {
                    return Ok(self.close(open, start));
                }
                continue;
            }
            let indented = raw.starts_with(char::is_whitespace);
            match &mut open {
                None => open = Some((begin(content, indented, line)?, start)),
                Some(_) if !indented => return Err(Flaw::new(line, NO_PROPERTY)),
                Some((section, _)) => section.add(content, line),
            }
        }
        Ok(self.close(open, self.place))
    }

    fn close(&self, open: Option<(Section<'a>, usize)>, end: usize) -> Option<Section<'a>> {
        let (section, start) = open?;
        let text = self.text.get(start..end).unwrap_or_default();
        Some(Section { text, ..section })
    }
}

impl<'a> Iterator for Sections<'a> {
    type Item = Result<Section<'a>, Flaw>;

    fn next(&mut self) -> Option<Self::Item> {
        let next = self.read().transpose();
        if matches!(next, Some(Err(_))) {
            self.rest = "".split_inclusive('\n').enumerate();
        }
        next
    }
}

fn begin(line: &str, indented: bool, number: usize) -> Result<Section<'_>, Flaw> {
    let (kind, name) = header(line, indented)
        .ok_or_else(|| Flaw::new(number, "syntax error (expected header)"))?;
    Ok(Section {
        kind,
        name,
        line: number,
        properties: Vec::with_capacity(8),
        text: "",
        flaw: None,
    })
}

impl<'a> Section<'a> {
    fn add(&mut self, content: &'a str, line: usize) {
        match content.split_once(char::is_whitespace) {
            Some((key, value)) => self.properties.push(Property {
                key,
                value: value.trim_start(),
                line,
            }),
            None if self.flaw.is_none() => self.flaw = Some(Flaw::new(line, NO_PROPERTY)),
            None => {}
        }
    }
}

fn header(line: &str, indented: bool) -> Option<(&str, &str)> {
    if indented || !line.starts_with(char::is_alphabetic) {
        return None;
    }
    let (kind, name) = line.split_once(':')?;
    Some((kind.trim(), name.trim()))
}
