//! A consent ends: its answer is redeemed, and the refresh token goes to its target at once, or waits here for
//! one under a handle. It leaves this machine in neither case.

use std::time::Duration;

use super::authorize::{Consenting, Resolved, of_call};
use super::handle::handle;
use super::{CALL_BUDGET, Service};
use crate::message::Message;
use crate::net::Trip;
use crate::oauth2::{self, Account, Callback, CodeExchange, Consented, MICROSOFT, Provider};
use crate::pending::{Pending, Taken, Waiting, What};
use crate::verdict::Verdict;
use crate::{Deadline, Error, Parameter, Secret};

/// The name of the parameter that tells one consent from another.
const STATE: &str = "state";

/// How long it may take to find out whose a token is.
const LOOK: Duration = Duration::from_secs(5);

/// The answer to a consent that has begun.
#[derive(Clone, Debug)]
pub struct Redeem {
    /// Of the consent.
    pub state: Secret,
    /// What came back: the whole address, its query or fragment, or the code alone.
    pub answer: Secret,
    /// The target that the token is for; it must be the one that the consent was begun for.
    pub name: Option<String>,
    /// The application's secret; that of a target is known.
    pub client_secret: Option<Secret>,
    /// Parameters that the consent has already, by name; they must be the same.
    pub given: Vec<(&'static str, String)>,
}

/// What has come of it.
#[derive(Debug)]
pub struct Redeemed {
    /// What stands for the token; none where the target has it.
    pub handle: Option<Secret>,
    /// The mailbox that consented, where that is known.
    pub mailbox: Option<String>,
    /// That it is not the target's.
    pub warning: Option<Message>,
    /// Why the target does not have the token, although it should: the handle is good for another try.
    pub unstored: Option<Message>,
}

impl Service {
    /// Redeems the answer to a consent of this user: stores the refresh token for the target, if `name` says
    /// so and the mailbox is not known to be another, else answers with a handle. 25 seconds at most.
    ///
    /// Of several calls with one `state` one succeeds. A provider that could not be reached leaves it as it was.
    ///
    /// # Errors
    /// [`Error::Pending`] for a `state` that is unknown, used, expired or somebody else's, and where nothing can
    /// be written; [`Error::Config`] and [`Error::OAuth2`] for what does not fit, or was declined, and for the
    /// provider; [`Error::Token`] for the target's record.
    pub fn redeem(&self, request: &Redeem, by: &str) -> Result<Redeemed, Error> {
        let deadline = Deadline::after(CALL_BUDGET);
        let pending = Pending::new(&self.host);
        let callback = Callback::parse(&request.answer)?;
        if let Some(state) = &callback.state {
            check_state(state, &request.state)?;
        }
        let waiting = pending.look(STATE, &request.state, by)?;
        let What::Code {
            redirect_uri,
            verifier,
        } = &waiting.what
        else {
            return Err(Parameter::new(STATE, "is not of a consent page").into());
        };
        check_given(request, &waiting, redirect_uri)?;
        let consenting = consenting(&waiting);
        let resolved = self
            .resolve(&consenting)?
            .with_secret(request.client_secret.clone());
        check_unchanged(STATE, &resolved, &waiting)?;
        let (account, provider) = (&resolved.account, &resolved.account.provider);
        check_issuer(provider, &callback)?;
        let Some(code) = &callback.code else {
            if callback.state.is_some() {
                // it is the answer to this one, and there will be no other
                pending.cancel(&request.state, by, deadline)?;
            }
            let secrets = [&request.state, &request.answer];
            return Err(
                oauth2::declined(provider, &account.identity.client, &callback, &secrets).into(),
            );
        };
        let exchange = CodeExchange {
            auth_method: account.identity.provider.clone(),
            client_id: account.identity.client.clone(),
            client_secret: account.client_secret.clone(),
            tenant_id: None,
            authorization_code: code.clone(),
            redirect_uri: redirect_uri.clone(),
            code_verifier: Some(verifier.clone()),
            token_url: None,
            scopes: None,
            client_auth: None,
        };
        oauth2::check_exchange(provider, &exchange)?;
        let name = request.name.as_deref();
        if let Some(name) = name {
            self.keeper().prove(name, deadline)?;
        }
        let url = resolved.application.token_url(provider)?;
        pending.prove(&waiting)?;
        let taken = pending.take(STATE, &request.state, by)?;
        let trip = Trip::new(&self.host);
        let end = deadline.at_most(oauth2::BUDGET);
        let consented = match oauth2::redeem(&trip, (provider, &url), &exchange, end) {
            Ok(consented) => consented,
            Err(error) => {
                if was_not_asked(&error) || error.is_of_client() {
                    taken.put_back();
                }
                return Err(of_call(error, &consenting).into());
            }
        };
        self.settle(&resolved, taken, (consented, name), by, (&trip, deadline))
    }

