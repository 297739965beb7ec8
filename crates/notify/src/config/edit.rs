//! Adding, changing and deleting entries. A call that fails changes nothing.

use super::entity::{Item, Kind};
use super::section::Sections;
use super::settings::sealed::Apply;
use super::{Config, Content, Entity, Error, Fault, PRIVATE, Settings, Slot, binding, builtin};

impl Config {
    /// Adds an entry. Its name is only checked when it is written: an entry that never is may have
    /// any name.
    ///
    /// # Errors
    /// Whatever is wrong with the settings, [`Error::Exists`], [`Error::NoEndpoint`].
    pub fn add<S: Settings>(&mut self, name: &str, settings: S) -> Result<(), Error> {
        if self.index.contains_key(name) || self.faulty(name).is_some() {
            return Err(Error::Exists(name.to_owned()));
        }
        let mut item = S::blank(name);
        self.check_targets(settings.targets())?;
        let gives_credentials = settings.gives_credentials();
        settings.apply(&mut item)?;
        S::settle(None, &mut item, gives_credentials)?;
        let entity = finish::<S>(item)?;
        self.touch(name)?;
        self.forget(<S::Of as Item>::KIND, name);
        self.index.insert(name.to_owned(), self.slots.len());
        self.slots.push(Some(Slot::fresh(entity)));
        Ok(())
    }

    /// Changes an entry: removes the settings named in `delete`, then takes over those given.
    ///
    /// # Errors
    /// In this order: the digest's, [`Error::NotFound`] or [`Error::Faulty`], whatever is wrong with
    /// the settings.
    pub fn update<S: Settings>(
        &mut self,
        name: &str,
        settings: S,
        delete: &[String],
        digest: Option<&str>,
    ) -> Result<(), Error> {
        self.check_digest(digest)?;
        let kind = <S::Of as Item>::KIND;
        let entity = self.get(kind, name)?;
        let Some(old) = S::find(entity) else {
            return Err(not_found(kind, name));
        };
        let renewed = settings.renews_secrets(old, delete);
        if let Some(reason) = self.blocked.get(name) {
            let may = match reason {
                Error::Torn(_) => renewed,
                Error::Faulty(fault) => fault.file == PRIVATE,
                _ => false,
            };
            if !may {
                return Err(reason.clone());
            }
        }
        let mut item = old.clone();
        for key in delete {
            if !S::delete(&mut item, key) {
                let reason = format!("'{}' cannot be deleted", key.escape_debug());
                return Err(Error::parameter("delete", reason));
            }
        }
        self.check_targets(settings.targets())?;
        let gives_credentials = settings.gives_credentials();
        settings.apply(&mut item)?;
        S::check_deleted(old, &item, delete)?;
        S::settle(Some(old), &mut item, gives_credentials)?;
        let entity = finish::<S>(item)?;
        self.touch(name)?;
        let mended = renewed && entity.private().is_some();
        if self.records.remove(name).is_some() || mended {
            self.blocked.remove(name);
            self.private.drop_raw(kind, name);
        }
        if let Some(place) = self.entity_mut(name) {
            *place = entity;
        }
        Ok(())
    }

    /// Deletes an entry, also a faulty one; what other types have under this name stays. A builtin
    /// one comes back as it was made when the files are read again.
    ///
    /// # Errors
    /// [`Error::NotFound`], [`Error::Referenced`].
    pub fn delete(&mut self, kind: Kind, name: &str) -> Result<(), Error> {
        let is_it = |slot: &Slot| slot.name() == name && slot.kind() == kind.as_str();
        if !self.slots.iter().flatten().any(is_it) {
            return Err(not_found(kind, name));
        }
        let counts = self.entity(name).is_none_or(|good| good.kind() == kind);
        if kind != Kind::Matcher && counts && !builtin::is_builtin(name) {
            let by = self.users_of(name);
            if !by.is_empty() {
                let name = name.to_owned();
                return Err(Error::Referenced { name, by });
            }
        }
        self.touch(name)?;
        for slot in &mut self.slots {
            if slot.as_ref().is_some_and(is_it) {
                *slot = None;
            }
        }
        if counts {
            self.index.remove(name);
            self.blocked.remove(name);
            self.records.remove(name);
        }
        let faulty = |slot: &Option<Slot>| {
            let slot = slot.as_ref();
            slot.is_some_and(|slot| slot.name() == name && slot.entity().is_none())
        };
        match self.slots.iter().rposition(faulty) {
            Some(place) => self.faulty.insert(name.to_owned(), place),
            None => self.faulty.remove(name),
        };
        self.forget(kind, name);
        let told =
            |fault: &Fault| fault.kind == kind.as_str() || (counts && fault.kind == binding::KIND);
        self.faults
            .retain(|fault| fault.name != name || !told(fault));
        Ok(())
    }

    /// An entry of this kind.
    ///
    /// # Errors
    /// [`Error::NotFound`], or [`Error::Faulty`] if there is one that cannot be used.
    pub fn get(&self, kind: Kind, name: &str) -> Result<&Entity, Error> {
        match self.entity(name) {
            Some(entity) if entity.kind() == kind => return Ok(entity),
            Some(_) => {}
            None => {
                if let Some(fault) = self.faulty(name).filter(|f| f.kind == kind.as_str()) {
                    return Err(Error::Faulty(fault.clone()));
                }
            }
        }
        Err(not_found(kind, name))
    }

    /// A faulty endpoint exists as well: it may be mended any time.
    fn check_targets(&self, targets: &[String]) -> Result<(), Error> {
        let exists = |name: &String| match self.entity(name) {
            Some(entity) => entity.kind() != Kind::Matcher,
            None => self
                .faulty(name)
                .is_some_and(|fault| fault.kind != Kind::Matcher.as_str()),
        };
        match targets.iter().find(|name| !exists(name)) {
            Some(name) => Err(Error::NoEndpoint(name.clone())),
            None => Ok(()),
        }
    }

    /// The matchers that have this target, sorted; faulty ones too.
    fn users_of(&self, target: &str) -> Vec<String> {
        let uses = |slot: &&Slot| match &slot.content {
            Content::Good(entity) => match &**entity {
                Entity::Matcher(matcher) => matcher.target.iter().any(|name| name == target),
                _ => false,
            },
            Content::Faulty(fault, text) => {
                fault.kind == Kind::Matcher.as_str()
                    && Sections::of(text)
                        .flatten()
                        .flat_map(|section| section.properties)
                        .any(|p| p.key == "target" && p.value == target)
            }
        };
        let users = self.slots.iter().flatten().filter(uses);
        let mut names: Vec<_> = users.map(|slot| slot.name().to_owned()).collect();
        names.sort_unstable();
        names
    }
}

/// The entry after a change, checked and with its origin.
fn finish<S: Apply>(item: S::Of) -> Result<Entity, Error> {
    S::complete(&item)?;
    let mut entity: Entity = item.into();
    entity.check()?;
    entity.set_origin(builtin::origin(&entity));
    Ok(entity)
}

fn not_found(kind: Kind, name: &str) -> Error {
    Error::NotFound {
        what: kind.noun(),
        name: name.to_owned(),
    }
}
