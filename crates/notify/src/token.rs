//! Access tokens of OAuth2 targets: one refresh per expiry, however many threads, processes and nodes
//! ask.
//!
//! Read the record; if its token is fresh, that is all. Else lock, read again, make sure that a record
//! can be written, ask the provider, store what came, and only then use it. Of a process one thread asks
//! for the lock and goes on looking at the record meanwhile, the others wait for that thread; and nobody
//! waits while the old token is still good. No thread is made, no connection and no lock is kept; the
//! memory of earlier answers is a [`Cache`] that the caller owns and that no forked child waits for.

mod age;
mod aside;
mod cache;
mod consent;
mod error;
mod look;
mod mail;
mod objection;
mod orphan;
mod queue;
mod refresh;
pub(crate) mod run_file;

/// What a test puts its own in place of.
mod sync {
    pub(super) use std::sync::{Condvar, Mutex, MutexGuard};
}

use std::time::Duration;

pub(crate) use age::hash;
pub(crate) use aside::of as record_of;
pub use cache::Cache;
pub use error::{Error, Pause};
pub(crate) use look::is_due;
pub(crate) use objection::difference;

use crate::clock::SystemClock;
use crate::disk::{Disk, OwnersDisk, SystemDisk};
use crate::net::Trip;
use crate::oauth2::Account;
use crate::state::{self, Lock, Record, Store};
use crate::{Clock, Deadline, Host, Secret};
use look::{Look, Want};

/// How long one refresh may take in all: the lock, the provider, the record.
pub const BUDGET: Duration = Duration::from_secs(25);

/// After a temporary failure a notification asks the provider again once the last try is so old, in
/// seconds.
pub(crate) const RETRY: u32 = 60;

/// An access token, and which one of its target's it is.
#[derive(Clone, Debug)]
pub struct AccessToken {
    /// The token itself, for `smtp::Login::Token`.
    pub token: Secret,
    id: String,
}

impl AccessToken {
    fn is_of(&self, record: &Record) -> bool {
        self.id == record.token_id
    }

    fn of(record: &Record) -> Option<Self> {
        Some(Self {
            token: record.access_token.clone()?,
            id: record.token_id.clone(),
        })
    }
}

/// Gets, renews and keeps the tokens of one machine.
#[derive(Clone)]
pub struct Keeper<'a> {
    host: &'a Host,
    trip: Trip,
    cache: &'a Cache,
    /// Not to be used as it is: see [`Keeper::disk`].
    raw_disk: &'a dyn Disk,
    clock: &'a dyn Clock,
    by_will: bool,
}

impl<'a> Keeper<'a> {
    /// The keeper of this machine.
    #[must_use]
    pub fn new(host: &'a Host, cache: &'a Cache) -> Self {
        Self {
            host,
            trip: Trip::new(host),
            cache,
            raw_disk: &SystemDisk,
            clock: &SystemClock,
            by_will: false,
        }
    }

    /// The same keeper for somebody who tests a target: the provider is asked although the last try has
    /// failed, unless that was less than 5 s ago or the provider asked to be left alone.
    #[must_use]
    pub fn by_will(mut self, by_will: bool) -> Self {
        self.by_will = by_will;
        self
    }

    /// The same keeper with another clock.
    #[must_use]
    pub fn with_clock(mut self, clock: &'a dyn Clock) -> Self {
        self.clock = clock;
        self
    }

    /// The same keeper as a part of a delivery.
    #[must_use]
    pub(crate) fn on_trip(mut self, trip: &Trip) -> Self {
        self.trip = trip.clone();
        self
    }

    /// The same keeper with another file system.
    #[must_use]
    pub fn with_disk(mut self, disk: &'a dyn Disk) -> Self {
        self.raw_disk = disk;
        self
    }

    /// An access token that is good for some minutes at least.
    ///
    /// A token that is due to be renewed but still lives is returned where renewing fails.
    ///
    /// # Errors
    /// [`Error`]: where the grant or its record cannot be used now; what the provider or the way to
    /// it has to say.
    pub fn access_token(
        &self,
        account: &Account,
        deadline: Deadline,
    ) -> Result<AccessToken, Error> {
        let token = self.get(account, Want::Token, deadline)?;
        token.ok_or_else(|| Error::no_grant(account))
    }

