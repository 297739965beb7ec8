//! A handle: what stands for a refresh token until a target takes it.

use serde::Serialize;

use super::redeem::{consenting, differs, is_elsewhere, named};
use super::{CALL_BUDGET, Service};
use crate::message::Message;
use crate::net::Trip;
use crate::oauth2::{self, Account, STATE};
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

/// The token or handle without what copying adds; what looks like a value of ours and is none is refused, as it
/// would be kept as a token.
pub(super) fn checked(token: Secret) -> Result<Secret, Parameter> {
    let text = token.expose().trim();
    let has = |prefix: &str| {
        let begin = text.get(..prefix.len()).unwrap_or_default();
        begin.eq_ignore_ascii_case(prefix)
    };
    if text.starts_with(HANDLE) {
        return Ok(Secret::new(text));
    }
    match has(HANDLE) || has(STATE) {
        true => Err(Parameter::new(
            REFRESH_TOKEN,
            "is neither a refresh token nor a handle",
        )),
        false => Ok(token),
    }
}

impl Service {
    /// What a handle of this user stands for.
    ///
    /// # Errors
    /// [`Error::Pending`].
    pub fn held(&self, handle: &Secret, by: &str) -> Result<Held, Error> {
        let waiting = Pending::new(&self.host).look("handle", handle, by)?;
        let What::Token { mailboxes, .. } = &waiting.what else {
            return Err(Parameter::new("handle", "is not a handle").into());
        };
        let login = &waiting.identity.login;
        let resolved = self.resolve(&consenting(&waiting));
        let why = resolved
            .ok()
            .and_then(|now| differs(mailboxes, login, &now.account.provider));
        Ok(Held {
            expires: waiting.until,
            name: waiting.target.clone(),
            mailbox: named(mailboxes, login),
            warning: why.as_ref().map(ToString::to_string),
            why,
        })
    }

    /// Ends a handle of this user, and takes its consent back at the provider where that has a way for it; whether
    /// it was. 25 seconds at most.
    ///
    /// # Errors
    /// [`Error::Pending`]; [`Error::OAuth2`] from the provider, and then the handle is over all the same.
    pub fn discard_handle(&self, handle: &Secret, by: &str) -> Result<bool, Error> {
        let deadline = Deadline::after(CALL_BUDGET);
        let taken = Pending::new(&self.host).take("handle", handle, by)?;
        let What::Token { refresh_token, .. } = &taken.waiting.what else {
            return Err(Parameter::new("handle", "is not a handle").into());
        };
        let account = self.resolve(&consenting(&taken.waiting))?.account;
        let trip = Trip::new(&self.host);
        let end = deadline.at_most(oauth2::BUDGET);
        Ok(oauth2::revoke(&trip, &account, refresh_token, end)?)
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
    let What::Token {
        refresh_token,
        mailboxes,
    } = &waiting.what
    else {
        return Err(fault("is not a handle".to_owned()));
    };
    if is_elsewhere(account, waiting) {
        return Err(fault("is a handle for another server".to_owned())
            .fix("set server back, or authorize again"));
    }
    if waiting
        .target
        .as_ref()
        .is_some_and(|name| *name != account.target)
    {
        return Err(fault("is a handle for another target".to_owned()));
    }
    let mut consented = waiting.identity.clone();
    let login = &account.identity.login;
    if consented.login.is_empty() {
        // nobody was named, hence nobody was warned of another mailbox
        if let Some(message) = differs(mailboxes, login, &account.provider) {
            let fix = format!("set username to the mailbox, or authorize with username '{login}'");
            return Err(fault(message.cause).fix(fix));
        }
        consented.login.clone_from(login);
    }
    match account.identity.difference(&consented) {
        None => Ok(refresh_token),
        Some((setting, [_, then])) => Err(fault(format!(
            "is a handle for another {setting} ('{then}')"
        ))
        .fix(format!("set {setting} back, or authorize again"))),
    }
}
