//! How old an access token is.
//!
//! A machine that has seen a token keeps a copy with the machine's uptime, which no change of the
//! clock touches and which goes on during a suspension. Where there is no such copy - after a restart,
//! or when another node obtained the token - the clocks have to do. A moment that lies in the future
//! means that a clock was set: the age is then unknown, which costs one refresh. The clocks of two
//! nodes may differ by more than that without harm.

use std::time::Duration;

use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use super::run_file::COPY;
use super::{AccessToken, Keeper};
use crate::Secret;
use crate::clock::boot_id;
use crate::disk::Disk;
use crate::hash::sha256;
use crate::hex::hex;
use crate::oauth2::Account;
use crate::state::Record;

/// So far in the future a token of this node may be.
const OWN_CLOCK: i64 = 300;
/// So far in the future a token of another node may be.
const OTHER_CLOCK: i64 = 1800;
/// A token is renewed so long before its end, unless the settings say otherwise.
const EARLY: Duration = Duration::from_secs(900);
/// A token is not used any more so long before its end.
const LAST: Duration = Duration::from_secs(30);

/// What this machine knows of an access token.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub(super) struct LocalCopy {
    /// Tells one start of the machine from another.
    boot: String,
    /// What the token is for: [`key`] of its account.
    of: String,
    /// The access token's id.
    id: String,
    /// The record's id.
    record: String,
    /// The record's generation when the copy was made.
    generation: u64,
    /// The uptime at which the token was obtained, in milliseconds; before the start it is negative.
    born: i64,
    life: u32,
    access_token: Secret,
}

/// The same, to be written.
#[derive(Serialize)]
#[serde(rename_all = "kebab-case")]
struct Written<'a> {
    boot: &'a str,
    of: &'a str,
    id: &'a str,
    record: &'a str,
    generation: u64,
    born: i64,
    life: u32,
    access_token: &'a str,
}

impl LocalCopy {
    /// What is left of its life.
    fn left(&self, uptime: Duration) -> Duration {
        let age = milliseconds(uptime).saturating_sub(self.born).max(0);
        let age = Duration::from_millis(age.unsigned_abs());
        self.life().saturating_sub(age)
    }

    fn life(&self) -> Duration {
        Duration::from_secs(self.life.into())
    }

    /// Whether it need not be renewed yet: by a quarter of its life, or by 15 minutes if that is less;
    /// or by what the settings say, which may take half of its life at most.
    pub(super) fn is_fresh(&self, account: &Account, uptime: Duration) -> bool {
        let early = match account.refresh_before {
            Some(early) => early.min(self.life() / 2),
            None => EARLY.min(self.life() / 4),
        };
        self.left(uptime) > early
    }

    /// Whether a mail server will still take it.
    pub(super) fn is_alive(&self, uptime: Duration) -> bool {
        self.left(uptime) > LAST.min(self.life() / 4)
    }

    pub(super) fn token(&self) -> AccessToken {
        AccessToken {
            token: self.access_token.clone(),
            id: self.id.clone(),
        }
    }

    pub(super) fn is_of(&self, record: &Record) -> bool {
        self.id == record.token_id && record.access_token.is_some()
    }
}

impl Keeper<'_> {
    /// The record's token as this machine knows it; `None` if there is none or its age is unknown.
    pub(super) fn own_copy(&self, account: &Account, record: &Record) -> Option<LocalCopy> {
        let known = self.read_copy(account);
        if let Some(copy) = &known {
            if copy.is_of(record) {
                return known;
            }
            // an older record than was seen before: somebody has restored it
            if copy.record == record.id && copy.generation > record.generation {
                return None;
            }
        }
        let now = self.clock.now();
        let obtained = record.obtained?;
        let ahead = if record.obtained_by == self.host.node() {
            OWN_CLOCK
        } else {
            OTHER_CLOCK
        };
        if now < obtained.saturating_sub(ahead) {
            return None;
        }
        let age = now.saturating_sub(obtained).max(0).saturating_mul(1000);
        let copy = LocalCopy {
            boot: boot_id(),
            of: key(account),
            id: record.token_id.clone(),
            record: record.id.clone(),
            generation: record.generation,
            born: milliseconds(self.clock.uptime()).saturating_sub(age),
            life: record.life,
            access_token: record.access_token.clone()?,
        };
        self.write_copy(account, &copy);
        Some(copy)
    }

    /// The copy of whatever token this machine saw last, if it is of this start of the machine.
    pub(super) fn read_copy(&self, account: &Account) -> Option<LocalCopy> {
        let found = self.read_run_file(&account.target, COPY)?;
        let copy: LocalCopy = serde_json::from_slice(&found).ok()?;
        (copy.boot == boot_id() && copy.of == key(account)).then_some(copy)
    }

    /// A copy that cannot be written is done without.
    fn write_copy(&self, account: &Account, copy: &LocalCopy) {
        let written = Written {
            boot: &copy.boot,
            of: &copy.of,
            id: &copy.id,
            record: &copy.record,
            generation: copy.generation,
            born: copy.born,
            life: copy.life,
            access_token: copy.access_token.expose(),
        };
        let bytes = Zeroizing::new(serde_json::to_vec(&written).unwrap_or_default());
        let _ = self.write_run_file(&account.target, COPY, &bytes);
    }

    pub(super) fn drop_copy(&self, target: &str) {
        let _ = self.disk().remove(&self.run_file(target, COPY));
    }
}

/// A target, whose tokens it uses and where they are sent, as a name.
pub(super) fn key(account: &Account) -> String {
    hash(&(&account.target, &account.identity, &account.peer.host()))
}

/// A name for these values that fits into a file name.
pub(crate) fn hash(values: &impl Serialize) -> String {
    let text = serde_json::to_string(values).unwrap_or_default();
    let hash = sha256(text.as_bytes());
    hex(hash.get(..16).unwrap_or_default())
}

fn milliseconds(time: Duration) -> i64 {
    i64::try_from(time.as_millis()).unwrap_or(i64::MAX)
}
