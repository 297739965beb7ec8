//! From a target's settings to the account that it logs in with.

use std::cell::LazyCell;
use std::time::Duration;

use crate::clock::begin_of_day;
use crate::config::Smtp;
use crate::oauth2::{
    Account, Application, Error, Providers, acts_for_itself, by_key, check_app_only, check_text,
    missing_service_account, needed,
};
use crate::parameter::Parameter;
use crate::{Host, Secret};

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
    let account = without_secret(providers, smtp)?;
    account
        .map(|mut account| {
            if !account.provider.is_public_client() {
                let secret = smtp.client_secret().ok_or_else(|| missing_secret(smtp))?;
                check_text("oauth2-client-secret", secret.expose())?;
                account.client_secret = secret.clone();
                let of = (&*account.provider.name, account.identity.app_only);
                let alg = smtp.oauth2_assertion_alg.as_deref();
                let by_key = by_key(secret, of, alg)?;
                let certificate = by_key.as_ref().and_then(|by_key| by_key.ends);
                let set = smtp.oauth2_secret_expires.as_deref();
                account.secret_ends = set.and_then(begin_of_day).or(certificate);
                if let Some(by_key) = by_key {
                    account.provider.client_auth = Some(by_key.auth);
                }
            }
            Ok(account)
        })
        .transpose()
}

/// The same without client secret: what a login would be for.
pub(crate) fn without_secret<F: FnOnce() -> Providers>(
    providers: &LazyCell<Providers, F>,
    smtp: &Smtp,
) -> Result<Option<Account>, Error> {
    let method = match smtp.auth_method.as_deref() {
        None | Some("plain") => return Ok(None),
        Some(method) => method,
    };
    let app_only = acts_for_itself(method, smtp.oauth2_grant_type.as_deref())?;
    let application = application_of(smtp);
    let provider = application.provider(providers, app_only)?;
    if app_only {
        check_app_only(&provider)?;
    }
    let mut identity = application.identity(&provider, app_only)?;
    identity.login = needed("username", smtp.username.as_ref(), method)?.to_owned();
    Ok(Some(Account {
        target: smtp.name.clone(),
        identity,
        provider,
        client_secret: Secret::new(""),
        secret_ends: None,
        peer: smtp.peer_of_grant(),
        refresh_before: smtp
            .oauth2_refresh_before
            .map(|seconds| Duration::from_secs(seconds.into())),
    }))
}

fn missing_secret(smtp: &Smtp) -> Parameter {
    let method = smtp.auth_method.as_deref().unwrap_or_default();
    match smtp.credential_aside() {
        Some(name) => Parameter::missing(name, method).fix(format!(
            "set {name} again, or change server, provider or username back"
        )),
        None if smtp.oauth2_grant_type.as_deref() == Some("jwt-bearer") => {
            missing_service_account()
        }
        None => Parameter::missing("oauth2-client-secret", method).fix("set oauth2-client-secret"),
    }
}

/// The application that a target names.
pub(crate) fn application_of(smtp: &Smtp) -> Application {
    Application {
        auth_method: smtp.auth_method.clone().unwrap_or_default(),
        client_id: smtp.oauth2_client_id.clone().unwrap_or_default(),
        tenant_id: smtp.oauth2_tenant_id.clone(),
        cloud: smtp.oauth2_cloud.clone(),
        token_url: smtp.oauth2_token_url.clone(),
        authorize_url: smtp.oauth2_authorize_url.clone(),
        scopes: smtp.oauth2_scopes.clone(),
        client_auth: smtp.oauth2_client_auth.clone(),
        issuer: smtp.oauth2_issuer.clone(),
        device_url: smtp.oauth2_device_url.clone(),
        revoke_url: smtp.oauth2_revoke_url.clone(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::oauth2::CUSTOM;

    fn smtp(client_auth: Option<&str>) -> Smtp {
        let text = |text: &str| Some(text.to_owned());
        let mut smtp = Smtp::default();
        smtp.username = text("pve@example.org");
        smtp.auth_method = text(CUSTOM);
        smtp.oauth2_client_id = text("client");
        smtp.oauth2_token_url = text("https://example.org/token");
        smtp.oauth2_authorize_url = text("https://example.org/authorize");
        smtp.oauth2_client_auth = client_auth.map(str::to_owned);
        smtp.oauth2_client_secret = Some(Secret::new("left over"));
        smtp
    }

    #[test]
    fn a_secret_that_a_public_client_still_has_goes_nowhere() {
        for (set, secret) in [
            (None, "left over"),
            (Some("basic"), "left over"),
            (Some("post"), "left over"),
            (Some("none"), ""),
        ] {
            let account = of(&Host::pve(), &smtp(set)).unwrap().unwrap();
            assert_eq!(account.client_secret.expose(), secret, "{set:?}");
        }
    }

    #[test]
    fn what_a_hand_wrote_into_the_file_is_checked() {
        let mut google = smtp(Some("post"));
        google.auth_method = Some("google-oauth2".to_owned());
        for smtp in [smtp(Some("mtls")), google] {
            let text = of(&Host::pve(), &smtp).unwrap_err().to_string();
            assert!(text.starts_with("oauth2-client-auth: "), "{text}");
        }
    }
}
