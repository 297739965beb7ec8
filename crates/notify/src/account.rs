//! From a target's settings to the account that it logs in with.

use std::cell::LazyCell;
use std::time::Duration;

use crate::Host;
use crate::config::Smtp;
use crate::oauth2::{
    Account, CUSTOM, Cloud, Error, Provider, Providers, check_app_only, check_cloud, check_text,
    unknown_grant_type, words,
};
use crate::parameter::Parameter;
use crate::state::Identity;

/// The account of a target; `None` if it does not log in with OAuth2.
///
/// # Errors
/// [`Error::Parameter`] for a setting that is missing or cannot be used.
pub fn of(host: &Host, smtp: &Smtp) -> Result<Option<Account>, Error> {
    among(&LazyCell::new(|| Providers::load(host)), smtp)
}

/// The same for one of many targets, for which the providers are read once.
pub(crate) fn among<F: FnOnce() -> Providers>(
    providers: &LazyCell<Providers, F>,
    smtp: &Smtp,
) -> Result<Option<Account>, Error> {
    let method = match smtp.auth_method.as_deref() {
        None | Some("plain") => return Ok(None),
        Some(method) => method,
    };
    let needed = |name: &'static str, value: &Option<String>| {
        value
            .clone()
            .filter(|value| !value.is_empty())
            .ok_or_else(|| Parameter::missing(name, method))
    };
    let app_only = match smtp.oauth2_grant_type.as_deref() {
        None | Some("refresh-token") => false,
        Some("client-credentials") => true,
        Some(other) => return Err(unknown_grant_type(other).into()),
    };
    let provider = if method == CUSTOM {
        let authorize_url = match &smtp.oauth2_authorize_url {
            // an application that acts for itself asks nobody
            None if app_only => smtp.oauth2_token_url.clone().unwrap_or_default(),
            url => needed("oauth2-authorize-url", url)?,
        };
        Provider::custom(
            &needed("oauth2-token-url", &smtp.oauth2_token_url)?,
            &authorize_url,
            words(smtp.oauth2_scopes.as_deref()),
        )?
    } else {
        find(providers, method, smtp.oauth2_cloud.as_deref())?
    };
    if app_only {
        check_app_only(&provider)?;
    }
    let client_secret = smtp.oauth2_client_secret.clone().ok_or_else(|| {
        Parameter::missing("oauth2-client-secret", method).fix(
            "set oauth2-client-secret again: a change of server, provider or username deletes it",
        )
    })?;
    let token_url = provider
        .token_url(smtp.oauth2_tenant_id.as_deref())
        .map_err(of_target)?;
    let identity = Identity {
        provider: provider.name.clone(),
        cloud: smtp.oauth2_cloud.clone().unwrap_or_default(),
        token_url: token_url.into(),
        tenant: smtp.oauth2_tenant_id.clone().unwrap_or_default(),
        client: needed("oauth2-client-id", &smtp.oauth2_client_id)?,
        login: needed("username", &smtp.username)?,
        app_only,
        ..Identity::default()
    };
    check_text("oauth2-client-id", &identity.client)?;
    check_text("oauth2-client-secret", client_secret.expose())?;
    Ok(Some(Account {
        target: smtp.name.clone(),
        provider,
        client_secret,
        identity,
        peer: smtp.peer_of_grant(),
        refresh_before: smtp
            .oauth2_refresh_before
            .map(|seconds| Duration::from_secs(seconds.into())),
    }))
}

/// The same error with the name that the parameter has in a target.
fn of_target(error: Error) -> Error {
    match error {
        Error::Parameter(parameter) if parameter.name == "tenant-id" => {
            Error::Parameter(Parameter {
                name: "oauth2-tenant-id",
                ..parameter
            })
        }
        error => error,
    }
}

/// A known provider, in a cloud of its own where one is named.
fn find(providers: &Providers, method: &str, cloud: Option<&str>) -> Result<Provider, Error> {
    let cloud = check_cloud(method, cloud)?;
    let provider = providers.find(method)?.clone();
    Ok(match cloud {
        Cloud::Global => provider,
        cloud => Provider::microsoft(cloud),
    })
}
