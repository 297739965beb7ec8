//! Client secrets of settings that were changed: each is kept with what it was given for, never used for
//! anything else, and there again when the settings go back, whoever changes them. They end with the login
//! by OAuth2.

use std::str::FromStr;

use super::key::CLIENT_KEY;
use super::{CLIENT_SECRET, Smtp};
use crate::Secret;
use crate::config::fault::Flaw;
use crate::config::fields::{Fields, Rows};
use crate::hash::sha256;
use crate::hex::hex;
use crate::oauth2::is_key;

/// May stand there several times.
pub(super) const KEY: &str = "aside-client-secret";
/// The same for a private key.
pub(super) const KEY_OF_KEYS: &str = "aside-client-key";

/// How many are kept; the oldest goes first.
const MOST: usize = 4;

/// A secret, and a hash of the settings that it was given for.
#[derive(Clone, Debug)]
pub(in crate::config) struct Aside {
    /// Both, as in the file.
    row: Secret,
    granted_for: String,
    secret: Secret,
}

impl FromStr for Aside {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text.split_once(' ') {
            Some((mark, secret)) if mark.len() == 64 && !secret.is_empty() => {
                Ok(Self::new(mark.to_owned(), Secret::new(secret)))
            }
            _ => Err("must be a hash of settings and a secret"),
        }
    }
}

impl Aside {
    fn new(granted_for: String, secret: Secret) -> Self {
        Self {
            row: Secret::new(format!("{granted_for} {}", secret.expose())),
            granted_for,
            secret,
        }
    }

    pub(super) fn is_key(&self) -> bool {
        is_key(&self.secret)
    }

    fn is_of(&self, item: &Smtp) -> bool {
        self.granted_for == mark(item)
    }
}

pub(super) fn read(fields: &Fields<'_, '_>) -> Result<Vec<Aside>, Flaw> {
    let mut asides: Vec<Aside> = fields.many(KEY)?;
    let keys: Vec<Aside> = fields.many(KEY_OF_KEYS)?;
    asides.extend(keys);
    Ok(asides)
}

pub(super) fn write<'s>(item: &'s Smtp, rows: &mut Rows<'s>) {
    for aside in &item.asides {
        let key = if aside.is_key() { KEY_OF_KEYS } else { KEY };
        rows.secret(key, Some(&aside.row));
    }
}

impl Smtp {
    /// The client secret that was given for the settings as they are now.
    #[must_use]
    pub fn client_secret(&self) -> Option<&Secret> {
        // the settings went back by other means than a change here
        let aside = self.asides.iter().find(|aside| aside.is_of(self));
        let secret = aside.map(|aside| &aside.secret);
        secret.or(self.oauth2_client_secret.as_ref())
    }

    /// The parameter that one of other settings was given as, where there is one.
    #[must_use]
    pub fn credential_aside(&self) -> Option<&'static str> {
        let aside = self.asides.iter().find(|aside| !aside.is_of(self))?;
        Some(match aside.is_key() {
            true => CLIENT_KEY,
            false => CLIENT_SECRET,
        })
    }
}

/// What a change of the settings means for the secrets in store.
pub(super) fn settle(old: &Smtp, item: &mut Smtp, gives_secret: bool) {
    // a deletion takes all of them
    let is_left = item.oauth2_client_secret.is_some() || !item.asides.is_empty();
    let is_deleted = !is_left && old.client_secret().is_some();
    let is_same = old.granted_for() == item.granted_for();
    let is_bare = std::mem::take(&mut item.is_bare);
    if item.oauth2_method().is_none() || (is_deleted && !gives_secret) {
        item.asides.clear();
        if !gives_secret {
            item.oauth2_client_secret = None;
        }
        return;
    }
    let place = item.asides.iter().position(|aside| aside.is_of(item));
    let meant = place.map(|place| item.asides.remove(place));
    if is_same {
        // without a new one it stays where it is
        let unused = meant.filter(|_| !gives_secret);
        item.asides.extend(unused);
        return;
    }
    if !gives_secret {
        item.oauth2_client_secret = meant.map(|aside| aside.secret);
    }
    // what was deleted is kept nowhere
    if let Some(secret) = old.client_secret().filter(|_| !is_bare) {
        let granted_for = mark(old);
        item.asides.retain(|aside| aside.granted_for != granted_for);
        let aside = Aside::new(granted_for, secret.clone());
        item.asides.insert(0, aside);
        item.asides.truncate(MOST);
    }
}

fn mark(item: &Smtp) -> String {
    hex(&sha256(item.granted_for().join("\n").as_bytes()))
}
