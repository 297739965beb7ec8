//! A handle: what stands for a refresh token until a target takes it.

use serde::Serialize;

use super::Service;
use super::redeem::{consenting, differs};
use crate::message::Message;
use crate::oauth2::Account;
use crate::pending::{Pending, Taken, Waiting, What};
use crate::state;
use crate::{Deadline, Error, Parameter, Secret, random};

/// What every handle begins with, and no refresh token.
pub const HANDLE: &str = "pve-oauth2-handle:";
/// The parameter that takes one.
const REFRESH_TOKEN: &str = "oauth2-refresh-token";

/// What a handle stands for, but the token.
#[derive(Debug, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct Held {
    /// When it ends, in seconds since the epoch.
    pub expires: i64,
    /// The target that it is for, where it is for one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// The mailbox that consented, where that is known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub mailbox: Option<String>,
    /// That it is not the target's, as one line.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub warning: Option<String>,
    /// The same in its parts.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub why: Option<Message>,
}

/// A new one.
pub(super) fn handle() -> Result<Secret, Error> {
    let value = random::value().map_err(|_| state::Error::Random)?;
    Ok(Secret::new(format!("{HANDLE}{}", value.expose())))
}

/// Whether it stands for a token instead of being one.
pub(super) fn is_handle(token: &Secret) -> bool {
    token.expose().starts_with(HANDLE)
}

impl Service {
    /// What a handle of this user stands for.
    ///
    /// # Errors
    /// [`Error::Pending`].
    pub fn held(&self, handle: &Secret, by: &str) -> Result<Held, Error> {
        let waiting = Pending::new(&self.host).look("handle", handle, by)?;
        let What::Token { mailbox, .. } = &waiting.what else {
            return Err(Parameter::new("handle", "is not a handle").into());
        };
        let resolved = self.resolve(&consenting(&waiting));
        let why = resolved.ok().and_then(|now| {
            let login = &waiting.identity.login;
            differs(mailbox.as_deref(), login, &now.account.provider)
        });
        Ok(Held {
            expires: waiting.until,
            name: waiting.target.clone(),
            mailbox: mailbox.clone(),
            warning: why.as_ref().map(ToString::to_string),
            why,
        })
    }

    /// Whether the account may have what this handle of this user stands for; it stays good.
    pub(super) fn check_handle(
        &self,
        account: &Account,
        handle: &Secret,
        by: &str,
    ) -> Result<(), Error> {
        let waiting = Pending::new(&self.host).look(REFRESH_TOKEN, handle, by)?;
        fits(account, &waiting)?;
        Ok(())
    }

    /// Gives the account what the handle stands for; where that fails the handle stays good.
    pub(super) fn take_handle(
        &self,
        account: &Account,
        handle: &Secret,
        by: &str,
        deadline: Deadline,
    ) -> Result<(), Error> {
        let taken: Taken<'_> = Pending::new(&self.host).take(REFRESH_TOKEN, handle, by)?;
        let given = fits(account, &taken.waiting)
            .map_err(Error::from)
            .and_then(|token| Ok(self.keeper().consent(account, token, by, deadline)?));
        if given.is_err() {
            taken.put_back();
        }
        given
    }
}

/// The token, if it was consented to for these settings.
fn fits<'a>(account: &Account, waiting: &'a Waiting) -> Result<&'a Secret, Parameter> {
    let fault = |reason: String| Parameter::new(REFRESH_TOKEN, reason);
    let What::Token { refresh_token, .. } = &waiting.what else {
        return Err(fault("is not a handle".to_owned()));
    };
    if waiting
        .target
        .as_ref()
        .is_some_and(|name| *name != account.target)
    {
        return Err(fault("is a handle for another target".to_owned()));
    }
    let mut consented = waiting.identity.clone();
    if consented.login.is_empty() {
        // nobody was named
        consented.login.clone_from(&account.identity.login);
    }
    match account.identity.difference(&consented) {
        None => Ok(refresh_token),
        Some((setting, [_, then])) => Err(fault(format!(
            "is a handle for another {setting} ('{then}')"
        ))
        .fix(format!("set {setting} back, or authorize again"))),
    }
}
