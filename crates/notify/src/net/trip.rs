//! What one delivery finds out on its way to its peers, and need not find out again: looked-up names,
//! tried addresses, whom to trust, the machine's own name. None of it is a fact of the machine.

use std::sync::{Arc, OnceLock};

use super::{Error, Names, Visited};
use crate::Host;
use crate::tls::{self, Client};
use crate::transcript::{Listener, Transcript};

/// One delivery, or one call, of a machine.
#[derive(Clone, Debug)]
pub(crate) struct Trip {
    host: Arc<Host>,
    found: Arc<Found>,
    visited: Arc<Visited>,
    listener: Listener,
}

#[derive(Debug, Default)]
struct Found {
    names: Names,
    tls: tls::Shared,
    fqdn: OnceLock<Option<String>>,
}

impl Trip {
    pub(crate) fn new(host: &Host) -> Self {
        Self {
            host: Arc::new(host.clone()),
            found: Arc::default(),
            visited: Arc::default(),
            listener: Listener::default(),
        }
    }

    /// The same trip, written down.
    pub(crate) fn watched(mut self, transcript: Option<&Transcript>) -> Self {
        self.listener = transcript.map(Listener::new).unwrap_or_default();
        self
    }

    /// The same trip for one target: a second try begins at an address that the first has not used.
    pub(crate) fn for_one_target(&self) -> Self {
        Self {
            visited: Arc::default(),
            ..self.clone()
        }
    }

    pub(crate) fn host(&self) -> &Host {
        &self.host
    }

    pub(crate) fn listener(&self) -> &Listener {
        &self.listener
    }

    /// The machine's full name, read once.
    pub(crate) fn fqdn(&self) -> Option<&str> {
        let fqdn = self.found.fqdn.get_or_init(|| self.host.fqdn());
        fqdn.as_deref()
    }

    /// TLS settings for an attempt, as [`Client::first`].
    pub(super) fn tls(&self) -> Result<Client, Error> {
        Ok(Client::first(self.host.trust(), &self.found.tls)?)
    }

    /// TLS settings for a second attempt, as [`Client::second`].
    pub(super) fn tls_again(&self) -> Result<Option<Client>, Error> {
        Ok(Client::second(self.host.trust(), &self.found.tls)?)
    }

    /// The same trip for a second look at the server that the last attempt has reached.
    pub(super) fn for_the_same_address(&self) -> Self {
        Self {
            visited: Arc::new(self.visited.last_again()),
            ..self.clone()
        }
    }

    pub(super) fn names(&self) -> &Names {
        &self.found.names
    }

    pub(super) fn visited(&self) -> &Visited {
        &self.visited
    }
}
