//! Why what is kept must not be used for a target as its settings are now: it was given for something
//! else. Whoever changes the settings may not reach for the record afterwards - another process may be
//! sending, the write may be cut short, a hand or another node may have made the change - so that the
//! record itself says what it is for, and each use compares.

use super::look::fingerprint;
use super::{Error, Keeper};
use crate::oauth2::Account;
use crate::state::Record;

impl Keeper<'_> {
    /// Why nothing of this record may be used for the account; `None` also where an application that
    /// acts for itself can simply ask for a new token.
    pub(crate) fn objection(&self, account: &Account, record: &Record) -> Option<Error> {
        if account.identity.app_only {
            // a client secret of its own was entered for these settings
            if has_new_secret(account, record) {
                return None;
            }
        } else if record.refresh_token.is_none() {
            return Some(self.no_grant(account));
        }
        difference(account, record)
    }
}

/// In what the settings are others than those that the record was made for.
pub(crate) fn difference(account: &Account, record: &Record) -> Option<Error> {
    if !is_for_same_application(account, record) {
        return Some(settings_changed(account, record));
    }
    is_for_another_server(account, record).then(|| Error::ServerChanged {
        target: account.target.clone(),
        granted: Box::new(record.peer.clone().unwrap_or_default()),
        named: Box::new(account.peer.clone()),
        app_only: account.identity.app_only,
    })
}

fn settings_changed(account: &Account, record: &Record) -> Error {
    let difference = record.identity.difference(&account.identity);
    let (setting, values) = difference.unwrap_or_default();
    Error::SettingsChanged {
        target: account.target.clone(),
        setting,
        values: values.map(str::to_owned),
        app_only: account.identity.app_only,
    }
}

/// Whether it says so; a record of before does not. Another port of the same host is none.
pub(super) fn is_for_another_server(account: &Account, record: &Record) -> bool {
    record
        .peer
        .as_ref()
        .is_some_and(|peer| peer.host() != account.peer.host())
}

/// Whether it is the same application at the same provider, for the same mailbox.
fn is_for_same_application(account: &Account, record: &Record) -> bool {
    let mut identity = record.identity.clone();
    identity.app_only = account.identity.app_only;
    identity == account.identity
}

/// Whether what is kept was given for the account.
pub(super) fn is_for(account: &Account, record: &Record) -> bool {
    record.identity == account.identity && !is_for_another_server(account, record)
}

/// Whether an application that acts for itself has got another secret since the record was written.
pub(super) fn has_new_secret(account: &Account, record: &Record) -> bool {
    !record.settings.is_empty() && record.settings != fingerprint(account, record)
}
