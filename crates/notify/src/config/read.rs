//! From the texts of the four files to the configuration.

use std::collections::{HashMap, HashSet};

use super::binding::{self, Record, Verdict};
use super::entity::{Entity, Kind};
use super::fault::{BY_HAND, Flaw};
use super::section::{Section, Sections};
use super::side::{Piece, Side};
use super::{
    Config, Content, EXT, Error, Fault, PRIVATE, PRIVATE_EXT, PUBLIC, Raw, Slot, builtin, digest,
    limits,
};

/// The bytes of a typical section, so that the tables seldom grow while they are filled.
const TYPICAL: usize = 160;

impl Config {
    /// Reads the four files.
    ///
    /// # Errors
    /// [`Error::Parse`] if a line belongs to no section; everything else that is wrong is a
    /// [`Fault`] of one entry.
    pub fn parse(raw: Raw<'_>) -> Result<Self, Error> {
        let private_ext = sections(PRIVATE_EXT, raw.private_ext).collect::<Result<Vec<_>, _>>();
        let expected = raw.public.len() / TYPICAL;
        let mut config = Self {
            slots: Vec::with_capacity(expected),
            index: HashMap::with_capacity(expected),
            faulty: HashMap::new(),
            private: Side::new(PRIVATE),
            ext: Side::new(EXT),
            private_ext: Side::new(PRIVATE_EXT),
            faults: Vec::new(),
            blocked: HashMap::new(),
            history: HashMap::new(),
            records: HashMap::new(),
            digest: digest::of(&raw, private_ext.as_deref().unwrap_or_default()),
        };
        config.read_public(sections(PUBLIC, raw.public))?;
        for slot in builtin::all() {
            if config.entity(slot.name()).is_none() && config.faulty(slot.name()).is_none() {
                config
                    .index
                    .insert(slot.name().to_owned(), config.slots.len());
                config.slots.push(Some(slot));
            }
        }
        let mut side = std::mem::replace(&mut config.private, Side::new(PRIVATE));
        config.join(
            &mut side,
            sections(PRIVATE, raw.private),
            Entity::read_private,
            false,
        )?;
        config.private = side;
        let mut side = std::mem::replace(&mut config.ext, Side::new(EXT));
        config.join(&mut side, sections(EXT, raw.ext), Entity::read_ext, true)?;
        config.ext = side;
        let (bindings, private_ext): (Vec<_>, Vec<_>) = private_ext?
            .into_iter()
            .partition(|section| section.kind == binding::KIND);
        let mut side = std::mem::replace(&mut config.private_ext, Side::new(PRIVATE_EXT));
        config.join(
            &mut side,
            private_ext.into_iter().map(Ok),
            Entity::read_private_ext,
            true,
        )?;
        config.private_ext = side;
        config.judge(&bindings)?;
        Ok(config)
    }

