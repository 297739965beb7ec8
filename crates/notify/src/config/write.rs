//! From the configuration back to the texts of the four files.
//!
//! Entries stand in the order in which they were read, then new ones by kind and name, so that equal
//! content gives equal files.

use std::collections::HashSet;

use super::entity::Entity;
use super::fields::Rows;
use super::side::{Piece, Side};
use super::{Config, Content, Error, Slot, limits};

/// The texts of the four files. They must be written in the order of these fields: only then is a
/// write that was cut short noticed.
#[derive(Clone)]
pub struct Written {
    /// `priv/notifications-ext.cfg`, mode 0600; no file if it is empty.
    pub private_ext: String,
    /// `notifications-ext.cfg`; no file if it is empty.
    pub ext: String,
    /// `notifications.cfg`
    pub public: String,
    /// `priv/notifications.cfg`, mode 0600
    pub private: String,
    /// If not, the private file of ours is removed as the last step: nothing but the record of this
    /// write is in it, and that is of no use once all is written. Not before: until then it is what
    /// tells that the last OAuth2 target went only in part.
    pub needs_ext: bool,
}

impl Config {
    /// The texts to be written; the same texts again if nothing was changed in between.
    ///
    /// # Errors
    /// [`Error::Save`] if an entry has a name or a value that could not be read again.
    pub fn write(&mut self) -> Result<Written, Error> {
        let slots = self.in_order();
        let mut public = String::new();
        for slot in &slots {
            match &slot.content {
                Content::Good(entity) => {
                    check(entity)?;
                    append(entity, entity.public(), &mut public)?;
                }
                Content::Faulty(_, text) => append_raw(text, &mut public),
            }
        }
        let private = self.side(&self.private, &slots, Entity::private)?;
        let ext = self.side(&self.ext, &slots, Entity::ext)?;
        let mut private_ext = self.side(&self.private_ext, &slots, Entity::private_ext)?;
        let needs_ext = self.has_oauth2() || !(private_ext.is_empty() && self.records.is_empty());
        self.advance().append(&mut private_ext)?;
        Ok(Written {
            private_ext,
            ext,
            public,
            private,
            needs_ext,
        })
    }

    /// Whether a target logs in with OAuth2, whichever file says so.
    pub(super) fn has_oauth2(&self) -> bool {
        self.slots.iter().flatten().any(|slot| match slot.entity() {
            Some(Entity::Smtp(smtp)) => smtp.oauth2_method().is_some(),
            _ => false,
        })
    }

    /// All entries, new ones last.
    pub(super) fn in_order(&self) -> Vec<&Slot> {
        let (mut old, mut fresh): (Vec<_>, Vec<_>) =
            self.slots.iter().flatten().partition(|slot| !slot.fresh);
        fresh.sort_by_key(|slot| (slot.entity().map(Entity::kind), slot.name()));
        old.append(&mut fresh);
        old
    }

    fn side(
        &self,
        side: &Side,
        slots: &[&Slot],
        rows: for<'e> fn(&'e Entity) -> Option<Rows<'e>>,
    ) -> Result<String, Error> {
        let (mut file, mut done) = (String::new(), HashSet::new());
        let write = |name: &str, file: &mut String| {
            if let Some(entity) = self.entity(name) {
                if let Some(rows) = rows(entity) {
                    return append(entity, rows, file);
                }
            }
            Ok(())
        };
        for piece in &side.pieces {
            match piece {
                Piece::Of(name) => {
                    if done.insert(name.as_str()) {
                        write(name, &mut file)?;
                    }
                }
                Piece::Raw(place) => {
                    if let Some(raw) = side.raws.get(*place).filter(|raw| !raw.gone && !raw.orphan)
                    {
                        append_raw(raw.text.expose(), &mut file);
                    }
                }
            }
        }
        let mut rest: Vec<_> = slots
            .iter()
            .filter_map(|slot| slot.entity())
            .filter(|entity| !done.contains(entity.name()))
            .collect();
        rest.sort_by_key(|entity| (entity.kind(), entity.name()));
        for entity in rest {
            write(entity.name(), &mut file)?;
        }
        Ok(file)
    }
}

fn save_error(entity: &Entity, reason: impl Into<String>) -> Error {
    Error::Save {
        entry: format!(
            "{} '{}'",
            entity.kind().as_str(),
            entity.name().escape_debug()
        ),
        reason: reason.into(),
    }
}

/// What only counts in a file.
fn check(entity: &Entity) -> Result<(), Error> {
    if !limits::is_name(entity.name()) {
        return Err(save_error(entity, format!("the name {}", limits::NAME)));
    }
    if let Entity::Matcher(matcher) = entity {
        if !matcher.target.iter().all(|target| limits::is_name(target)) {
            return Err(save_error(entity, format!("target: {}", limits::NAME)));
        }
    }
    entity
        .check()
        .map_err(|invalid| save_error(entity, format!("{}: {}", invalid.key, invalid.reason)))
}

fn append(entity: &Entity, rows: Rows<'_>, file: &mut String) -> Result<(), Error> {
    rows.append(entity.kind().as_str(), entity.name(), file)
        .map_err(|reason| save_error(entity, reason))
}

fn append_raw(text: &str, file: &mut String) {
    if !file.is_empty() {
        file.push('\n');
    }
    file.push_str(text);
    if !text.ends_with('\n') {
        file.push('\n');
    }
}
