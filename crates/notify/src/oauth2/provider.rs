//! Providers as data: where codes are exchanged, what is asked for, how the application logs in.
//!
//! Google: developers.google.com/identity/protocols/oauth2/web-server. Microsoft:
//! learn.microsoft.com/entra/identity-platform/v2-oauth2-auth-code-flow, and its page on national
//! clouds. A machine that is not a PVE node may add and override providers by a file.

use ::oauth2::url::Url;

use super::{ClientAuth, Error, check, custom};
use crate::Host;
use crate::cause::Oddity;
use crate::parameter::Parameter;
use crate::plain::Unusable;

/// The name of a provider that is described by the target's own settings.
pub const CUSTOM: &str = "custom-oauth2";
/// The names of the two that are built in.
pub(crate) const GOOGLE: &str = "google-oauth2";
pub(crate) const MICROSOFT: &str = "microsoft-oauth2";

/// Whether the provider's addresses have a tenant in them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tenant {
    /// No.
    None,
    /// Yes, as `{tenant}`; it must be given.
    Required,
}

/// Microsoft's separate clouds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cloud {
    /// The worldwide one.
    Global,
    /// US government (GCC High, DoD).
    UsGov,
    /// China, run by 21Vianet.
    China,
}

impl Cloud {
    /// The name of the worldwide one.
    pub(crate) const GLOBAL: &str = "global";

    /// The cloud that `oauth2-cloud` names.
    ///
    /// # Errors
    /// [`Error::Parameter`] for an unknown name.
    pub fn named(name: &str) -> Result<Self, Parameter> {
        match name {
            Self::GLOBAL => Ok(Self::Global),
            "us-gov" => Ok(Self::UsGov),
            "china" => Ok(Self::China),
            _ => {
                let valid = ["global", "us-gov", "china"];
                Err(Parameter::unknown("oauth2-cloud", name, &valid))
            }
        }
    }
}

/// What a provider's mail servers take from one mailbox.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Connections at the same time.
    pub connections: u8,
    /// Messages in any 60 seconds.
    pub mails_a_minute: u8,
}

/// A provider.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Provider {
    /// The name that `auth-method` gives it.
    pub name: String,
    /// Where a person consents; may contain `{tenant}`.
    pub authorize_url: String,
    /// Where codes are exchanged; may contain `{tenant}`.
    pub token_url: String,
    /// The scopes to ask for. All of them save `offline_access` and OpenID's must be granted.
    pub scopes: Vec<String>,
    /// How the application logs in; none where that has to be found out.
    pub client_auth: Option<ClientAuth>,
    /// Whether a tenant is needed.
    pub tenant: Tenant,
    /// What an answer without refresh token means here.
    pub no_refresh_token: Oddity,
    /// The scopes to ask for where the application acts for itself.
    pub app_scopes: Vec<String>,
    /// Whether a refresh token stays valid when it was replaced by a new one. Elsewhere the use of
    /// an old one may end the grant.
    pub old_tokens_live: bool,
    /// Where codes for another device are given (RFC 8628); may contain `{tenant}`.
    pub device_url: Option<String>,
    /// Where grants are taken back (RFC 7009).
    pub revoke_url: Option<String>,
    /// Where it tells whose an access token is.
    pub tokeninfo_url: Option<String>,
    /// Who it is in its answers through the browser (RFC 9207), where it says so there.
    pub issuer: Option<String>,
    /// Whether each of those answers has to say so: an administrator has set it.
    pub always_sends_iss: bool,
    /// After so many unused days a grant ends, where the provider says so.
    pub idle_days: Option<u16>,
    /// What its mail servers take, where they are known to refuse more.
    pub limits: Option<Limits>,
}

