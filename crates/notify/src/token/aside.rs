//! What becomes of a person's grant while an application acts for itself in its place: it is kept
//! aside, unused, and is there when the settings go back to what it was given for.

use super::Keeper;
use crate::oauth2::Account;
use crate::state::{Error, Record};

/// The record that is meant for the account: this one, or the one aside in it.
pub(crate) fn of<'r>(account: &Account, record: &'r Record) -> &'r Record {
    match &record.aside {
        Some(aside) if record.identity != account.identity => {
            let is_meant = aside.identity == account.identity;
            if is_meant { aside } else { record }
        }
        _ => record,
    }
}

impl Keeper<'_> {
    /// The record to go on with in place of the present one.
    pub(super) fn successor(account: &Account, present: Option<Record>) -> Result<Record, Error> {
        let Some(mut present) = present else {
            return Record::new(account.identity.clone());
        };
        if present.identity == account.identity {
            return Ok(present);
        }
        let (generation, sent) = (present.generation, present.sent);
        let aside = present.aside.take();
        let mut record = match aside {
            Some(aside) if aside.identity == account.identity => *aside,
            // only an application that acts for itself gets here without a grant
            aside => {
                let mut record = Record::new(account.identity.clone())?;
                present.access_token = None;
                let is_grant = present.refresh_token.is_some();
                record.aside = if is_grant {
                    Some(present.into())
                } else {
                    aside
                };
                record
            }
        };
        record.generation = generation;
        record.sent = sent;
        Ok(record)
    }
}
