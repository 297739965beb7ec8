//! The words for people: for every known cause one row that says what happened, who has to act and what
//! to do.
//!
//! The rows are data, one table per source: RFC 6749, Microsoft, Google, answers that are no answer,
//! mail and web servers, and the way to the peer. No decision depends on a row: [`crate::verdict`] asks
//! for the cause.

mod aadsts;
mod app_only;
mod device;
mod google;
mod net;
mod refresh;
mod reply;
mod rfc6749;
mod service_account;
mod smtp;
mod status;

use std::fmt;

use crate::cause::{Cause, Denial, Oddity};
use crate::message::Message;

/// What a target needs that lacks a person's consent.
pub const AUTHORIZE: &str = "authorize the target again (pve-notify authorize)";

/// The command in a row, which knows of no target.
const COMMAND: &str = "(pve-notify authorize)";

/// The fix with the command for this target.
#[must_use]
pub(crate) fn named(fix: &str, target: &str) -> String {
    fix.replace(COMMAND, &format!("(pve-notify authorize {target})"))
}

/// The same in a row that has more to say before it, or about how.
macro_rules! again {
    ($before:literal, $after:literal) => {
        concat!(
            $before,
            "authorize again",
            $after,
            " (pve-notify authorize)"
        )
    };
    ($before:literal) => {
        $crate::advice::again!($before, "")
    };
    () => {
        $crate::advice::AUTHORIZE
    };
}
pub(crate) use again;

/// Who has to act.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// Who reads it: the administrator of this machine.
    Reader,
    /// An administrator of the tenant or Workspace.
    Tenant,
    /// The mail server's administrator.
    MailServer,
    /// The owner of a mailbox.
    MailboxOwner,
}

impl Role {
    /// What a fix for this role begins with.
    #[must_use]
    pub fn prefix(self) -> &'static str {
        match self {
            Self::Reader => "",
            Self::Tenant => "tenant administrator: ",
            Self::MailServer => "mail server administrator: ",
            Self::MailboxOwner => "mailbox owner: ",
        }
    }
}

/// One row of a table.
#[derive(Debug, PartialEq, Eq)]
pub struct Advice {
    /// A stable name for the row: the error code, reason or situation it stands for.
    pub key: &'static str,
    /// The HTTP-like code of the failure: 400, 502 or 504.
    pub code: u16,
    /// What happened: a clause in lower case, of at most 80 characters.
    pub what: &'static str,
    /// Who has to act.
    pub who: Role,
    /// What to do, in the imperative; of at most 100 characters with the role before it.
    pub cure: &'static str,
}

/// A row; the arguments in the order of the message.
const fn row(
    key: &'static str,
    code: u16,
    what: &'static str,
    who: Role,
    cure: &'static str,
) -> Advice {
    Advice {
        key,
        code,
        what,
        who,
        cure,
    }
}

impl fmt::Display for Advice {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.message().fmt(f)
    }
}

impl Advice {
    /// What to do, and by whom if not by the reader.
    #[must_use]
    pub fn fix(&self) -> String {
        format!("{}{}", self.who.prefix(), self.cure)
    }

    /// The row as a message.
    #[must_use]
    pub fn message(&self) -> Message {
        Message::new(words(self.what.to_owned())).fix(words(self.fix()))
    }
}

/// The row for a cause; `None` for one that is told in its own words.
#[must_use]
pub fn of(cause: &Cause) -> Option<&'static Advice> {
    Some(match cause {
        Cause::Late(phase) => net::timeout(*phase),
        Cause::Lost(loss) => net::loss(*loss),
        Cause::Reply(_, refusal) => smtp::refusal(*refusal),
        Cause::Snag(snag) => smtp::snag(*snag),
        Cause::Status(status) => status::find(*status),
        Cause::Denied(denial) => denied(denial),
        Cause::Odd(oddity) => reply::oddity(*oddity),
        Cause::Garbled
        | Cause::Exit(_)
        | Cause::Ended
        | Cause::Busy
        | Cause::Pausing
        | Cause::Consent
        | Cause::Settings => return None,
    })
}

/// The row as a message; an empty one where there is no row.
#[must_use]
pub fn message(row: Option<&Advice>) -> Message {
    row.map_or_else(Message::default, Advice::message)
}

/// The same where nobody is waiting at a browser: a refresh token was sent, not a code.
#[must_use]
pub fn of_refresh(cause: &Cause) -> Option<&'static Advice> {
    replaced(cause, refresh::TABLE).or_else(|| of(cause))
}

/// The same where an application asked for itself, and no person has consented.
#[must_use]
pub fn of_app_only(cause: &Cause) -> Option<&'static Advice> {
    replaced(cause, app_only::TABLE).or_else(|| of_refresh(cause))
}

/// The same where a service account asked for a mailbox.
#[must_use]
pub fn of_service_account(cause: &Cause) -> Option<&'static Advice> {
    replaced(cause, service_account::TABLE).or_else(|| of_app_only(cause))
}

/// The same where a person consents on another device.
#[must_use]
pub fn of_device(cause: &Cause) -> Option<&'static Advice> {
    replaced(cause, device::TABLE).or_else(|| of(cause))
}

/// The row of this table in the place of the usual one.
fn replaced(
    cause: &Cause,
    table: &'static [(&'static [&'static str], Advice)],
) -> Option<&'static Advice> {
    let row = of(cause)?;
    let other = table.iter().find(|(keys, _)| keys.contains(&row.key));
    other.map(|(_, other)| other)
}

/// Whether it is a word of RFC 6749 or its companions, or one of Google's.
pub(crate) fn is_word(word: &str) -> bool {
    let mut rows = rfc6749::TABLE.iter().chain(google::TABLE);
    rows.any(|row| row.key == word)
}

/// The finest of the provider's words that a table knows.
fn denied(denial: &Denial) -> &'static Advice {
    let Denial {
        status,
        error,
        subtype,
        numbers,
    } = denial;
    let google = |reason: &str| google::TABLE.iter().find(|row| row.key == reason);
    let aadsts = |number: &u32| {
        let row = aadsts::TABLE.iter().find(|(all, _)| all.contains(number));
        row.map(|(_, row)| row)
    };
    google(subtype)
        .or_else(|| numbers.iter().find_map(aadsts))
        .or_else(|| google(error))
        .or_else(|| rfc6749::TABLE.iter().find(|row| row.key == error))
        .unwrap_or_else(|| {
            reply::oddity(match status {
                429 => Oddity::TooManyRequests,
                504 => Oddity::GatewayTimeout,
                500.. => Oddity::ServerStatus,
                _ => Oddity::UnknownError,
            })
        })
}

#[cfg(not(test))]
fn words(text: String) -> String {
    text
}

/// A test may put "x" in the place of every text of every row.
#[cfg(test)]
fn words(text: String) -> String {
    match tests::MUTE.get() {
        true => "x".to_owned(),
        false => text,
    }
}

/// All rows of all tables, for documentation and tests.
pub fn all() -> impl Iterator<Item = &'static Advice> {
    rfc6749::TABLE
        .iter()
        .chain(google::TABLE)
        .chain(aadsts::TABLE.iter().map(|(_, row)| row))
        .chain(refresh::TABLE.iter().map(|(_, row)| row))
        .chain(app_only::TABLE.iter().map(|(_, row)| row))
        .chain(service_account::TABLE.iter().map(|(_, row)| row))
        .chain(device::TABLE.iter().map(|(_, row)| row))
        .chain(reply::rows())
        .chain(smtp::rows())
        .chain(status::rows())
        .chain(net::rows())
}

#[cfg(test)]
pub(crate) mod tests;