    /// Gives the token to its target, or keeps it in the place of the consent that it came from.
    pub(super) fn settle(
        &self,
        resolved: &Resolved,
        taken: Taken<'_>,
        (consented, name): (Consented, Option<&str>),
        by: &str,
        (trip, deadline): (&Trip, Deadline),
    ) -> Result<Redeemed, Error> {
        let (account, provider) = (&resolved.account, &resolved.account.provider);
        let end = deadline.at_most(LOOK);
        let mailboxes = oauth2::mailboxes(trip, provider, &consented, end);
        let warning = differs(&mailboxes, &account.identity.login, provider);
        let mut redeemed = Redeemed {
            handle: None,
            mailbox: named(&mailboxes, &account.identity.login),
            warning,
            unstored: None,
        };
        if name.is_some() && redeemed.warning.is_none() {
            let token = &consented.refresh_token;
            match self.keeper().consent(account, token, by, deadline) {
                Ok(()) => return Ok(redeemed),
                // the provider gives it once
                Err(error) => redeemed.unstored = Some(error.message()),
            }
        }
        redeemed.handle = Some(self.keep(taken, consented, mailboxes)?);
        Ok(redeemed)
    }

    /// Puts the token in the place of the consent that it came from.
    fn keep(
        &self,
        taken: Taken<'_>,
        consented: Consented,
        mailboxes: Vec<String>,
    ) -> Result<Secret, Error> {
        let handle = handle()?;
        let what = What::Token {
            refresh_token: consented.refresh_token,
            mailboxes,
        };
        let end = Pending::new(&self.host).end();
        let waiting = taken.waiting.become_of(end, what);
        taken.replace(&handle, &waiting)?;
        Ok(handle)
    }
}

/// What a record is about.
pub(super) fn consenting(waiting: &Waiting) -> Consenting {
    match &waiting.target {
        Some(name) => Consenting::Target(name.clone()),
        None => Consenting::Application {
            application: Box::new(waiting.application.clone()),
            username: Some(waiting.identity.login.clone()).filter(|login| !login.is_empty()),
        },
    }
}

/// The state that came back is the one that was given.
fn check_state(came: &Secret, given: &Secret) -> Result<(), Parameter> {
    let (came, given) = (came.expose().as_bytes(), given.expose().as_bytes());
    if came.len() == given.len() && openssl::memcmp::eq(came, given) {
        return Ok(());
    }
    let reason = "is the answer to another consent; copy the address of the page that opened last";
    Err(Parameter::new("authorization-code", reason))
}

/// What the call repeats is what the consent was begun with.
fn check_given(request: &Redeem, waiting: &Waiting, redirect_uri: &str) -> Result<(), Parameter> {
    let application = &waiting.application;
    let text = |text: &Option<String>| text.clone().unwrap_or_default();
    for (name, given) in &request.given {
        let begun = match *name {
            "auth-method" => application.auth_method.clone(),
            "client-id" => application.client_id.clone(),
            "tenant-id" => text(&application.tenant_id),
            "token-url" => text(&application.token_url),
            "scopes" => text(&application.scopes),
            "client-auth" => text(&application.client_auth),
            "redirect-uri" => redirect_uri.to_owned(),
            name => {
                let reason = "must not be given with state: it is known from the start";
                return Err(Parameter::new(name, reason));
            }
        };
        if *given != begun {
            let reason = "differs from the start of the authorization; leave it out";
            return Err(Parameter::new(name, reason));
        }
    }
    check_name(request.name.as_deref(), waiting)
}

/// The token is for the target that the consent was begun for.
pub(super) fn check_name(name: Option<&str>, waiting: &Waiting) -> Result<(), Parameter> {
    match (name, &waiting.target) {
        (Some(name), Some(target)) if name != target => Err(Parameter::new(
            "name",
            "is not the target for which the authorization was started",
        )),
        (Some(_), None) => Err(Parameter::new(
            "name",
            "must not be given: the authorization was started without a target",
        )),
        _ => Ok(()),
    }
}

/// The settings are those that were consented to.
pub(super) fn check_unchanged(
    name: &'static str,
    resolved: &Resolved,
    waiting: &Waiting,
) -> Result<(), Parameter> {
    let (now, then) = (&resolved.account.identity, &waiting.identity);
    let setting = match now.difference(then) {
        Some((setting, _)) => setting,
        None if is_elsewhere(&resolved.account, waiting) => "server",
        None if resolved.application != waiting.application => "a setting of the application",
        None => return Ok(()),
    };
    let reason = format!("is for other settings: {setting} was changed");
    Err(Parameter::new(name, reason).fix("start the authorization again"))
}

/// The target's mail server is another one than that of the beginning.
pub(super) fn is_elsewhere(account: &Account, waiting: &Waiting) -> bool {
    let server = waiting.server.as_ref();
    server.is_some_and(|server| *server != account.peer.host())
}

/// RFC 9207 section 2.4: an answer of another provider is none, nor is a code that does not say whose it is where
/// the provider always does. A code that a person picked out of the answer is taken as it is.
fn check_issuer(provider: &Provider, callback: &Callback) -> Result<(), Parameter> {
    let fault = |reason: &str| Parameter::new("authorization-code", reason);
    let is_answer = callback.code.is_some() && !callback.is_code_alone;
    match (&provider.issuer, &callback.iss) {
        (Some(issuer), Some(iss)) if issuer != iss => {
            Err(fault("is the answer of another provider (iss)")
                .fix("start the authorization again, and consent at the provider of the target"))
        }
        (Some(_), None) if provider.always_sends_iss && is_answer => {
            Err(fault("does not say which provider it is of (iss)")
                .fix("copy the whole address; if it has no 'iss=', unset the issuer"))
        }
        _ => Ok(()),
    }
}

/// Nothing has gone out: the same code may be sent later.
fn was_not_asked(error: &oauth2::Error) -> bool {
    matches!(error, oauth2::Error::Net(_)) && error.cause().verdict() == Verdict::Temporary
        || matches!(error, oauth2::Error::File(_))
}

/// The mailbox as a person is told it: by the name that the target has for it, if it has that.
pub(super) fn named(mailboxes: &[String], login: &str) -> Option<String> {
    let same = mailboxes
        .iter()
        .find(|name| name.eq_ignore_ascii_case(login));
    same.or(mailboxes.first()).cloned()
}

/// The mailbox that consented is not the one that mail is sent from: none of its names is.
pub(super) fn differs(mailboxes: &[String], login: &str, provider: &Provider) -> Option<Message> {
    let mailbox = named(mailboxes, login)?;
    if login.is_empty() || mailbox.eq_ignore_ascii_case(login) {
        return None;
    }
    let message = Message::new(format!(
        "'{mailbox}' has consented, but username is '{login}'"
    ));
    Some(match provider.name.as_str() {
        MICROSOFT => message.fix(format!(
            "authorize as '{login}', or keep it if that is a shared mailbox of '{mailbox}'"
        )),
        _ => message.fix(format!(
            "authorize again as '{login}', or set username to '{mailbox}'"
        )),
    })
}
