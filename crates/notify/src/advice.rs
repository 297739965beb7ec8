//! The words for people: for every known cause one row that says what happened, who has to act and what
//! to do.
//!
//! The rows are data, one table per source: RFC 6749, Microsoft, Google, answers that are no answer,
//! mail and web servers, and the way to the peer. No decision depends on a row: [`crate::verdict`] asks
//! for the cause.

mod aadsts;
mod google;
mod net;
mod refresh;
mod reply;
mod rfc6749;
mod smtp;
mod status;

use std::fmt;

use crate::cause::{Cause, Denial, Oddity};
use crate::message::Message;

/// One row of a table.
#[derive(Debug, PartialEq, Eq)]
pub struct Advice {
    /// A stable name for the row: the error code, reason or situation it stands for.
    pub key: &'static str,
    /// The HTTP-like code of the failure: 400, 502 or 504.
    pub code: u16,
    /// What happened: a clause in lower case.
    pub what: &'static str,
    /// Who has to act.
    pub who: &'static str,
    /// What to do; continues "who has to".
    pub cure: &'static str,
}

impl fmt::Display for Advice {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.message().fmt(f)
    }
}

impl Advice {
    /// The row as a message.
    #[must_use]
    pub fn message(&self) -> Message {
        Message::new(words(self.what)).fix(format!(
            "{} has to {}",
            words(self.who),
            words(self.cure)
        ))
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
    let row = of(cause)?;
    let other = refresh::TABLE
        .iter()
        .find(|(keys, _)| keys.contains(&row.key));
    Some(other.map_or(row, |(_, other)| other))
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
fn words(text: &'static str) -> &'static str {
    text
}

/// A test may put "x" in the place of every text of every row.
#[cfg(test)]
fn words(text: &'static str) -> &'static str {
    match tests::MUTE.get() {
        true => "x",
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
        .chain(reply::rows())
        .chain(smtp::rows())
        .chain(status::rows())
        .chain(net::rows())
}

#[cfg(test)]
pub(crate) mod tests {
    use std::cell::Cell;
    use std::collections::HashSet;

    use super::*;

    thread_local! {
        /// Whether every text is "x".
        pub(crate) static MUTE: Cell<bool> = const { Cell::new(false) };
    }

    #[test]
    fn every_row_is_complete_and_none_repeats_another() {
        let (mut keys, mut whats, mut sentences) = (HashSet::new(), HashSet::new(), HashSet::new());
        for row in all() {
            for text in [row.key, row.what, row.who, row.cure] {
                assert!(!text.is_empty() && text.trim() == text, "{row:?}");
                assert!(!text.ends_with('.'), "no full stop: {row:?}");
                assert!(!text.contains(char::is_control), "{row:?}");
            }
            assert!([400, 500, 502, 504].contains(&row.code), "{row:?}");
            assert!(
                row.what.chars().count() <= 160 && row.cure.chars().count() <= 260,
                "{row:?}"
            );
            assert!(keys.insert(row.key), "key twice: {}", row.key);
            assert!(whats.insert(row.what), "what twice: {row:?}");
            assert!(sentences.insert(row.to_string()), "sentence twice: {row:?}");
        }
        assert!(keys.len() > 60, "only {} rows", keys.len());
    }

    #[test]
    fn every_number_of_microsoft_leads_to_one_row() {
        let mut numbers = HashSet::new();
        for number in aadsts::TABLE.iter().flat_map(|(numbers, _)| numbers.iter()) {
            assert!(numbers.insert(number), "AADSTS{number} twice");
        }
        for number in [
            700082, 70008, 700084, 50173, 70043, 50076, 50078, 50079, 53003, 530032, 530035, 50057,
            50034, 50020, 500208, 65001, 65004, 65006, 90094, 7000215, 7000222, 70002, 7000218,
            700025, 700016, 7000112, 70001, 700011, 50011, 900971, 50194, 9002332, 90130, 9001023,
            90002, 90038, 54005, 501481, 700005, 70011, 28002, 65005, 650057, 700022, 90033, 90006,
            90024, 50033, 90012, 90055, 50196,
        ] {
            let denial = Denial {
                numbers: vec![number],
                ..Denial::default()
            };
            assert!(
                denied(&denial).key.starts_with("aadsts-"),
                "AADSTS{number} missing"
            );
        }
        assert_eq!(denied(&Denial::default()).key, "unknown-error");
        for word in crate::verdict::WORDS {
            assert!(is_word(word), "{word} would not be kept");
        }
    }
}