    /// An access token other than this one, which a mail server has refused.
    ///
    /// # Errors
    /// As [`Keeper::access_token`]; [`Error::StillRefused`] where the refused one is so new that
    /// another would be refused as well.
    pub fn renewed(
        &self,
        account: &Account,
        refused: &AccessToken,
        deadline: Deadline,
    ) -> Result<AccessToken, Error> {
        let token = self.get(account, Want::Newer(refused), deadline)?;
        token.ok_or_else(|| Error::no_grant(account))
    }

    /// Uses the grant if it was not used for 20 h or the last try has failed, so that it does not end
    /// unused; whether it was used.
    ///
    /// # Errors
    /// As [`Keeper::access_token`].
    pub fn keep_alive(&self, account: &Account, deadline: Deadline) -> Result<bool, Error> {
        self.get(account, Want::Upkeep, deadline)
            .map(|token| token.is_some())
    }

    /// Since when the provider was not asked for a grant that is due, or that cannot be used; `None`
    /// if nothing has to be done.
    pub(crate) fn left_since(&self, account: &Account) -> Option<i64> {
        if matches!(self.look(account, Want::Upkeep), Ok(Look::Rest)) {
            return None;
        }
        let record = self.store().read(&account.target).ok().flatten();
        let last =
            record.and_then(|record| record.tried.max(record.refreshed).max(record.consented));
        Some(last.unwrap_or(i64::MIN))
    }

    fn get(
        &self,
        account: &Account,
        want: Want<'_>,
        deadline: Deadline,
    ) -> Result<Option<AccessToken>, Error> {
        loop {
            let alive = match self.look(account, want)? {
                Look::Token(token) => return Ok(Some(token)),
                Look::Rest => return Ok(None),
                Look::Wait { alive, error } => return alive.map(Some).ok_or(error),
                Look::Ask { alive } => alive,
            };
            let (queue, target) = (&self.cache.queue, &account.target);
            if let Some(_turn) = queue.turn(target) {
                return match (self.renew(account, want, alive.as_ref(), deadline), alive) {
                    (Err(_), Some(token)) if want.is_token() => Ok(Some(token)),
                    (renewed, _) => renewed,
                };
            }
            // somebody renews it already, and it is still good
            if alive.is_some() {
                return Ok(alive);
            }
            if !queue.wait(target, deadline) {
                let target = target.clone();
                return Err(state::Error::Busy { target }.into());
            }
        }
    }

    /// Takes the lock and renews the token, unless another process or node has done so meanwhile.
    fn renew(
        &self,
        account: &Account,
        want: Want<'_>,
        alive: Option<&AccessToken>,
        deadline: Deadline,
    ) -> Result<Option<AccessToken>, Error> {
        let mut lock = Lock::new(self.host, &account.target)?;
        let mut seen = None;
        loop {
            match lock.try_take()? {
                Some(guard) => return self.refresh(account, want, &guard, deadline),
                None if alive.is_some() => return Ok(alive.cloned()),
                None => lock.pause(deadline)?,
            }
            // the record is read when it has changed
            let stamp = self.store().stamp(&account.target).unwrap_or_default();
            if stamp == seen {
                continue;
            }
            seen = stamp;
            match self.look(account, want)? {
                Look::Token(token) => return Ok(Some(token)),
                Look::Rest => return Ok(None),
                Look::Wait { alive, error } => return alive.map(Some).ok_or(error),
                Look::Ask { .. } => {}
            }
        }
    }

    /// What can be said without a lock.
    fn look(&self, account: &Account, want: Want<'_>) -> Result<Look, Error> {
        let store = self.store();
        let stamp = store.stamp(&account.target).unwrap_or_default();
        if let Some(token) = self.cached(account, want, stamp) {
            return Ok(Look::Token(token));
        }
        match store.read(&account.target) {
            Ok(record) => Ok(self.judge(account, record.as_ref(), want, stamp)),
            // whoever gets the lock moves it aside
            Err(state::Error::Corrupt { .. }) => Ok(Look::Ask { alive: None }),
            Err(error @ state::Error::Disk { .. }) => match self.copied(account) {
                Some(token) if want.is_token() => Ok(Look::Token(token)),
                _ => Err(error.into()),
            },
            Err(error) => Err(error.into()),
        }
    }

    pub(crate) fn clock(&self) -> &'a dyn Clock {
        self.clock
    }

    pub(crate) fn host(&self) -> &'a Host {
        self.host
    }

    pub(crate) fn disk(&self) -> OwnersDisk<'a> {
        OwnersDisk::new(self.raw_disk, self.host.owner())
    }

    pub(crate) fn store(&self) -> Store<'a> {
        Store::new(self.host, self.raw_disk)
    }
}
