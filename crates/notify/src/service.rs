//! The service: the only face of the core for whoever calls it. The Perl binding does, and so can any
//! program.
//!
//! A [`Service`] is the configuration of one machine, as it was read, and what can be done with it. It
//! says what a change of a target means for its grant, in which order the daily run does its work and how
//! long that may take, and that the admins learn of a target that has just stopped working. Whoever calls
//! it reads and writes the files, holds their locks, and hands log lines to a log.

mod authorize;
mod change;
mod check;
mod daily;
mod device;
mod handle;
mod redeem;
mod revoke;
mod send;
mod status;

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

pub use authorize::{Authorization, Consenting};
pub use daily::{Kept, Run};
pub use device::{Answered, DeviceAuthorization};
pub use handle::{HANDLE, Held};
pub use redeem::{Redeem, Redeemed};
pub use revoke::Revoked;
pub use send::{BACKGROUND_BUDGET, CALL_BUDGET};

use crate::config::{Config, Raw, Written};
use crate::net::Trip;
use crate::oauth2::{self, CodeExchange};
use crate::template::Templates;
use crate::token::{Cache, Keeper};
use crate::transcript::Transcript;
use crate::{Deadline, Error, Host, Parameter, Secret};
use change::GrantChange;

/// What a process remembers from one call to the next: compiled templates and the access tokens that it
/// has seen. Nobody waits for it, so that a child may be forked at any moment.
#[derive(Debug, Default)]
pub struct Memory {
    templates: Mutex<Option<Arc<Templates>>>,
    tokens: Cache,
}

impl Memory {
    /// An empty one.
    #[must_use]
    pub fn new() -> Arc<Self> {
        Arc::default()
    }

    fn templates(&self, host: &Host) -> Arc<Templates> {
        let Ok(mut last) = self.templates.try_lock() else {
            return Arc::new(Templates::of_host(host));
        };
        match &*last {
            Some(templates) if templates.are_of(host) => Arc::clone(templates),
            _ => Arc::clone(last.insert(Arc::new(Templates::of_host(host)))),
        }
    }
}

/// One machine with its configuration, which is shared until somebody changes it: a call that takes its
/// time works on a snapshot, and no lock is held meanwhile.
#[derive(Debug)]
pub struct Service {
    config: Mutex<Arc<Config>>,
    host: Host,
    memory: Arc<Memory>,
    /// What has to happen to grants once the files are written.
    grants: Mutex<Vec<GrantChange>>,
    /// A secret that a change would show to another host.
    moved: Mutex<Option<Parameter>>,
}

impl Service {
    /// Makes it from the texts of the files; a missing file is an empty text.
    ///
    /// # Errors
    /// [`Error::Config`] where a line belongs to no section; entries that are faulty take no part and are
    /// listed by [`Config::faults`].
    pub fn read(raw: Raw<'_>, host: Host, memory: Arc<Memory>) -> Result<Self, Error> {
        let config = Mutex::new(Arc::new(Config::parse(raw)?));
        Ok(Self {
            config,
            host,
            memory,
            grants: Mutex::default(),
            moved: Mutex::default(),
        })
    }

    /// The machine.
    #[must_use]
    pub fn host(&self) -> &Host {
        &self.host
    }

    /// The configuration as it is now.
    #[must_use]
    pub fn config(&self) -> Arc<Config> {
        Arc::clone(&self.lock())
    }

    /// The texts of the files, to be written in the order `private_ext`, `ext`, `public`, `private`: only
    /// then is a write that was cut short noticed.
    ///
    /// # Errors
    /// [`Error::Config`] where an entry could not be read again.
    pub fn write(&self) -> Result<Written, Error> {
        self.change(Config::write)
    }

    /// Exchanges an authorization code for a refresh token, in 20 seconds at most.
    ///
    /// # Errors
    /// As [`oauth2::exchange_code`].
    pub fn exchange_code(&self, request: &CodeExchange) -> Result<Secret, Error> {
        self.exchange(request, None)
    }

    /// The same with all that is said on the way, also where it fails: [`Transcript::lines`].
    ///
    /// # Errors
    /// As [`oauth2::exchange_code`].
    pub fn exchange_code_watched(
        &self,
        request: &CodeExchange,
        transcript: &Transcript,
    ) -> Result<Secret, Error> {
        self.exchange(request, Some(transcript))
    }

    fn exchange(
        &self,
        request: &CodeExchange,
        transcript: Option<&Transcript>,
    ) -> Result<Secret, Error> {
        let trip = Trip::new(&self.host).watched(transcript);
        let deadline = Deadline::after(oauth2::BUDGET);
        Ok(oauth2::exchange_code_on(&trip, request, deadline)?)
    }

    /// Changes the configuration; if that fails, it is as before.
    fn change<T, E: Into<Error>>(
        &self,
        code: impl FnOnce(&mut Config) -> Result<T, E>,
    ) -> Result<T, Error> {
        code(Arc::make_mut(&mut self.lock())).map_err(Into::into)
    }

    fn keeper(&self) -> Keeper<'_> {
        Keeper::new(&self.host, &self.memory.tokens)
    }

    // a change that panics has changed nothing that is looked at before it is replaced
    fn lock(&self) -> MutexGuard<'_, Arc<Config>> {
        self.config.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A clone has its own configuration from then on, and no changes that wait for
/// [`Service::apply_changes`].
impl Clone for Service {
    fn clone(&self) -> Self {
        Self {
            config: Mutex::new(self.config()),
            host: self.host.clone(),
            memory: Arc::clone(&self.memory),
            grants: Mutex::default(),
            moved: Mutex::default(),
        }
    }
}
