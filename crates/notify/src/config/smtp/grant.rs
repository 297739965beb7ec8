//! Logging in with OAuth2: which settings belong together, and what credentials were given for.
//!
//! A grant and a client secret that were given for one server, provider or login are never sent to
//! another: a change of those settings puts both aside. Another port of the same server, or STARTTLS in
//! place of TLS, is no such change.

use super::key::CLIENT_KEY;
use super::{Smtp, SmtpMode, aside};
use crate::config::Error;
use crate::oauth2::{
    CUSTOM, Cloud, GOOGLE, MICROSOFT, Provider, acts_for_itself, by_key, check_app_only,
    check_client_auth, check_cloud, check_more, is_guid, is_word_for_tenants,
    missing_service_account, tenant,
};
use crate::parameter::Parameter;
use crate::state::Peer;

impl Smtp {
    /// The provider's name, where it logs in with OAuth2.
    #[must_use]
    pub fn oauth2_method(&self) -> Option<&str> {
        self.auth_method
            .as_deref()
            .filter(|method| *method != "plain")
    }

    /// Whether the application acts for itself, without a person's consent.
    #[must_use]
    pub fn is_app_only(&self) -> bool {
        let grant_type = self.oauth2_grant_type.as_deref();
        matches!(grant_type, Some("client-credentials" | "jwt-bearer"))
    }

    /// The national cloud; the worldwide one has no name.
    #[must_use]
    pub fn cloud(&self) -> Option<String> {
        let cloud = self.oauth2_cloud.clone();
        cloud.filter(|cloud| cloud != Cloud::GLOBAL)
    }

    /// Whether the application logs in without a secret.
    fn is_public_client(&self) -> bool {
        self.oauth2_method() == Some(CUSTOM) && self.oauth2_client_auth.as_deref() == Some("none")
    }

    /// The mail server that a grant is given for.
    #[must_use]
    pub fn peer_of_grant(&self) -> Peer {
        let mode = self.mode.unwrap_or_default();
        Peer {
            server: self.server.clone(),
            port: self.port.unwrap_or(mode.default_port()),
            mode: mode.to_string(),
            ..Peer::default()
        }
    }

    /// What a grant and a client secret are given for.
    #[must_use]
    pub fn granted_for(&self) -> Vec<String> {
        let text = |value: &Option<String>| value.clone().unwrap_or_default();
        vec![
            self.peer_of_grant().host(),
            self.oauth2_method().unwrap_or_default().to_owned(),
            text(&self.cloud()),
            text(&self.oauth2_token_url),
            text(&self.oauth2_tenant_id),
            text(&self.oauth2_client_id),
            text(&self.username),
        ]
    }
}

/// Looks at what a change means for the credentials in store, and whether the settings fit together.
/// An entry that was incomplete before stays changeable in all other respects.
pub(super) fn settle(old: Option<&Smtp>, item: &mut Smtp, gives_secret: bool) -> Result<(), Error> {
    let changed = old.is_none_or(|old| old.granted_for() != item.granted_for());
    if let Some(old) = old {
        aside::settle(old, item, gives_secret);
    }
    let Some(method) = item.oauth2_method() else {
        return Ok(());
    };
    if gives_secret || changed {
        check_secret(item, method, old.is_none(), gives_secret)?;
    }
    let has_other_values = old.is_some_and(|old| !old.ext_values().eq(item.ext_values()));
    if changed || has_other_values {
        check(item, method)?;
    }
    if gives_secret || changed || has_other_values {
        check_key(item, method)?;
    }
    Ok(())
}

/// A form that knows nothing of OAuth2 offers a login by name and password, or none: without login it
/// deletes these two. The name is needed for OAuth2 all the same; a password that is left is not.
pub(super) fn check_deleted(old: &Smtp, item: &Smtp, delete: &[String]) -> Result<(), Error> {
    let (Some(_), Some(method), None) = (old.oauth2_method(), item.oauth2_method(), &item.username)
    else {
        return Ok(());
    };
    if !delete.iter().any(|key| key == "username") {
        return Ok(());
    }
    let reason = format!(
        "auth-method '{method}' needs username; delete auth-method too, or set it to plain with username \
         and password"
    );
    Err(Error::parameter("delete", reason))
}

