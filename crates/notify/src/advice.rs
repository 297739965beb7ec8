//! Advice: for every known failure one row that says what happened, who has to act and what to do.
//!
//! The rows are data, one table per source: RFC 6749, Microsoft, Google, answers that are no answer,
//! mail and web servers, and the way to the peer. `Display` makes them one sentence: "what; who has to
//! cure".

mod aadsts;
mod google;
mod refresh;
mod reply;
mod rfc6749;
mod smtp;
mod status;
mod way;

use std::fmt;

pub use reply::Oddity;
pub use smtp::Snag;
pub use way::{Cause, Phase};

use crate::smtp::{Reply, Step};

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
        write!(f, "{}; {} has to {}", self.what, self.who, self.cure)
    }
}

/// Advice on an `error` code of RFC 6749 sections 4.1.2.1 and 5.2, or of RFC 8628 section 3.5.
#[must_use]
pub fn for_oauth2(code: &str) -> Option<&'static Advice> {
    rfc6749::TABLE.iter().find(|row| row.key == code)
}

/// Advice on one of Google's reasons (`error` or `error_subtype`).
#[must_use]
pub fn for_google(reason: &str) -> Option<&'static Advice> {
    google::TABLE.iter().find(|row| row.key == reason)
}

/// Advice on a Microsoft error number, as in `AADSTS700082`.
#[must_use]
pub fn for_aadsts(number: u32) -> Option<&'static Advice> {
    aadsts::TABLE
        .iter()
        .find(|(numbers, _)| numbers.contains(&number))
        .map(|(_, row)| row)
}

/// Advice on the status with which a web server refuses a notification.
#[must_use]
pub fn for_status(status: u16) -> &'static Advice {
    status::find(status)
}

/// Advice on the refusal of a mail server: its reply, the step (and `TOKEN` or `PASSWORD` for a login)
/// where it came.
#[must_use]
pub fn for_smtp(reply: &Reply, step: Step, login: Option<&str>) -> &'static Advice {
    let mut facts = vec![reply.code.to_string(), format!("{}xx", reply.code / 100)];
    if let Some((class, subject, detail)) = reply.enhanced {
        facts.push(format!("{class}.{subject}.{detail}"));
    }
    facts.push(step.word().to_owned());
    facts.extend(login.map(str::to_owned));
    smtp::find(&facts, &reply.text)
}

/// The advice in place of the row of this key where a token was to be refreshed.
pub(crate) fn for_refresh(key: &str) -> Option<&'static Advice> {
    refresh::TABLE
        .iter()
        .find(|(keys, _)| keys.contains(&key))
        .map(|(_, row)| row)
}

/// All rows of all tables, for documentation and tests.
pub fn all() -> impl Iterator<Item = &'static Advice> {
    rfc6749::TABLE
        .iter()
        .chain(google::TABLE)
        .chain(aadsts::TABLE.iter().map(|(_, row)| row))
        .chain(refresh::TABLE.iter().map(|(_, row)| row))
        .chain(Oddity::rows())
        .chain(smtp::rows())
        .chain(status::rows())
        .chain(way::rows())
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

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
            assert!(for_aadsts(number).is_some(), "AADSTS{number} missing");
        }
        assert!(for_aadsts(1).is_none());
    }
}
