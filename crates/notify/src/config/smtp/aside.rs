//! The client secret of settings that were changed: kept with what it was given for, never used for
//! anything else, and there again when the settings go back, whoever changes them. It ends with the login
//! by OAuth2.

use super::Smtp;
use crate::Secret;
use crate::config::fault::Flaw;
use crate::config::fields::{Fields, Rows};
use crate::config::limits;
use crate::hash::sha256;
use crate::hex::hex;

pub(super) const SECRET: &str = "aside-client-secret";
pub(super) const FOR: &str = "aside-granted-for";

/// A secret, and a hash of the settings that it was given for.
#[derive(Clone, Debug)]
pub(in crate::config) struct Aside {
    secret: Secret,
    granted_for: String,
}

impl Aside {
    pub(super) fn read(fields: &Fields<'_, '_>) -> Result<Option<Self>, Flaw> {
        let (secret, granted_for) = (fields.secret(SECRET)?, fields.one(FOR)?);
        limits::secret(SECRET, secret.as_ref()).map_err(|fault| fields.locate(fault))?;
        // one without the other is of no use
        Ok(secret.zip(granted_for).map(|(secret, granted_for)| Self {
            secret,
            granted_for,
        }))
    }

    pub(super) fn write<'a>(&'a self, rows: &mut Rows<'a>) {
        rows.secret(SECRET, Some(&self.secret));
        rows.text(FOR, [&self.granted_for]);
    }

    fn is_of(&self, item: &Smtp) -> bool {
        self.granted_for == mark(item)
    }
}

impl Smtp {
    /// The client secret that was given for the settings as they are now.
    #[must_use]
    pub fn client_secret(&self) -> Option<&Secret> {
        // the settings went back by other means than a change here
        let aside = self.aside.as_ref().filter(|aside| aside.is_of(self));
        let secret = aside.map(|aside| &aside.secret);
        secret.or(self.oauth2_client_secret.as_ref())
    }

    /// Whether there is one of other settings.
    #[must_use]
    pub fn has_secret_aside(&self) -> bool {
        self.aside.as_ref().is_some_and(|aside| !aside.is_of(self))
    }
}

/// What a change of the settings means for the secrets in store.
pub(super) fn settle(old: &Smtp, item: &mut Smtp, gives_secret: bool) {
    let stored = old.client_secret();
    let is_deleted = item.oauth2_client_secret.is_none() && old.oauth2_client_secret.is_some();
    if item.oauth2_method().is_none() || (is_deleted && !gives_secret) {
        item.aside = None;
        if !gives_secret {
            item.oauth2_client_secret = None;
        }
        return;
    }
    let meant = item.aside.clone().filter(|aside| aside.is_of(item));
    if old.granted_for() == item.granted_for() {
        // a new one counts
        item.aside.take_if(|_| gives_secret && meant.is_some());
        return;
    }
    let before = stored.map(|secret| Aside {
        secret: secret.clone(),
        granted_for: mark(old),
    });
    if !gives_secret {
        item.oauth2_client_secret = meant.map(|aside| aside.secret);
    }
    item.aside = before
        .or(item.aside.take())
        .filter(|aside| !aside.is_of(item));
}

fn mark(item: &Smtp) -> String {
    hex(&sha256(item.granted_for().join("\n").as_bytes()))
}