impl Provider {
    /// Google.
    #[must_use]
    pub fn google() -> Self {
        Self {
            name: GOOGLE.to_owned(),
            authorize_url: "https://accounts.google.com/o/oauth2/v2/auth".to_owned(),
            token_url: "https://oauth2.googleapis.com/token".to_owned(),
            scopes: vec!["https://mail.google.com/".to_owned()],
            client_auth: Some(ClientAuth::Post),
            tenant: Tenant::None,
            no_refresh_token: Oddity::NoRefreshTokenGoogle,
            // of a service account
            app_scopes: vec!["https://mail.google.com/".to_owned()],
            old_tokens_live: false,
            // Google does not allow the mail scope there
            device_url: None,
            revoke_url: Some("https://oauth2.googleapis.com/revoke".to_owned()),
            tokeninfo_url: Some("https://oauth2.googleapis.com/tokeninfo".to_owned()),
            issuer: Some("https://accounts.google.com".to_owned()),
            always_sends_iss: false,
            idle_days: Some(180),
            limits: None,
        }
    }

    /// Microsoft, in one of its clouds.
    #[must_use]
    pub fn microsoft(cloud: Cloud) -> Self {
        let (login, mail, app) = match cloud {
            Cloud::Global => (
                "login.microsoftonline.com",
                "outlook.office.com",
                "outlook.office365.com",
            ),
            Cloud::UsGov => (
                "login.microsoftonline.us",
                "outlook.office365.us",
                "outlook.office365.us",
            ),
            Cloud::China => (
                "login.partner.microsoftonline.cn",
                "partner.outlook.cn",
                "partner.outlook.cn",
            ),
        };
        Self {
            name: MICROSOFT.to_owned(),
            authorize_url: format!("https://{login}/{{tenant}}/oauth2/v2.0/authorize"),
            token_url: format!("https://{login}/{{tenant}}/oauth2/v2.0/token"),
            scopes: vec![
                format!("https://{mail}/SMTP.Send"),
                "offline_access".to_owned(),
            ],
            client_auth: Some(ClientAuth::Post),
            tenant: Tenant::Required,
            no_refresh_token: Oddity::NoRefreshToken,
            app_scopes: vec![format!("https://{app}/.default")],
            old_tokens_live: true,
            device_url: Some(format!("https://{login}/{{tenant}}/oauth2/v2.0/devicecode")),
            // there is none: the person, or an administrator, does it in the portal
            revoke_url: None,
            tokeninfo_url: None,
            issuer: None,
            always_sends_iss: false,
            idle_days: Some(90),
            // beyond these Exchange Online answers 432 4.3.2
            limits: Some(Limits {
                connections: 3,
                mails_a_minute: 30,
            }),
        }
    }

    /// Any other provider, by the addresses and scopes of a target's settings.
    ///
    /// # Errors
    /// [`Parameter`] for addresses that are not https or not an address.
    pub fn custom(
        token_url: &str,
        authorize_url: &str,
        scopes: Vec<String>,
    ) -> Result<Self, Parameter> {
        custom::check_url(token_url).map_err(|why| Parameter::new("oauth2-token-url", why))?;
        custom::check_url(authorize_url)
            .map_err(|why| Parameter::new("oauth2-authorize-url", why))?;
        custom::check_scopes(&scopes).map_err(|why| Parameter::new("oauth2-scopes", why))?;
        Ok(Self {
            name: CUSTOM.to_owned(),
            authorize_url: authorize_url.to_owned(),
            token_url: token_url.to_owned(),
            app_scopes: scopes.clone(),
            scopes,
            client_auth: None,
            tenant: Tenant::None,
            no_refresh_token: Oddity::NoRefreshToken,
            old_tokens_live: false,
            device_url: None,
            revoke_url: None,
            tokeninfo_url: None,
            issuer: None,
            always_sends_iss: false,
            idle_days: None,
            limits: None,
        })
    }

    /// The same with the application's way to log in, where the settings name one.
    pub(crate) fn with_client_auth(mut self, name: Option<&str>) -> Result<Self, Parameter> {
        self.client_auth = name.map(ClientAuth::named).transpose()?;
        Ok(self)
    }