/// Whether the key and the settings fit together.
fn check_key(item: &Smtp, method: &str) -> Result<(), Error> {
    let Some(secret) = &item.oauth2_client_secret else {
        return Ok(());
    };
    let of = (method, item.is_app_only());
    let by_key = by_key(secret, of, item.oauth2_assertion_alg.as_deref())?;
    if by_key.is_some() && item.oauth2_client_auth.is_some() {
        let reason = "must not be set with oauth2-client-key";
        return Err(Error::parameter("oauth2-client-auth", reason));
    }
    Ok(())
}

fn check_secret(item: &Smtp, method: &str, is_new: bool, gives_secret: bool) -> Result<(), Error> {
    const NAME: &str = "oauth2-client-secret";
    match &item.oauth2_client_secret {
        None if item.is_public_client() => Ok(()),
        Some(_) if item.is_public_client() && gives_secret => {
            let reason = "must not be given with oauth2-client-auth 'none'";
            let name = if item.has_key() { CLIENT_KEY } else { NAME };
            Err(Error::parameter(name, reason))
        }
        None if is_new && method == GOOGLE && item.is_app_only() => {
            Err(missing_service_account().into())
        }
        None if is_new => Err(Parameter::missing(NAME, method).into()),
        Some(secret) if method == MICROSOFT && is_guid(secret.expose()) => {
            let reason =
                "is the \"Secret ID\"; enter the \"Value\", which Microsoft shows only once";
            Err(Error::parameter(NAME, reason))
        }
        _ => Ok(()),
    }
}

fn check(item: &Smtp, method: &str) -> Result<(), Error> {
    if item.mode == Some(SmtpMode::Insecure) {
        let reason = format!(
            "must be tls or starttls with auth-method '{method}': tokens are not sent without TLS"
        );
        return Err(Error::parameter("mode", reason));
    }
    if item.username.is_none() {
        return Err(Parameter::missing("username", method).into());
    }
    if item.oauth2_client_id.is_none() {
        return Err(Parameter::missing("oauth2-client-id", method).into());
    }
    let cloud = item.oauth2_cloud.as_deref();
    match method {
        // it says itself where it is
        CUSTOM => cloud.map_or(Ok(Cloud::Global), Cloud::named),
        method => check_cloud(method, cloud),
    }?;
    acts_for_itself(method, item.oauth2_grant_type.as_deref())?;
    check_client_auth(
        method,
        item.oauth2_client_auth.as_deref(),
        item.is_app_only(),
    )?;
    let more = [
        &item.oauth2_issuer,
        &item.oauth2_device_url,
        &item.oauth2_revoke_url,
    ];
    check_more(method, more)?;
    match method {
        MICROSOFT => check_tenant(item),
        CUSTOM => check_custom(item),
        _ => Ok(()),
    }
}

fn check_tenant(item: &Smtp) -> Result<(), Error> {
    const NAME: &str = "oauth2-tenant-id";
    let Some(value) = &item.oauth2_tenant_id else {
        return Err(Parameter::missing(NAME, MICROSOFT).into());
    };
    tenant(NAME, value)?;
    if item.is_app_only() && is_word_for_tenants(value) {
        let reason =
            "must be one tenant's ID or domain with oauth2-grant-type 'client-credentials'";
        return Err(Error::parameter(NAME, reason));
    }
    Ok(())
}

fn check_custom(item: &Smtp) -> Result<(), Error> {
    let needed = |name: &'static str, value: &Option<String>| {
        value
            .clone()
            .ok_or_else(|| Parameter::missing(name, CUSTOM))
    };
    let token_url = needed("oauth2-token-url", &item.oauth2_token_url)?;
    let authorize_url = match &item.oauth2_authorize_url {
        // an application that acts for itself asks nobody
        None if item.is_app_only() => token_url.clone(),
        url => needed("oauth2-authorize-url", url)?,
    };
    let scopes = item.oauth2_scopes.as_deref().unwrap_or_default();
    let scopes = scopes.split_whitespace().map(str::to_owned).collect();
    let provider = Provider::custom(&token_url, &authorize_url, scopes)?.with_more(
        &item.oauth2_issuer,
        &item.oauth2_device_url,
        &item.oauth2_revoke_url,
    )?;
    if item.is_app_only() {
        check_app_only(&provider)?;
    }
    Ok(())
}
