//! What is needed to get access tokens for a mailbox, taken from a target's settings.

use std::cell::LazyCell;
use std::time::Duration;

use ::oauth2::url::Url;

use super::{CUSTOM, Cloud, Provider, Providers, check, words};
use crate::config::Smtp;
use crate::state::{Identity, Peer};
use crate::{Error, Host, Secret};

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
    /// The account of a target; `None` if it does not log in with OAuth2.
    ///
    /// # Errors
    /// [`Error::Parameter`] for a setting that is missing or cannot be used.
    pub fn of(host: &Host, smtp: &Smtp) -> Result<Option<Self>, Error> {
        Self::among(&LazyCell::new(|| Providers::load(host)), smtp)
    }

    /// The same for one of many targets, for which the providers are read once.
    pub(crate) fn among<F: FnOnce() -> Providers>(
        providers: &LazyCell<Providers, F>,
        smtp: &Smtp,
    ) -> Result<Option<Self>, Error> {
        let method = match smtp.auth_method.as_deref() {
            None | Some("plain") => return Ok(None),
            Some(method) => method,
        };
        let needed = |name: &'static str, value: &Option<String>| {
            value
                .clone()
                .filter(|value| !value.is_empty())
                .ok_or_else(|| Error::parameter(name, format!("is required for {method}")))
        };
        let app_only = match smtp.oauth2_grant_type.as_deref() {
            None | Some("refresh-token") => false,
            Some("client-credentials") => true,
            Some(_) => {
                return Err(Error::parameter(
                    "oauth2-grant-type",
                    "must be one of refresh-token, client-credentials",
                ));
            }
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
        let client_secret = smtp
            .oauth2_client_secret
            .clone()
            .ok_or_else(|| Error::parameter("oauth2-client-secret", "is required for OAuth2"))?;
        let token_url = provider.token_url(smtp.oauth2_tenant_id.as_deref())?;
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
        check::text("oauth2-client-id", &identity.client)?;
        check::text("oauth2-client-secret", client_secret.expose())?;
        Ok(Some(Self {
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

    pub(super) fn token_url(&self) -> Result<Url, Error> {
        Url::parse(&self.identity.token_url)
            .map_err(|_| Error::parameter("oauth2-token-url", "is not a URL"))
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

/// The cloud that is named, of a provider that has it.
pub(crate) fn check_cloud(method: &str, name: Option<&str>) -> Result<Cloud, Error> {
    let cloud = name.map_or(Ok(Cloud::Global), Cloud::named)?;
    if cloud == Cloud::Global || method == "microsoft-oauth2" {
        return Ok(cloud);
    }
    let reason = format!("{method} has no other clouds");
    Err(Error::parameter("oauth2-cloud", reason))
}

/// Whether the provider lets applications act for themselves.
pub(crate) fn check_app_only(provider: &Provider) -> Result<(), Error> {
    if !provider.app_scopes.is_empty() {
        return Ok(());
    }
    let reason = format!("client-credentials cannot be used with {}", provider.name);
    Err(Error::parameter("oauth2-grant-type", reason))
}