    /// The same with further endpoints, where the settings name some: what gets a token or a secret is on the
    /// host of the token endpoint, so that no setting leads it elsewhere.
    pub(crate) fn with_more(
        mut self,
        issuer: &Option<String>,
        device_url: &Option<String>,
        revoke_url: &Option<String>,
    ) -> Result<Self, Parameter> {
        if let Some(issuer) = issuer {
            custom::check_url(issuer).map_err(|why| Parameter::new("oauth2-issuer", why))?;
        }
        let origin = custom::origin(&self.token_url);
        for (name, url) in [
            ("oauth2-device-url", device_url),
            ("oauth2-revoke-url", revoke_url),
        ] {
            let Some(url) = url else { continue };
            custom::check_url(url).map_err(|why| Parameter::new(name, why))?;
            if custom::origin(url) != origin {
                let reason = "must be on the host and port of oauth2-token-url";
                return Err(Parameter::new(name, reason));
            }
        }
        self.always_sends_iss = issuer.is_some();
        self.issuer.clone_from(issuer);
        self.device_url.clone_from(device_url);
        self.revoke_url.clone_from(revoke_url);
        Ok(self)
    }

    /// Whether an application logs in without a secret.
    pub(crate) fn is_public_client(&self) -> bool {
        self.client_auth == Some(ClientAuth::Public)
    }

    /// Whether the token URL is one of ours: if nothing is found there, something else has answered.
    pub(super) fn has_builtin_url(&self) -> bool {
        let clouds = [Cloud::Global, Cloud::UsGov, Cloud::China].map(Self::microsoft);
        let mut builtin = clouds.into_iter().chain([Self::google()]);
        builtin.any(|builtin| builtin.token_url == self.token_url)
    }

    /// The token URL for this tenant.
    pub(crate) fn token_url(&self, tenant: Option<&str>) -> Result<Url, Error> {
        self.of_tenant(&self.token_url, tenant)
    }

    /// The consent page of this tenant.
    pub(crate) fn authorize_url(&self, tenant: Option<&str>) -> Result<Url, Error> {
        self.of_tenant(&self.authorize_url, tenant)
    }

    pub(super) fn of_tenant(&self, url: &str, tenant: Option<&str>) -> Result<Url, Error> {
        if let Some(tenant) = tenant {
            check::tenant("tenant-id", tenant)?;
        }
        let url = match (self.tenant, tenant) {
            (Tenant::None, _) => url.to_owned(),
            (Tenant::Required, Some(tenant)) => url.replace("{tenant}", tenant),
            (Tenant::Required, None) => {
                return Err(Parameter::missing("tenant-id", &self.name).into());
            }
        };
        // the builtin addresses and a checked file make a valid one
        Url::parse(&url).map_err(|_| Error::parameter("tenant-id", "does not fit into the URL"))
    }

    /// The scopes that an answer with `scope` must list: `offline_access` and OpenID's are about the
    /// token, not about mail, and no provider is obliged to list them.
    pub(super) fn demanded_scopes(&self) -> impl Iterator<Item = &str> {
        demanded(&self.scopes)
    }
}

/// Those of the scopes that are about mail, and are names of what is granted.
pub(super) fn demanded(scopes: &[String]) -> impl Iterator<Item = &str> {
    const ABOUT_TOKENS: [&str; 6] = [
        "offline_access",
        "openid",
        "profile",
        "email",
        "address",
        "phone",
    ];
    scopes
        .iter()
        .map(String::as_str)
        .filter(|scope| !ABOUT_TOKENS.contains(scope) && !scope.ends_with("/.default"))
}

/// The providers that a machine knows.
#[derive(Debug)]
pub struct Providers {
    list: Vec<Provider>,
    fault: Option<Unusable>,
}

impl Providers {
    /// The builtin providers, and on a machine that is not a PVE node those of its provider file.
    #[must_use]
    pub fn load(host: &Host) -> Self {
        let mut list = vec![Provider::google(), Provider::microsoft(Cloud::Global)];
        let read = host.provider_file().and_then(|file| match file {
            Some((path, text)) => custom::parse(&text, &list)
                .map(Some)
                .map_err(|reason| Unusable::new(path, reason).fix("fix it in the file")),
            None => Ok(None),
        });
        let fault = match read {
            Ok(Some(merged)) => {
                list = merged;
                None
            }
            Ok(None) => None,
            Err(error) => Some(error),
        };
        Self { list, fault }
    }

