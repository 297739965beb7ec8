//! A file beside the public one: its order, and what of it belongs to no good entry.

use std::fmt;

use super::entity::Kind;
use super::section::Section;
use crate::Secret;

/// A file whose sections are joined to the entries by name.
#[derive(Clone, Debug)]
pub(super) struct Side {
    pub(super) file: &'static str,
    /// Names and raw sections in the order of the file.
    pub(super) pieces: Vec<Piece>,
    /// Sections that no entry could take over.
    pub(super) raws: Vec<Raw>,
}

/// A place in the file.
#[derive(Clone, Debug)]
pub(super) enum Piece {
    /// What this entry has to say here.
    Of(String),
    /// A raw section, by its place in `raws`.
    Raw(usize),
}

/// A section as it stands in the file.
#[derive(Clone)]
pub(super) struct Raw {
    /// The type, as written in the file.
    pub(super) kind: String,
    pub(super) name: String,
    pub(super) text: Secret,
    /// In a file of ours, without an entry: not to be written again.
    pub(super) orphan: bool,
    /// Deleted since.
    pub(super) gone: bool,
}

/// Even a header may be a secret gone astray.
impl fmt::Debug for Raw {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Raw(..)")
    }
}

impl Side {
    pub(super) fn new(file: &'static str) -> Self {
        Self {
            file,
            pieces: Vec::new(),
            raws: Vec::new(),
        }
    }

    pub(super) fn keep(&mut self, section: &Section<'_>, orphan: bool) {
        self.pieces.push(Piece::Raw(self.raws.len()));
        self.raws.push(Raw {
            kind: section.kind.to_owned(),
            name: section.name.to_owned(),
            text: Secret::new(section.text),
            orphan,
            gone: false,
        });
    }

    /// Deletes the raw sections of this type and name.
    pub(super) fn drop_raw(&mut self, kind: Kind, name: &str) {
        let of = |raw: &&mut Raw| raw.kind == kind.as_str() && raw.name == name;
        for raw in self.raws.iter_mut().filter(of) {
            raw.gone = true;
        }
    }

    /// What stands in the file under this name without belonging to an entry.
    pub(super) fn raw_text(&self, name: &str) -> Option<&str> {
        let raw = self
            .raws
            .iter()
            .rev()
            .find(|raw| raw.name == name && !raw.gone)?;
        Some(raw.text.expose().trim_end())
    }
}
