//! What becomes of a person's grant while a target has other settings, with a grant of their own or an
//! application that acts for itself: it is kept aside, unused, and is there when the settings go back to
//! what it was given for.

use super::Keeper;
use super::objection::is_for;
use crate::oauth2::Account;
use crate::state::{Error, Record};

/// The record that is meant for the account: this one, or the one aside in it.
pub(crate) fn of<'r>(account: &Account, record: &'r Record) -> &'r Record {
    match &record.aside {
        Some(aside) if !is_for(account, record) && is_for(account, aside) => aside,
        _ => record,
    }
}

impl Keeper<'_> {
    /// The record to go on with in place of the present one.
    pub(super) fn successor(account: &Account, present: Option<Record>) -> Result<Record, Error> {
        let Some(mut present) = present else {
            return Record::new(account.identity.clone());
        };
        if is_for(account, &present) {
            return Ok(present);
        }
        let aside = present.aside.take();
        match aside {
            Some(mut aside) if is_for(account, &aside) => {
                aside.generation = present.generation;
                aside.sent = present.sent;
                keep(&mut aside, present);
                Ok(*aside)
            }
            // only an application that acts for itself gets here without a grant
            aside if present.identity != account.identity => {
                let mut record = Record::new(account.identity.clone())?;
                record.generation = present.generation;
                record.sent = present.sent;
                record.aside = aside;
                keep(&mut record, present);
                Ok(record)
            }
            // only its server is another
            aside => {
                present.aside = aside;
                present.access_token = None;
                present.previous_secret = None;
                present.secret_refused = None;
                Ok(present)
            }
        }
    }
}

/// Keeps a person's grant aside in the record that takes its place.
pub(super) fn keep(record: &mut Record, mut present: Record) {
    present.access_token = None;
    present.previous_secret = None;
    present.secret_refused = None;
    if present.refresh_token.is_some() {
        record.aside = Some(present.into());
    }
}
