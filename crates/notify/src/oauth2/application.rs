//! An application at a provider: what a person consents to.

use std::cell::LazyCell;

use ::oauth2::url::Url;
use serde::{Deserialize, Serialize};

use super::{
    CUSTOM, Cloud, Error, Provider, Providers, check_client_auth, check_cloud, check_text, words,
};
use crate::parameter::Parameter;
use crate::state::Identity;

/// An application by the settings of a target, or by the parameters of a call, which have the same names
/// without `oauth2-`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", default)]
pub struct Application {
    /// The provider's name.
    pub auth_method: String,
    /// The application's id.
    pub client_id: String,
    /// Microsoft: the tenant.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tenant_id: Option<String>,
    /// Microsoft: the national cloud.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cloud: Option<String>,
    /// `custom-oauth2`: the token endpoint.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub token_url: Option<String>,
    /// `custom-oauth2`: the consent page.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub authorize_url: Option<String>,
    /// `custom-oauth2`: the scopes, separated by blanks.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub scopes: Option<String>,
    /// `custom-oauth2`: how the application logs in.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub client_auth: Option<String>,
    /// `custom-oauth2`: who the provider is in its answers through the browser (RFC 9207).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub issuer: Option<String>,
    /// `custom-oauth2`: where codes for another device are given (RFC 8628).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub device_url: Option<String>,
    /// `custom-oauth2`: where grants are taken back (RFC 7009).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub revoke_url: Option<String>,
}

impl Application {
    /// The provider, in a cloud of its own where one is named.
    ///
    /// # Errors
    /// [`Error::Parameter`] with the name of the setting; [`Error::File`] for an unusable provider file.
    pub(crate) fn provider<F: FnOnce() -> Providers>(
        &self,
        providers: &LazyCell<Providers, F>,
        app_only: bool,
    ) -> Result<Provider, Error> {
        let method = self.auth_method.as_str();
        let provider = if method == CUSTOM {
            let token_url = needed("oauth2-token-url", self.token_url.as_ref(), method)?;
            let authorize_url = match &self.authorize_url {
                // an application that acts for itself asks nobody
                None if app_only => token_url,
                url => needed("oauth2-authorize-url", url.as_ref(), method)?,
            };
            Provider::custom(token_url, authorize_url, words(self.scopes.as_deref()))?
                .with_client_auth(self.client_auth.as_deref())?
                .with_more(&self.issuer, &self.device_url, &self.revoke_url)?
        } else {
            match check_cloud(method, self.cloud.as_deref())? {
                Cloud::Global => providers.find(method)?.clone(),
                cloud => {
                    providers.find(method)?;
                    Provider::microsoft(cloud)
                }
            }
        };
        check_client_auth(method, self.client_auth.as_deref(), app_only)?;
        check_more(method, [&self.issuer, &self.device_url, &self.revoke_url])?;
        Ok(provider)
    }

    /// Where tokens come from.
    ///
    /// # Errors
    /// As [`Application::provider`].
    pub(crate) fn token_url(&self, provider: &Provider) -> Result<Url, Error> {
        provider
            .token_url(self.tenant_id.as_deref())
            .map_err(|error| match error {
                Error::Parameter(parameter) if parameter.name == "tenant-id" => {
                    Error::Parameter(Parameter {
                        name: "oauth2-tenant-id",
                        ..parameter
                    })
                }
                error => error,
            })
    }

    /// Whose tokens it gets at this provider, but for the mailbox.
    ///
    /// # Errors
    /// As [`Application::provider`].
    pub(crate) fn identity(&self, provider: &Provider, app_only: bool) -> Result<Identity, Error> {
        let cloud = self.cloud.clone();
        let client = needed("oauth2-client-id", Some(&self.client_id), &self.auth_method)?;
        check_text("oauth2-client-id", client)?;
        Ok(Identity {
            provider: provider.name.clone(),
            cloud: cloud
                .filter(|cloud| cloud != Cloud::GLOBAL)
                .unwrap_or_default(),
            token_url: self.token_url(provider)?.into(),
            tenant: self.tenant_id.clone().unwrap_or_default(),
            client: client.to_owned(),
            app_only,
            ..Identity::default()
        })
    }
}

/// What is known of a provider is no setting of a target.
pub(crate) fn check_more(method: &str, set: [&Option<String>; 3]) -> Result<(), Parameter> {
    let names = ["oauth2-issuer", "oauth2-device-url", "oauth2-revoke-url"];
    match names
        .into_iter()
        .zip(set)
        .find(|(_, value)| value.is_some())
    {
        Some((name, _)) if method != CUSTOM => {
            let reason = format!("is only for auth-method '{CUSTOM}'; delete it with '{method}'");
            Err(Parameter::new(name, reason))
        }
        _ => Ok(()),
    }
}

/// A value that is there and not empty.
pub(crate) fn needed<'a>(
    name: &'static str,
    value: Option<&'a String>,
    method: &str,
) -> Result<&'a str, Parameter> {
    let value = value.filter(|value| !value.is_empty());
    value
        .map(String::as_str)
        .ok_or_else(|| Parameter::missing(name, method))
}
