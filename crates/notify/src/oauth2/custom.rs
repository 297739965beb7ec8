//! The provider file: a JSON object of providers by name.
//!
//! A known name overrides the keys given and keeps the others; a new name adds a provider and needs
//! both addresses and the scopes. With one wrong entry the whole file cannot be used, since a half-read
//! override could send a secret to the wrong place.

use std::collections::BTreeMap;

use ::oauth2::url::Url;
use serde::Deserialize;

use super::ClientAuth;
use super::provider::{Provider, Tenant};
use crate::cause::Oddity;

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct Entry {
    authorize_url: Option<String>,
    token_url: Option<String>,
    scopes: Option<Vec<String>>,
    client_auth: Option<Auth>,
    tenant: Option<Need>,
    device_url: Option<String>,
    revoke_url: Option<String>,
    tokeninfo_url: Option<String>,
    issuer: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "kebab-case")]
enum Auth {
    Post,
    Basic,
}

#[derive(Deserialize)]
#[serde(rename_all = "kebab-case")]
enum Need {
    None,
    Required,
}

/// The builtin providers as changed by the file, or why it cannot be used.
pub(super) fn parse(text: &str, builtin: &[Provider]) -> Result<Vec<Provider>, String> {
    let entries: BTreeMap<String, Entry> =
        serde_json::from_str(text).map_err(|error| format!("not understood: {error}"))?;
    let mut list = builtin.to_vec();
    for (name, entry) in entries {
        let fault = |reason: &str| format!("provider '{}': {reason}", name.escape_debug());
        if !is_name(&name) {
            return Err(fault(
                "the name may have 2 to 64 lower-case letters, digits and '-'",
            ));
        }
        match list.iter_mut().find(|provider| provider.name == name) {
            Some(provider) => apply(provider, entry),
            None => {
                let mut provider = Provider {
                    name: name.clone(),
                    authorize_url: String::new(),
                    token_url: String::new(),
                    scopes: Vec::new(),
                    client_auth: Some(ClientAuth::Post),
                    tenant: Tenant::None,
                    no_refresh_token: Oddity::NoRefreshToken,
                    app_scopes: Vec::new(),
                    old_tokens_live: false,
                    device_url: None,
                    revoke_url: None,
                    tokeninfo_url: None,
                    issuer: None,
                    always_sends_iss: false,
                    idle_days: None,
                    limits: None,
                };
                apply(&mut provider, entry);
                provider.app_scopes.clone_from(&provider.scopes);
                list.push(provider);
            }
        }
        if let Some(provider) = list.iter().find(|provider| provider.name == name) {
            validate(provider).map_err(|reason| fault(&reason))?;
        }
    }
    Ok(list)
}

fn apply(provider: &mut Provider, entry: Entry) {
    // no token goes to an endpoint of before
    let is_moved = entry.token_url.is_some();
    for (known, given) in [
        (&mut provider.device_url, entry.device_url),
        (&mut provider.revoke_url, entry.revoke_url),
        (&mut provider.tokeninfo_url, entry.tokeninfo_url),
    ] {
        if is_moved || given.is_some() {
            *known = given;
        }
    }
    if entry.authorize_url.is_some() || entry.issuer.is_some() {
        provider.issuer = entry.issuer;
    }
    if let Some(url) = entry.authorize_url {
        provider.authorize_url = url;
    }
    if let Some(url) = entry.token_url {
        provider.token_url = url;
    }
    if let Some(scopes) = entry.scopes {
        provider.scopes = scopes;
    }
    if let Some(auth) = entry.client_auth {
        provider.client_auth = Some(match auth {
            Auth::Post => ClientAuth::Post,
            Auth::Basic => ClientAuth::Basic,
        });
    }
    if let Some(need) = entry.tenant {
        provider.tenant = match need {
            Need::None => Tenant::None,
            Need::Required => Tenant::Required,
        };
    }
}

fn validate(provider: &Provider) -> Result<(), String> {
    for (key, url) in [
        ("authorize-url", &provider.authorize_url),
        ("token-url", &provider.token_url),
    ] {
        if url.contains("{tenant}") != (provider.tenant == Tenant::Required) {
            return Err(format!(
                "{key} must contain {{tenant}} exactly if tenant is 'required'"
            ));
        }
        let of_tenant = url.replace("{tenant}", "tenant");
        let host = check_url(&of_tenant).map_err(|reason| format!("{key} {reason}"))?;
        // the tenant may only be a part of path or query
        if check_url(&url.replace("{tenant}", "other")).as_ref() != Ok(&host) {
            return Err(format!("{key} must not have {{tenant}} in the host name"));
        }
    }
    for (key, url) in [
        ("device-url", &provider.device_url),
        ("revoke-url", &provider.revoke_url),
        ("tokeninfo-url", &provider.tokeninfo_url),
        ("issuer", &provider.issuer),
    ] {
        let Some(url) = url else { continue };
        if ["tokeninfo-url", "issuer"].contains(&key) && url.contains("{tenant}") {
            return Err(format!("{key} must not contain {{tenant}}"));
        }
        let [one, two] =
            ["tenant", "other"].map(|tenant| check_url(&url.replace("{tenant}", tenant)));
        let host = one.map_err(|reason| format!("{key} {reason}"))?;
        if two.as_ref() != Ok(&host) {
            return Err(format!("{key} must not have {{tenant}} in the host name"));
        }
    }
    if provider.demanded_scopes().next().is_none() {
        return Err("scopes has no scope for mail".to_owned());
    }
    check_scopes(&provider.scopes).map_err(|reason| format!("scopes {reason}"))
}

/// The host of an address that a secret may be sent to.
pub(super) fn check_url(url: &str) -> Result<String, String> {
    if url.is_empty() {
        return Err("is missing".to_owned());
    }
    if url.len() > 2048 || url.contains(|c: char| c.is_control() || c.is_whitespace()) {
        return Err("is too long, or contains whitespace or control characters".to_owned());
    }
    let begin = url.get(..8).unwrap_or_default();
    if !begin.eq_ignore_ascii_case("https://") {
        return Err("must begin with https://".to_owned());
    }
    let parsed = Url::parse(url).map_err(|error| format!("is not a URL: {error}"))?;
    if !parsed.username().is_empty() || parsed.password().is_some() {
        return Err("must not contain a user or password".to_owned());
    }
    if parsed.fragment().is_some() {
        return Err("must not have a fragment (#...)".to_owned());
    }
    Ok(parsed.host_str().unwrap_or_default().to_owned())
}

/// Scheme, host and port of an address that [`check_url`] has let pass: another port may be another's.
pub(super) fn origin(url: &str) -> Option<String> {
    Some(Url::parse(url).ok()?.origin().ascii_serialization())
}

/// The address as every program reads it, without characters that look like others or like none.
pub(super) fn canonical(url: &str) -> Result<String, String> {
    check_url(url)?;
    let parsed = Url::parse(url).map_err(|error| format!("is not a URL: {error}"))?;
    Ok(parsed.into())
}

/// RFC 6749 appendix A.4.
pub(super) fn check_scopes(scopes: &[String]) -> Result<(), String> {
    let is_scope = |scope: &String| {
        scope
            .bytes()
            .all(|byte| matches!(byte, 0x21 | 0x23..=0x5b | 0x5d..=0x7e))
            && !scope.is_empty()
    };
    if scopes.iter().all(is_scope) {
        Ok(())
    } else {
        Err("has an entry with whitespace or characters that are not allowed".to_owned())
    }
}

fn is_name(name: &str) -> bool {
    (2..=64).contains(&name.len())
        && name
            .bytes()
            .all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-')
}
