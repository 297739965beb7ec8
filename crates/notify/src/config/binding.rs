//! Notices a write that was cut short, so that no secret meets the host of other settings.
//!
//! One write changes up to four files, in the order private ext, ext, public, private. Where it
//! changes more than one part of a target - host and login, secrets, OAuth2 settings, client secret -
//! the first file gets a record of the target's states: those that were on disk and the new one. A
//! target found in none of these states, though each of its parts is from one of them, is torn: it
//! is blocked until its secrets are set again. A part from elsewhere means that somebody else, or a
//! hand, has changed the target since; that is none of our business.
//!
//! A configuration without anything of ours has no file of ours: its record is gone once all is written.
//!
//! The parts are kept as HMACs under a random key, so that the record tells nothing about a secret.

use super::fault::Flaw;
use super::fields::{Fields, Rows};
use super::section::Section;
use super::{Config, Error, limits};
use crate::hash::hmac;
use crate::hex::hex;
use crate::{Secret, random};

/// The type of a record's section.
pub(super) const KIND: &str = "binding";

/// How many states of one target are remembered.
const STATES: usize = 8;

/// Peer, section of the private file, of the ext file, of the private ext file.
pub(super) type Parts = [Option<Secret>; 4];

/// The fingerprints of these; empty where a part is missing.
type State = [String; 4];

/// The states of a target that were on disk since the files were read.
#[derive(Clone, Debug)]
pub(super) struct History {
    key: String,
    states: Vec<State>,
}

/// A record as it stands in the file.
#[derive(Clone, Debug)]
pub(super) struct Record(History);

/// Whether a target is as somebody wrote it.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    Whole,
    Torn,
}

impl History {
    fn new(parts: &Parts) -> Result<Self, Error> {
        let mut bytes = [0; 16];
        random::fill(&mut bytes).map_err(|reason| Error::Save {
            entry: PRIVATE_EXT_ENTRY.to_owned(),
            reason: reason.to_owned(),
        })?;
        let key = hex(&bytes);
        let states = vec![state(&key, parts)];
        Ok(Self { key, states })
    }

    /// Adds the state that is about to be written.
    fn advance(&mut self, parts: &Parts) {
        let state = state(&self.key, parts);
        if self.states.last() != Some(&state) {
            self.states.push(state);
        }
        if self.states.len() > STATES {
            self.states.remove(0);
        }
    }

    /// A mixture is possible if two parts changed, and harmful unless there was nothing before.
    fn matters(&self) -> bool {
        let changed = (0..4)
            .filter(|&part| {
                let mut values = self.states.iter().map(|state| state.get(part));
                let first = values.next();
                values.any(|value| Some(value) != first)
            })
            .count();
        let newest = self.states.len().saturating_sub(1);
        let mut before = self.states.iter().take(newest).flatten();
        changed > 1 && before.any(|part| !part.is_empty())
    }

    fn append(&self, name: &str, file: &mut String) -> Result<(), String> {
        let mut rows = Rows::default();
        rows.text("key", [&self.key]);
        rows.show("state", self.states.iter().map(|state| state.join(",")));
        rows.append(KIND, name, file)
    }
}

const PRIVATE_EXT_ENTRY: &str = "priv/notifications-ext.cfg";

fn state(key: &str, parts: &Parts) -> State {
    parts.each_ref().map(|part| match part {
        Some(part) => {
            let tag = hmac(key.as_bytes(), part.expose().as_bytes());
            hex(tag.get(..16).unwrap_or_default())
        }
        None => String::new(),
    })
}

impl Record {
    pub(super) fn read(section: &Section<'_>) -> Result<Self, Flaw> {
        let fields = Fields::private(section, &["key", "state"])?;
        let key = fields.required("key")?;
        let mut states = Vec::new();
        for text in fields.many::<String>("state")? {
            let parts: Vec<String> = text.split(',').map(str::to_owned).collect();
            states.push(
                parts
                    .try_into()
                    .map_err(|_| Flaw::new(section.line, "state: must have four parts"))?,
            );
        }
        Ok(Self(History { key, states }))
    }

    pub(super) fn judge(&self, parts: &Parts) -> Verdict {
        let Self(History { key, states }) = self;
        let now = state(key, parts);
        let known = |part: usize| states.iter().any(|state| state.get(part) == now.get(part));
        if states.contains(&now) || !(0..4).all(known) {
            Verdict::Whole
        } else {
            Verdict::Torn
        }
    }
}

impl Config {
    /// The parts of a target as they stand in memory.
    pub(super) fn parts(&self, name: &str) -> Parts {
        let Some(entity) = self.entity(name) else {
            let raw = |text: Option<&str>| text.map(Secret::new);
            return [
                None,
                raw(self.private.raw_text(name)),
                raw(self.ext.raw_text(name)),
                raw(self.private_ext.raw_text(name)),
            ];
        };
        let kind = entity.kind().as_str();
        let text = |rows: Option<Rows<'_>>, raw: Option<&str>| {
            let mut text = String::new();
            match rows {
                // what cannot be written is refused by the write itself
                Some(rows) => rows.append(kind, name, &mut text).ok()?,
                None => text.push_str(raw?),
            }
            Some(Secret::new(text.trim_end()))
        };
        let peer = entity.peer();
        [
            (!peer.is_empty()).then(|| Secret::new(format!("{kind}\n{}", peer.join("\n")))),
            text(entity.private(), self.private.raw_text(name)),
            text(entity.ext(), self.ext.raw_text(name)),
            text(entity.bound_private_ext(), self.private_ext.raw_text(name)),
        ]
    }

    /// Remembers what is on disk under this name, before it is changed for the first time.
    pub(super) fn touch(&mut self, name: &str) -> Result<(), Error> {
        if self.history.contains_key(name) {
            return Ok(());
        }
        let parts = self.parts(name);
        let history = match self.records.get(name) {
            Some(Record(history)) => history.clone(),
            None => History::new(&parts)?,
        };
        self.history.insert(name.to_owned(), history);
        Ok(())
    }

    /// The records that a write needs in the private ext file. To be called at each write, even if
    /// that has no such file: what is written becomes one of the states.
    pub(super) fn advance(&mut self) -> Records {
        let mut records: Vec<(String, History)> = Vec::new();
        let names: Vec<String> = self.history.keys().cloned().collect();
        for name in names {
            let parts = self.parts(&name);
            if let Some(history) = self.history.get_mut(&name) {
                history.advance(&parts);
                if history.matters() && limits::is_name(&name) {
                    records.push((name, history.clone()));
                }
            }
        }
        for (name, Record(history)) in &self.records {
            records.push((name.clone(), history.clone()));
        }
        records.sort_by(|(a, _), (b, _)| a.cmp(b));
        Records(records)
    }
}

/// Records by name.
pub(super) struct Records(Vec<(String, History)>);

impl Records {
    pub(super) fn append(&self, file: &mut String) -> Result<(), Error> {
        for (name, history) in &self.0 {
            history.append(name, file).map_err(|reason| Error::Save {
                entry: format!("{KIND} '{name}'"),
                reason,
            })?;
        }
        Ok(())
    }
}