    fn read_public<'a>(
        &mut self,
        sections: impl Iterator<Item = Result<Section<'a>, Error>>,
    ) -> Result<(), Error> {
        for section in sections {
            let section = &section?;
            let read = if Kind::from_word(section.kind).is_none() || limits::is_name(section.name) {
                Entity::read(section)
            } else {
                Err(Flaw::new(
                    section.line,
                    format!("the name {}", limits::NAME),
                ))
            };
            let content = match read {
                Ok(mut entity) => {
                    entity.set_origin(builtin::origin(&entity));
                    self.take_name(section);
                    Content::Good(Box::new(entity))
                }
                Err(flaw) => {
                    let fault = fault(PUBLIC, section, flaw);
                    self.faults.push(fault.clone());
                    self.faulty
                        .insert(section.name.to_owned(), self.slots.len());
                    Content::Faulty(Box::new(fault), section.text.to_owned())
                }
            };
            self.slots.push(Some(Slot {
                content,
                fresh: false,
            }));
        }
        Ok(())
    }

    /// The last of several entries of one name counts, as it does in Proxmox VE.
    fn take_name(&mut self, section: &Section<'_>) {
        let place = self.slots.len();
        if let Some(earlier) = self.index.insert(section.name.to_owned(), place) {
            if let Some(slot) = self.slots.get_mut(earlier) {
                *slot = None;
            }
            let flaw = Flaw::new(
                section.line,
                "the name is used twice: the earlier entry is ignored, and deleted with the next change",
            );
            self.faults.push(fault(PUBLIC, section, flaw));
        }
    }

    /// Gives each section of a further file to the entry of its name and kind.
    fn join<'a>(
        &mut self,
        side: &mut Side,
        sections: impl Iterator<Item = Result<Section<'a>, Error>>,
        take: fn(&mut Entity, &Section<'_>) -> Result<(), Flaw>,
        ours: bool,
    ) -> Result<(), Error> {
        let mut seen = HashSet::new();
        for section in sections {
            let section = &section?;
            let known = Kind::from_word(section.kind);
            let taken = match self.entity_mut(section.name) {
                Some(entity) if Some(entity.kind()) == known => take(entity, section),
                Some(entity) => {
                    let kind = entity.kind().as_str();
                    let reason = format!("the entry of this name has type '{kind}'");
                    side.keep(section, false);
                    self.faults
                        .push(fault(side.file, section, Flaw::new(section.line, reason)));
                    continue;
                }
                None => {
                    let orphan = ours && known.is_some() && self.faulty(section.name).is_none();
                    side.keep(section, orphan);
                    if known.is_none() {
                        self.faults.push(unknown(side.file, section));
                    }
                    continue;
                }
            };
            let flaw = match taken {
                Ok(()) => {
                    side.pieces.push(Piece::Of(section.name.to_owned()));
                    if seen.insert(section.name) {
                        continue;
                    }
                    Flaw::new(
                        section.line,
                        "the name is used twice: the earlier section is ignored",
                    )
                }
                Err(flaw) => {
                    side.keep(section, false);
                    let reason = Error::Faulty(fault(side.file, section, flaw.clone()));
                    self.blocked.insert(section.name.to_owned(), reason);
                    flaw
                }
            };
            self.faults.push(fault(side.file, section, flaw));
        }
        Ok(())
    }

    /// Looks for writes that were cut short.
    fn judge(&mut self, bindings: &[Section<'_>]) -> Result<(), Error> {
        for section in bindings {
            let record = match Record::read(section) {
                Ok(record) => record,
                Err(flaw) => {
                    self.faults.push(fault(PRIVATE_EXT, section, flaw));
                    continue;
                }
            };
            let name = section.name;
            if record.judge(&self.parts(name)) == Verdict::Whole {
                continue;
            }
            if self.entity(name).is_some() {
                let torn = Error::Torn(name.to_owned());
                let flaw = Flaw::new(section.line, torn.to_string());
                self.faults.push(fault(PRIVATE_EXT, section, flaw));
                self.blocked.insert(name.to_owned(), torn);
                self.records.insert(name.to_owned(), record);
            } else if self.faulty(name).is_none() {
                // the rest of a deletion that was cut short
                self.touch(name)?;
                for kind in Kind::ALL {
                    self.forget(kind, name);
                }
            }
        }
        Ok(())
    }

    /// Nothing that stands in a further file under this type and name is written again.
    pub(super) fn forget(&mut self, kind: Kind, name: &str) {
        for side in [&mut self.private, &mut self.ext, &mut self.private_ext] {
            side.drop_raw(kind, name);
        }
    }
}

fn sections<'a>(
    file: &'static str,
    text: &'a str,
) -> impl Iterator<Item = Result<Section<'a>, Error>> {
    Sections::of(text).map(move |section| {
        section.map_err(|Flaw { line, reason }| Error::Parse { file, line, reason })
    })
}

/// A section of a type nobody knows. In a private file it is not quoted: it may be a secret gone
/// astray.
fn unknown(file: &'static str, section: &Section<'_>) -> Fault {
    if file == EXT {
        return fault(
            file,
            section,
            Flaw::unknown_type(section.line, section.kind),
        );
    }
    let flaw = Flaw::new(section.line, format!("unknown section type; {BY_HAND}"));
    Fault {
        kind: String::new(),
        name: String::new(),
        ..fault(file, section, flaw)
    }
}

fn fault(file: &'static str, section: &Section<'_>, flaw: Flaw) -> Fault {
    Fault {
        file,
        line: flaw.line,
        kind: section.kind.to_owned(),
        name: section.name.to_owned(),
        reason: flaw.reason,
    }
}
