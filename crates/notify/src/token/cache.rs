//! What one process remembers: the tokens it saw last, each valid while the record on disk is the one
//! it came from; and which of its threads renews what.
//!
//! Nobody waits for the tokens: a call that finds them in use, also for ever as in a child forked at the
//! wrong moment, reads the record instead.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, TryLockError};

use super::age::{LocalCopy, key};
use super::look::Want;
use super::queue::Queue;
use super::{AccessToken, Keeper};
use crate::disk::Stamp;
use crate::oauth2::Account;

/// So many tokens are remembered.
const MAX: usize = 1024;

/// The memory of one process.
#[derive(Debug, Default)]
pub struct Cache {
    entries: Mutex<HashMap<String, Entry>>,
    pub(super) queue: Queue,
}

#[derive(Debug)]
struct Entry {
    stamp: Stamp,
    copy: LocalCopy,
}

impl Cache {
    /// An empty one.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    fn lock(&self) -> Option<MutexGuard<'_, HashMap<String, Entry>>> {
        match self.entries.try_lock() {
            Ok(guard) => Some(guard),
            // whatever panicked left whole entries
            Err(TryLockError::Poisoned(error)) => Some(error.into_inner()),
            Err(TryLockError::WouldBlock) => None,
        }
    }
}

impl Keeper<'_> {
    /// A fresh token from memory, if the record is still the one it came from.
    pub(super) fn cached(
        &self,
        account: &Account,
        want: Want<'_>,
        stamp: Option<Stamp>,
    ) -> Option<AccessToken> {
        let entries = self.cache.lock()?;
        let entry = entries.get(&key(account))?;
        let good = want.is_token()
            && Some(entry.stamp) == stamp
            && entry.copy.is_fresh(account, self.clock.uptime());
        good.then(|| entry.copy.token())
    }

    pub(super) fn remember(&self, account: &Account, copy: &LocalCopy, stamp: Option<Stamp>) {
        let (Some(mut entries), Some(stamp)) = (self.cache.lock(), stamp) else {
            return;
        };
        if entries.len() >= MAX {
            entries.clear();
        }
        let copy = copy.clone();
        entries.insert(key(account), Entry { stamp, copy });
    }

    /// The token of this machine's copy while it lives: for when the record cannot be read.
    pub(super) fn copied(&self, account: &Account) -> Option<AccessToken> {
        let copy = self.read_copy(account)?;
        copy.is_alive(self.clock.uptime()).then(|| copy.token())
    }
}
