//! A consent begins: the address of the page where a person consents.
//!
//! What redeems its answer stays on this machine or in its cluster (`crate::pending`): neither a verifier nor
//! a secret goes through a browser.

use std::cell::LazyCell;

use serde::Serialize;

use super::{CALL_BUDGET, Service};
use crate::account;
use crate::config::{Entity, Kind};
use crate::net::Trip;
use crate::oauth2::{
    self, Account, Application, Consent, Discovered, NOWHERE, Providers, Redirect,
    check_redirect_uri, check_text,
};
use crate::pending::{Pending, Waiting, What};
use crate::state;
use crate::{Deadline, Error, Parameter, Secret, random, secret};

/// What a person is to consent to.
#[derive(Clone, Debug)]
pub enum Consenting {
    /// The application of a target, by its stored settings.
    Target(String),
    /// An application by its parameters, for a target that is still to be made.
    Application {
        /// The parameters.
        application: Box<Application>,
        /// The mailbox, where it is known.
        username: Option<String>,
    },
}

/// A consent that has begun.
#[derive(Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct Authorization {
    /// The page to open.
    pub url: String,
    /// What its answer comes with.
    #[serde(serialize_with = "secret::exposed")]
    pub state: Secret,
    /// When it ends, in seconds since the epoch.
    pub expires: i64,
    /// The redirect URI that it was made for.
    pub redirect_uri: String,
    /// Those to choose from.
    pub redirect_uris: Vec<Redirect>,
    /// The scopes that it asks for.
    pub scopes: Vec<String>,
}

/// An application, and whose mailbox it is for, as it is right now.
pub(super) struct Resolved {
    pub(super) account: Account,
    pub(super) application: Application,
}

impl Service {
    /// Begins a consent for this user. Without `redirect_uri` the answer goes to an address that leads nowhere,
    /// from which the person copies it.
    ///
    /// Waits for a lock only, 25 s at most.
    ///
    /// # Errors
    /// [`Error::OAuth2`] and [`Error::Config`] for settings or parameters that make no consent page;
    /// [`Error::Pending`] if too many have begun, or none can be kept.
    pub fn authorize(
        &self,
        consenting: &Consenting,
        redirect_uri: Option<&str>,
        by: &str,
    ) -> Result<Authorization, Error> {
        let Resolved {
            account,
            application,
        } = self.resolve(consenting)?;
        let redirect_uri = redirect_uri.unwrap_or(NOWHERE).to_owned();
        check_redirect_uri(&redirect_uri)?;
        let values = || random::value().map_err(|_| state::Error::Random);
        let consent = Consent::new(
            &application,
            &account.provider,
            &redirect_uri,
            &account.identity.login,
            [values()?, values()?],
        )
        .map_err(|error| of_call(error, consenting))?;
        let pending = Pending::new(&self.host);
        let what = What::Code {
            redirect_uri: redirect_uri.clone(),
            verifier: consent.verifier,
        };
        let expires = pending.end();
        let waiting = Waiting::new(
            by,
            expires,
            target_of(consenting, &account),
            (account.identity, application),
            what,
        );
        pending.put(&consent.state, &waiting, Deadline::after(CALL_BUDGET))?;
        let fqdn = self.host.fqdn();
        Ok(Authorization {
            url: consent.url,
            state: consent.state,
            expires,
            redirect_uris: Redirect::all(&redirect_uri, fqdn.as_deref(), &account.provider),
            redirect_uri,
            scopes: account.provider.scopes,
        })
    }

    /// Asks a provider where its endpoints are (RFC 8414), 20 s at most. What it says is for the settings of a
    /// target, where it is kept.
    ///
    /// # Errors
    /// [`Error::OAuth2`].
    pub fn discover(&self, issuer: &str) -> Result<Discovered, Error> {
        let trip = Trip::new(&self.host);
        Ok(oauth2::discover(
            &trip,
            issuer,
            Deadline::after(oauth2::BUDGET),
        )?)
    }

    /// Ends a consent of this user that has begun; nobody can go on with it. Whether there was one.
    ///
    /// # Errors
    /// [`Error::Pending`] if it cannot be removed.
    pub fn cancel_authorization(&self, state: &Secret, by: &str) -> Result<bool, Error> {
        Ok(Pending::new(&self.host).cancel(state, by, Deadline::after(CALL_BUDGET))?)
    }

    /// What is to be consented to, by the settings as they are now. Without client secret where there is no
    /// target to have one.
    pub(super) fn resolve(&self, consenting: &Consenting) -> Result<Resolved, Error> {
        match consenting {
            Consenting::Target(name) => {
                let resolved = self.of_target(name)?;
                if resolved.account.identity.app_only {
                    let reason = "is a target that needs no consent (app-only)";
                    return Err(Parameter::new("name", reason).into());
                }
                Ok(resolved)
            }
            Consenting::Application {
                application,
                username,
            } => {
                let account = self
                    .resolve_application(application, username.as_deref())
                    .map_err(|error| of_call(error, consenting))?;
                Ok(Resolved {
                    account,
                    application: (**application).clone(),
                })
            }
        }
    }

    /// A target that logs in with OAuth2.
    pub(super) fn of_target(&self, name: &str) -> Result<Resolved, Error> {
        let config = self.config();
        let Entity::Smtp(smtp) = config.get(Kind::Smtp, name)? else {
            return Err(Parameter::new("name", "is not an SMTP target").into());
        };
        let account = account::of(&self.host, smtp)?.ok_or_else(|| {
            Parameter::new("name", "is a target that does not log in with OAuth2")
                .fix("set its auth-method")
        })?;
        Ok(Resolved {
            account,
            application: account::application_of(smtp),
        })
    }

    fn resolve_application(
        &self,
        application: &Application,
        username: Option<&str>,
    ) -> Result<Account, oauth2::Error> {
        if let Some(username) = username {
            check_text("username", username)?;
        }
        let providers = LazyCell::new(|| Providers::load(&self.host));
        let provider = application.provider(&providers, false)?;
        let mut identity = application.identity(&provider, false)?;
        identity.login = username.unwrap_or_default().to_owned();
        Ok(Account {
            target: String::new(),
            identity,
            provider,
            client_secret: Secret::new(""),
            secret_ends: None,
            peer: state::Peer::default(),
            refresh_before: None,
        })
    }
}

/// The target, and the host of its mail server, which alone gets what is consented to.
pub(super) fn target_of(consenting: &Consenting, account: &Account) -> Option<(String, String)> {
    match consenting {
        Consenting::Target(name) => Some((name.clone(), account.peer.host())),
        Consenting::Application { .. } => None,
    }
}

/// The same error with the name that the setting has as a parameter of the call.
pub(super) fn of_call(error: oauth2::Error, consenting: &Consenting) -> oauth2::Error {
    match (error, consenting) {
        (oauth2::Error::Parameter(parameter), Consenting::Application { .. }) => {
            oauth2::Error::Parameter(parameter.of_call())
        }
        (error, _) => error,
    }
}
