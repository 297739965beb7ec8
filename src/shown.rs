//! What the configuration holds, on its way to Perl: serialised from where it lies.

use std::sync::Arc;

use notify::config::{Config, Kind};
use notify::service::Service;
use serde::{Serialize, Serializer};

use crate::exception::Exception;

/// An entry on its way to Perl.
pub struct One {
    config: Arc<Config>,
    kind: Kind,
    name: String,
}

impl One {
    /// One entry, as the API shows it.
    pub fn of(service: &Service, kind: Kind, name: String) -> Result<Self, Exception> {
        let config = service.config();
        config.get(kind, &name)?;
        Ok(Self { config, kind, name })
    }
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

impl All {
    /// All entries of a kind, as the API shows them.
    pub fn of(service: &Service, kind: Kind) -> Self {
        let config = service.config();
        Self { config, kind }
    }
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
