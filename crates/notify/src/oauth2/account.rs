//! What is needed to get access tokens for a mailbox.

use std::time::Duration;

use ::oauth2::url::Url;

use super::{Cloud, Error, Provider};
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
    /// The application's secret.
    pub client_secret: Secret,
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
}

/// The cloud that is named, of a provider that has it.
pub(crate) fn check_cloud(method: &str, name: Option<&str>) -> Result<Cloud, Parameter> {
    let cloud = name.map_or(Ok(Cloud::Global), Cloud::named)?;
    if cloud == Cloud::Global || method == "microsoft-oauth2" {
        return Ok(cloud);
    }
    let reason = format!("cannot be used with auth-method '{method}'");
    Err(Parameter::new("oauth2-cloud", reason))
}

/// What is neither of the two ways to get tokens.
pub(crate) fn unknown_grant_type(value: &str) -> Parameter {
    let valid = ["refresh-token", "client-credentials"];
    Parameter::unknown("oauth2-grant-type", value, &valid)
}

/// Whether the provider lets applications act for themselves.
pub(crate) fn check_app_only(provider: &Provider) -> Result<(), Parameter> {
    if !provider.app_scopes.is_empty() {
        return Ok(());
    }
    let reason = format!(
        "client-credentials cannot be used with auth-method '{}'",
        provider.name
    );
    Err(Parameter::new("oauth2-grant-type", reason))
}
