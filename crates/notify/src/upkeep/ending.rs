//! What ends at a moment that is known, so that a target would stop working without any other cause: a client
//! secret, a certificate, an authorization. It is told in time, once at each step.

use crate::advice::{AUTHORIZE, named};
use crate::clock::day_of;
use crate::message::Message;
use crate::oauth2::{Account, GOOGLE, MICROSOFT, is_key};
use crate::state::{Record, Warned};

/// They are told when so many days are left, and at the end.
const STEPS: [u16; 5] = [0, 1, 7, 30, 60];
/// An authorization that only ends if nobody uses it is told from this step on: the daily run uses it.
const FIRST_OF_UNUSED: u16 = 30;
const DAY: i64 = 86_400;

/// What ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum What {
    /// The client secret.
    Secret,
    /// The certificate that the provider knows the application by.
    Certificate,
    /// The authorization, whatever becomes of it.
    Grant,
    /// The authorization, if it is not used before.
    Unused,
}

/// Something that ends.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Ending {
    pub(crate) what: What,
    /// When, in seconds since the epoch.
    pub(crate) at: i64,
    /// The step at which that is now: so many days are left at most.
    pub(crate) days: u16,
    /// The same in words.
    pub(crate) message: Message,
}

impl Ending {
    /// Whether it is over.
    pub(crate) fn is_over(&self) -> bool {
        self.days == 0
    }
}

impl What {
    /// Its name in a record.
    pub(crate) fn key(self) -> &'static str {
        match self {
            Self::Secret => "client-secret",
            Self::Certificate => "certificate",
            Self::Grant => "authorization",
            Self::Unused => "unused-authorization",
        }
    }

    /// What it is called where an administrator reads of it.
    pub(crate) fn in_words(self) -> &'static str {
        match self {
            Self::Secret => "client secret",
            Self::Certificate => "private key",
            Self::Grant | Self::Unused => "authorization",
        }
    }
}

/// When the credential of the application ends: what the provider has said counts before what was set.
pub(super) fn of_secret(account: &Account, record: Option<&Record>) -> Option<i64> {
    let ended = record.and_then(|record| record.secret_ended);
    ended.into_iter().chain(account.secret_ends).min()
}

/// When the grant ends, where that is sure.
pub(super) fn of_grant(record: &Record) -> Option<i64> {
    let end = record.grant_ends.as_ref().filter(|end| end.is_fixed);
    end.map(|end| end.at)
}

/// What ends soon. `unused` is when the authorization ends if it is not used before; `is_over`: it has ended.
pub(super) fn soon(
    account: &Account,
    record: Option<&Record>,
    (unused, is_over): (Option<i64>, bool),
    now: i64,
) -> Vec<Ending> {
    let credential = match is_key(&account.client_secret) {
        true => What::Certificate,
        false => What::Secret,
    };
    let grant = record.filter(|_| !account.identity.app_only && !is_over);
    // a date that a refresh has outlived is wrong
    let used = record.and_then(|record| record.refreshed);
    let secret = of_secret(account, record).filter(|end| used.is_none_or(|used| used < *end));
    let all = [
        (credential, secret),
        (What::Grant, grant.and_then(of_grant)),
        (What::Unused, unused),
    ];
    let soon = all.into_iter().filter_map(|(what, at)| {
        let at = at?;
        let days = step(at, now)?;
        let is_meant = what != What::Unused || days <= FIRST_OF_UNUSED;
        is_meant.then(|| Ending {
            what,
            at,
            days,
            message: message(what, at, account, now),
        })
    });
    soon.collect()
}

/// Those of them that were not told yet.
pub(super) fn untold(endings: Vec<Ending>, record: Option<&Record>) -> Vec<Ending> {
    let told = |ending: &Ending| {
        let warned = record.and_then(|record| record.warned.get(ending.what.key()));
        warned.is_some_and(|warned| warned.end == ending.at && warned.days <= ending.days)
    };
    endings.into_iter().filter(|ending| !told(ending)).collect()
}

/// Puts down that it was told.
pub(super) fn put_down(record: &mut Record, ending: &Ending) {
    let warned = Warned {
        end: ending.at,
        days: ending.days,
        ..Warned::default()
    };
    record.warned.insert(ending.what.key().to_owned(), warned);
}

/// The step at which a moment is now; none if it is further away than the first one.
fn step(at: i64, now: i64) -> Option<u16> {
    let left = at.saturating_sub(now);
    STEPS
        .into_iter()
        .find(|days| left <= i64::from(*days) * DAY)
}

fn message(what: What, at: i64, account: &Account, now: i64) -> Message {
    let (thing, day) = (what.in_words(), day_of(at));
    let left = at.saturating_sub(now);
    // a day that has begun counts
    let days = left.saturating_add(DAY - 1) / DAY;
    let when = match days {
        ..=0 => format!("expired on {day}"),
        1 => format!("expires on {day}, within a day"),
        days => format!("expires on {day}, in {days} days"),
    };
    let unless = match what {
        What::Unused if left > 0 => " unless it is refreshed before",
        _ => "",
    };
    let fix = match (what, account.provider.name.as_str()) {
        (What::Secret, _) => {
            "create a new one, then set oauth2-client-secret and oauth2-secret-expires".to_owned()
        }
        (What::Certificate, _) => {
            "create a new one with a certificate, then set oauth2-client-key".to_owned()
        }
        (What::Grant, GOOGLE) => {
            format!("publish the app (\"Google Auth Platform > Audience\"), then {AUTHORIZE}")
        }
        (What::Grant, MICROSOFT) => {
            format!("register the redirect URI under \"Web\", then {AUTHORIZE}")
        }
        (What::Grant, _) => AUTHORIZE.to_owned(),
        (What::Unused, _) => "fix the last error of the target".to_owned(),
    };
    Message::new(format!("the {thing} {when}{unless}")).fix(named(&fix, &account.target))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_step_is_told_once_and_a_new_date_begins_again() {
        let end = 1_000 * DAY;
        for (days_before, wanted) in [
            (61, None),
            (60, Some(60)),
            (31, Some(60)),
            (30, Some(30)),
            (8, Some(30)),
            (7, Some(7)),
            (2, Some(7)),
            (1, Some(1)),
            (0, Some(0)),
            (-400, Some(0)),
        ] {
            assert_eq!(step(end, end - days_before * DAY), wanted, "{days_before}");
        }
        assert_eq!(step(end, end - 60 * DAY - 1), None);
        assert_eq!(step(end, end - 1), Some(1));
        let ending = |at, days| Ending {
            what: What::Secret,
            at,
            days,
            message: Message::default(),
        };
        let mut record = Record::default();
        let due =
            |record: &Record, at, days| !untold(vec![ending(at, days)], Some(record)).is_empty();
        assert!(due(&record, end, 60) && !untold(vec![ending(end, 60)], None).is_empty());
        put_down(&mut record, &ending(end, 60));
        assert!(!due(&record, end, 60));
        assert!(due(&record, end, 30));
        put_down(&mut record, &ending(end, 7));
        assert!(!due(&record, end, 30), "a clock that goes back");
        assert!(due(&record, end, 1) && due(&record, end + DAY, 60));
    }
}