    /// Why the provider file cannot be used; then none of the providers that it may override is known.
    #[must_use]
    pub fn fault(&self) -> Option<&Unusable> {
        self.fault.as_ref()
    }

    /// All providers.
    pub fn iter(&self) -> impl Iterator<Item = &Provider> {
        self.list.iter()
    }

    /// The provider of this name, for a target.
    ///
    /// # Errors
    /// [`Error::File`] where the provider file cannot be used: the provider may be another one there, and
    /// secrets must not go to the builtin one instead. [`Error::Parameter`] for an unknown name; it lists all
    /// that a target may have.
    pub fn find(&self, name: &str) -> Result<&Provider, Error> {
        self.among(name, Some("plain"))
    }

    /// The same for a code, which comes from a provider in any case.
    pub(super) fn find_for_code(&self, name: &str) -> Result<&Provider, Error> {
        self.among(name, None)
    }

    fn among(&self, name: &str, other: Option<&str>) -> Result<&Provider, Error> {
        if let Some(fault) = &self.fault {
            return Err(fault.clone().into());
        }
        let known = self.list.iter().find(|provider| provider.name == name);
        known.ok_or_else(|| {
            let all = self.list.iter().map(|provider| provider.name.as_str());
            let valid: Vec<&str> = other.into_iter().chain(all).chain([CUSTOM]).collect();
            Parameter::unknown("auth-method", name, &valid).into()
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_cloud_has_addresses_of_its_own() {
        for (cloud, url) in [
            (
                Cloud::Global,
                "https://login.microsoftonline.com/example.org/oauth2/v2.0/token",
            ),
            (
                Cloud::UsGov,
                "https://login.microsoftonline.us/example.org/oauth2/v2.0/token",
            ),
            (
                Cloud::China,
                "https://login.partner.microsoftonline.cn/example.org/oauth2/v2.0/token",
            ),
        ] {
            let provider = Provider::microsoft(cloud);
            assert_eq!(
                provider.token_url(Some("example.org")).unwrap().as_str(),
                url
            );
            assert!(provider.scopes[0].ends_with("/SMTP.Send"));
            assert_eq!(provider.demanded_scopes().count(), 1);
        }
    }

    #[test]
    fn a_tenant_is_demanded_where_it_is_needed() {
        let error = Provider::microsoft(Cloud::Global)
            .token_url(None)
            .unwrap_err();
        assert_eq!(error.code(), 400);
        assert!(
            error.to_string().starts_with("tenant-id: is missing"),
            "{error}"
        );
        assert!(Provider::google().token_url(None).is_ok());
    }

    #[test]
    fn only_an_address_of_ours_is_builtin() {
        let own = "https://login.example.org/token";
        let custom = Provider::custom(own, own, Vec::new()).unwrap();
        let overridden = Provider {
            token_url: own.to_owned(),
            ..Provider::google()
        };
        for (provider, is_builtin) in [
            (Provider::google(), true),
            (Provider::microsoft(Cloud::Global), true),
            (Provider::microsoft(Cloud::China), true),
            (custom, false),
            (overridden, false),
        ] {
            assert_eq!(provider.has_builtin_url(), is_builtin, "{provider:?}");
        }
    }

    #[test]
    fn an_unknown_auth_method_is_named_with_all_that_are_valid() {
        let providers = Providers::load(&Host::pve());
        assert_eq!(
            providers.find("hotmail").unwrap_err().to_string(),
            "auth-method: unknown value 'hotmail'; use plain, google-oauth2, microsoft-oauth2 or \
             custom-oauth2"
        );
        // no code comes from there
        assert_eq!(
            providers.find_for_code("plain").unwrap_err().to_string(),
            "auth-method: unknown value 'plain'; use google-oauth2, microsoft-oauth2 or custom-oauth2"
        );
    }
}
