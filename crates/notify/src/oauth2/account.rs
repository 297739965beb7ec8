//! What is needed to get access tokens for a mailbox.

use std::time::Duration;

use ::oauth2::url::Url;

use super::key::{by_key, is_key};
use super::{CUSTOM, ClientAuth, Cloud, Error, GOOGLE, MICROSOFT, Provider};
use crate::Secret;
use crate::parameter::Parameter;
use crate::state::{Identity, Peer};

/// A mailbox at a provider, and the application that sends for it.
#[derive(Clone, Debug)]
pub struct Account {
    /// The target's name.
    pub target: String,
    /// The provider.
    pub provider: Provider,
    /// The application's secret, or its private key.
    pub client_secret: Secret,
    /// When that ends, where it is known: in seconds since the epoch.
    pub secret_ends: Option<i64>,
    /// Whose tokens they are.
    pub identity: Identity,
    /// The only mail server they are for.
    pub peer: Peer,
    /// So long before its end an access token is renewed, if the settings say so.
    pub refresh_before: Option<Duration>,
}

impl Account {
    pub(super) fn token_url(&self) -> Result<Url, Error> {
        Url::parse(&self.identity.token_url)
            .map_err(|_| Error::parameter("oauth2-token-url", "is not a valid URL"))
    }

    /// The same with another secret of the same kind.
    pub(crate) fn with_secret(&self, secret: &Secret) -> Option<Self> {
        let mut account = self.clone();
        if is_key(secret) {
            let of = (&*self.provider.name, self.identity.app_only);
            let by_key = by_key(secret, of, None).ok()??;
            account.provider.client_auth = Some(by_key.auth);
        }
        account.client_secret = secret.clone();
        (is_key(secret) == is_key(&self.client_secret)).then_some(account)
    }

    /// An endpoint of the provider, for the account's tenant.
    pub(super) fn of_tenant(&self, url: &str) -> Result<Url, Error> {
        let tenant = Some(self.identity.tenant.as_str()).filter(|tenant| !tenant.is_empty());
        self.provider.of_tenant(url, tenant)
    }
}

/// The cloud that is named, of a provider that has it.
pub(crate) fn check_cloud(method: &str, name: Option<&str>) -> Result<Cloud, Parameter> {
    let cloud = name.map_or(Ok(Cloud::Global), Cloud::named)?;
    if cloud == Cloud::Global || method == MICROSOFT {
        return Ok(cloud);
    }
    let reason = format!("cannot be used with auth-method '{method}'");
    Err(Parameter::new("oauth2-cloud", reason))
}

/// Whether the application may log in so: what is known of a provider is no setting of a target, and only
/// a person's grant is worth something without a secret (RFC 6749 section 4.4).
pub(crate) fn check_client_auth(
    method: &str,
    set: Option<&str>,
    app_only: bool,
) -> Result<(), Parameter> {
    const NAME: &str = "oauth2-client-auth";
    let Some(set) = set else {
        return Ok(());
    };
    if method != CUSTOM {
        let reason = format!("is only for auth-method '{CUSTOM}'; delete it with '{method}'");
        return Err(Parameter::new(NAME, reason));
    }
    if ClientAuth::named(set)? == ClientAuth::Public && app_only {
        let reason = "must not be 'none' with oauth2-grant-type 'client-credentials'";
        return Err(Parameter::new(NAME, reason));
    }
    Ok(())
}

/// Whether the application acts for itself, by the grant type of the settings.
pub(crate) fn acts_for_itself(method: &str, set: Option<&str>) -> Result<bool, Parameter> {
    const NAME: &str = "oauth2-grant-type";
    let is_google = method == GOOGLE;
    match set {
        None | Some("refresh-token") => Ok(false),
        Some("client-credentials") if is_google => {
            let reason = format!("client-credentials cannot be used with auth-method '{method}'");
            Err(Parameter::new(NAME, reason)
                .fix("use jwt-bearer with the JSON key file of a service account"))
        }
        Some("client-credentials") => Ok(true),
        Some("jwt-bearer") if is_google => Ok(true),
        Some("jwt-bearer") => {
            let reason = format!("jwt-bearer cannot be used with auth-method '{method}'");
            Err(Parameter::new(NAME, reason).fix("use client-credentials"))
        }
        Some(other) => {
            let valid = ["refresh-token", "client-credentials", "jwt-bearer"];
            Err(Parameter::unknown(NAME, other, &valid))
        }
    }
}

/// Whether there is something to ask for: the builtin providers, and those of the provider file, know their scopes.
pub(crate) fn check_app_only(provider: &Provider) -> Result<(), Parameter> {
    if !provider.app_scopes.is_empty() {
        return Ok(());
    }
    let reason = "is missing (needed with oauth2-grant-type 'client-credentials')";
    Err(Parameter::new("oauth2-scopes", reason))
}
