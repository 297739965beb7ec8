//! What a `PVE::RS::Notify` object holds: the configuration, and the machine it was made for.
//!
//! The configuration is shared until somebody changes it, so that a call which takes its time works
//! on a snapshot and no lock is held meanwhile, and a clone of the object costs next to nothing.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use notify::config::{Config, Kind, Settings};
use notify::{Host, Secret};
use serde::{Serialize, Serializer};

use crate::fault::Fault;

/// A `PVE::RS::Notify` object.
pub struct Object {
    config: Mutex<Arc<Config>>,
    host: Host,
    /// What has to happen to grants once the files are written.
    grants: Mutex<Vec<Grant>>,
}

/// A change of a target that concerns its grant.
pub enum Grant {
    /// A person has consented.
    Given(String, Secret),
    /// The settings that it was given for have changed.
    Outdated(String),
    /// The client secret of an application that acts for itself was handed in.
    Renewed(String),
    /// The target is gone, or a new one has its name.
    Gone(String),
}

/// What a clone of an object is made of.
pub struct Snapshot {
    config: Arc<Config>,
    host: Host,
}

impl Object {
    /// An object for this machine.
    pub fn new(config: Config, host: Host) -> Self {
        Self {
            config: Mutex::new(Arc::new(config)),
            host,
            grants: Mutex::default(),
        }
    }

    /// The machine this object works for.
    pub fn host(&self) -> &Host {
        &self.host
    }

    /// The configuration as it is now.
    pub fn config(&self) -> Arc<Config> {
        Arc::clone(&self.lock())
    }

    /// For a clone.
    pub fn snapshot(&self) -> Snapshot {
        Snapshot {
            config: self.config(),
            host: self.host.clone(),
        }
    }

    /// Changes the configuration; if that fails, it is as before.
    pub fn change<T>(
        &self,
        code: impl FnOnce(&mut Config) -> Result<T, notify::Error>,
    ) -> Result<T, Fault> {
        Ok(code(Arc::make_mut(&mut self.lock()))?)
    }

    /// Remembers what has to happen to a grant.
    pub fn note(&self, grant: Grant) {
        let mut grants = self.grants.lock().unwrap_or_else(PoisonError::into_inner);
        grants.push(grant);
    }

    /// What has to happen to grants, from now on the caller's business.
    pub fn take_grants(&self) -> Vec<Grant> {
        let mut grants = self.grants.lock().unwrap_or_else(PoisonError::into_inner);
        std::mem::take(&mut *grants)
    }

    /// Adds an entry.
    pub fn add(&self, name: &str, settings: impl Settings) -> Result<(), Fault> {
        self.change(|config| config.add(name, settings))
    }

    /// Changes an entry.
    pub fn update(
        &self,
        name: &str,
        settings: impl Settings,
        delete: Option<Vec<String>>,
        digest: Option<&str>,
    ) -> Result<(), Fault> {
        let delete = delete.unwrap_or_default();
        self.change(|config| config.update(name, settings, &delete, digest))
    }

    /// Deletes an entry.
    pub fn delete(&self, kind: Kind, name: &str) -> Result<(), Fault> {
        self.change(|config| config.delete(kind, name))
    }

    /// One entry, as the API shows it.
    pub fn one(&self, kind: Kind, name: String) -> Result<One, Fault> {
        let config = self.config();
        config.get(kind, &name)?;
        Ok(One { config, kind, name })
    }

    /// All entries of a kind, as the API shows them.
    pub fn all(&self, kind: Kind) -> All {
        All {
            config: self.config(),
            kind,
        }
    }

    // no code under this lock runs anything of Perl's, and a change that panics has changed nothing
    // that is looked at before it is replaced
    fn lock(&self) -> MutexGuard<'_, Arc<Config>> {
        self.config.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl From<&Snapshot> for Object {
    fn from(snapshot: &Snapshot) -> Self {
        Self {
            config: Mutex::new(Arc::clone(&snapshot.config)),
            host: snapshot.host.clone(),
            grants: Mutex::default(),
        }
    }
}

/// An entry on its way to Perl.
pub struct One {
    config: Arc<Config>,
    kind: Kind,
    name: String,
}

impl Serialize for One {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let entry = self.config.get(self.kind, &self.name);
        entry
            .map_err(serde::ser::Error::custom)?
            .serialize(serializer)
    }
}

/// All entries of a kind on their way to Perl.
pub struct All {
    config: Arc<Config>,
    kind: Kind,
}

impl Serialize for All {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.config.of_kind(self.kind))
    }
}

/// The list of all targets on its way to Perl.
pub struct Targets(pub Arc<Config>);

impl Serialize for Targets {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.0.targets())
    }
}

/// What is wrong in the files, on its way to Perl.
pub struct Faults(pub Arc<Config>);

impl Serialize for Faults {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.0.faults())
    }
}
