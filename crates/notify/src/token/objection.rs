//! Why what is kept must not be used for a target as its settings are now: it was given for something
//! else. Whoever changes the settings may not reach for the record afterwards - another process may be
//! sending, the write may be cut short, a hand or another node may have made the change - so that the
//! record itself says what it is for, and each use compares.

use super::look::fingerprint;
use super::{Error, Keeper};
use crate::oauth2::Account;
use crate::state::{Record, Standing, Trouble};

impl Keeper<'_> {
    /// Why nothing of this record may be used for the account; `None` also where an application that
    /// acts for itself can simply ask for a new token.
    pub(crate) fn objection(&self, account: &Account, record: &Record) -> Option<Error> {
        let target = account.target.clone();
        let app_only = account.identity.app_only;
        let moved = is_for_another_server(account, record);
        let changed = record.identity != account.identity;
        if app_only {
            // a client secret of its own was handed in for these settings
            if has_new_secret(account, record) || !moved {
                return None;
            }
        } else if record.refresh_token.is_none() {
            return Some(self.no_grant(account));
        } else if !changed && !moved {
            return None;
        } else if record.standing == Standing::AuthorizeAgain {
            let trouble = record.trouble.as_ref();
            let reason = trouble.map(Trouble::reason).unwrap_or_default();
            return Some(Error::Ended { target, reason });
        } else if changed {
            return Some(Error::SettingsChanged { target });
        }
        Some(Error::ServerChanged {
            target,
            granted: Box::new(record.peer.clone().unwrap_or_default()),
            named: Box::new(account.peer.clone()),
            app_only,
        })
    }
}

/// Whether it says so; a record of before does not.
pub(super) fn is_for_another_server(account: &Account, record: &Record) -> bool {
    record
        .peer
        .as_ref()
        .is_some_and(|peer| *peer != account.peer)
}

/// Whether an application that acts for itself has got another secret since the record was written.
pub(super) fn has_new_secret(account: &Account, record: &Record) -> bool {
    !record.settings.is_empty() && record.settings != fingerprint(account, record)
}
