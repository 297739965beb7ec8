//! The place of the client secret, which may hold a private key: what is given, read and written for it.

use super::{CLIENT_SECRET, Smtp};
use crate::Secret;
use crate::config::error::Error;
use crate::config::fault::Flaw;
use crate::config::fields::{Fields, Rows};
use crate::config::limits;
use crate::oauth2::{entered_key, is_key, key_of_line, line_of_key};
use crate::parameter::Parameter;

pub(super) const CLIENT_KEY: &str = "oauth2-client-key";

/// What the place holds in the private file of ours.
pub(super) fn read(fields: &Fields<'_, '_>) -> Result<Option<Secret>, Flaw> {
    let [secret, line] = [fields.secret(CLIENT_SECRET)?, fields.secret(CLIENT_KEY)?];
    for (name, value) in [(CLIENT_SECRET, &secret), (CLIENT_KEY, &line)] {
        limits::secret(name, value.as_ref()).map_err(|fault| fields.locate(fault))?;
    }
    Ok(line.map(|line| key_of_line(line.expose())).or(secret))
}

/// The row of a secret, or of a key: a version that knows no keys must not take one for a secret.
pub(super) fn write<'s>(rows: &mut Rows<'s>, secret: Option<&'s Secret>) {
    match secret.and_then(line_of_key) {
        Some(line) => rows.lend(CLIENT_KEY, line),
        None => rows.secret(CLIENT_SECRET, secret),
    }
}

impl Smtp {
    /// Whether a private key is in the place of the client secret.
    pub(super) fn has_key(&self) -> bool {
        self.oauth2_client_secret.as_ref().is_some_and(is_key)
    }

    /// Empties the place if it holds what is named.
    pub(super) fn delete_credential(&mut self, key: &str) {
        if self.has_key() == (key == CLIENT_KEY) {
            self.is_bare |= self.oauth2_client_secret.take().is_some();
        }
        self.asides
            .retain(|aside| aside.is_key() != (key == CLIENT_KEY));
    }

    /// Takes over what is given: a secret, or a key, which may name the application.
    pub(super) fn take_credential(
        &mut self,
        secret: Option<Secret>,
        key: Option<Secret>,
    ) -> Result<(), Error> {
        let given = |given: &Secret| !given.expose().is_empty();
        if secret.as_ref().is_some_and(given) && key.as_ref().is_some_and(given) {
            let reason = "must not be given together with oauth2-client-secret";
            return Err(Parameter::new(CLIENT_KEY, reason).into());
        }
        for (name, value) in [(CLIENT_SECRET, &secret), (CLIENT_KEY, &key)] {
            if value.as_ref().is_some_and(|value| !given(value)) {
                self.delete_credential(name);
            }
        }
        if let Some(secret) = secret.filter(given) {
            self.oauth2_client_secret = Some(secret);
        }
        let Some(key) = key.filter(given) else {
            return Ok(());
        };
        let (line, client_id) = entered_key(&key)?;
        self.oauth2_client_secret = Some(line);
        // Proxmox VE's own file has a place for a secret only
        self.guests.retain(|guest| *guest != CLIENT_SECRET);
        match (&self.oauth2_client_id, client_id) {
            (Some(set), Some(named)) if *set != named => {
                let reason = "is of another client ID than oauth2-client-id";
                Err(Parameter::new(CLIENT_KEY, reason)
                    .fix("delete oauth2-client-id, or enter the key file of that client")
                    .into())
            }
            (_, Some(named)) => {
                self.oauth2_client_id = Some(named);
                Ok(())
            }
            _ => Ok(()),
        }
    }
}
