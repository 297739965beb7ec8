//! The page where a person consents: its address (RFC 6749 section 4.1.1, RFC 7636 section 4.3).
//!
//! Google, developers.google.com/identity/protocols/oauth2/web-server: a refresh token comes only with
//! `access_type=offline`, and on a second consent only with `prompt=consent`. Microsoft,
//! learn.microsoft.com/entra/identity-platform/v2-oauth2-auth-code-flow: `response_mode=fragment` keeps the
//! code in the browser, out of every server's access log. OpenID Connect Core section 11: `offline_access`
//! may be ignored without `prompt=consent`.

use ::oauth2::{
    AuthUrl, ClientId, CsrfToken, PkceCodeChallenge, PkceCodeVerifier, RedirectUrl, Scope,
};

use super::{Application, Error, GOOGLE, MICROSOFT, Provider, redirect};
use crate::Secret;

/// What every `state` of ours begins with, by which a web page tells it from that of an OpenID login.
pub const STATE: &str = "pve-notify.";

/// A consent that can begin.
#[derive(Debug)]
pub(crate) struct Consent {
    /// The page.
    pub(crate) url: String,
    /// What its answer comes with.
    pub(crate) state: Secret,
    /// What redeems the answer's code (RFC 7636 section 4.1).
    pub(crate) verifier: Secret,
}

impl Consent {
    /// Makes one of two random values.
    ///
    /// # Errors
    /// [`Error::Parameter`] for an address that cannot be one.
    pub(crate) fn new(
        application: &Application,
        provider: &Provider,
        redirect_uri: &str,
        login: &str,
        [state, verifier]: [Secret; 2],
    ) -> Result<Self, Error> {
        let state = format!("{STATE}{}", state.expose());
        let challenge = PkceCodeChallenge::from_code_verifier_sha256(&PkceCodeVerifier::new(
            verifier.expose().to_owned(),
        ));
        let page = provider.authorize_url(application.tenant_id.as_deref())?;
        let redirect = RedirectUrl::new(redirect_uri.to_owned())
            .map_err(|_| Error::parameter("redirect-uri", "is not a valid URI"))?;
        let client =
            ::oauth2::basic::BasicClient::new(ClientId::new(application.client_id.clone()))
                .set_auth_uri(AuthUrl::from_url(page))
                .set_redirect_uri(redirect);
        let csrf = || CsrfToken::new(state.clone());
        let mut request = client
            .authorize_url(csrf)
            .add_scopes(provider.scopes.iter().cloned().map(Scope::new))
            .set_pkce_challenge(challenge);
        for (name, value) in extra(provider, redirect_uri) {
            request = request.add_extra_param(name, value);
        }
        if !login.is_empty() {
            request = request.add_extra_param("login_hint", login);
        }
        let (url, _) = request.url();
        Ok(Self {
            url: url.into(),
            state: Secret::new(state),
            verifier,
        })
    }
}

/// What a provider needs beyond the RFCs.
fn extra(provider: &Provider, redirect_uri: &str) -> Vec<(&'static str, &'static str)> {
    match provider.name.as_str() {
        GOOGLE => vec![("access_type", "offline"), ("prompt", "consent")],
        MICROSOFT if redirect::is_callback_page(redirect_uri) => {
            vec![("response_mode", "fragment")]
        }
        MICROSOFT => vec![("response_mode", "query")],
        _ if provider
            .scopes
            .iter()
            .any(|scope| scope == "offline_access") =>
        {
            vec![("prompt", "consent")]
        }
        _ => Vec::new(),
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use ::oauth2::url::Url;
    use base64::prelude::{BASE64_URL_SAFE_NO_PAD, Engine};

    use super::*;
    use crate::oauth2::Cloud;
    use crate::random;

    const PAGE: &str = "https://pve.example.org:8006/pve2/js/notify/callback.html";

    fn application() -> Application {
        Application {
            client_id: "client & co".to_owned(),
            tenant_id: Some("example.org".to_owned()),
            ..Application::default()
        }
    }

    fn begun(provider: &Provider, redirect_uri: &str, login: &str) -> Consent {
        let values = [(); 2].map(|()| random::value().unwrap());
        Consent::new(&application(), provider, redirect_uri, login, values).unwrap()
    }

    fn parameters(consent: &Consent) -> BTreeMap<String, String> {
        let url = Url::parse(&consent.url).unwrap();
        url.query_pairs().into_owned().collect()
    }

    #[test]
    fn each_provider_gets_what_it_needs_and_no_more() {
        let own = "https://login.example.org/authorize?audience=mail";
        let custom = |scopes: &[&str]| {
            let scopes = scopes.iter().copied().map(str::to_owned).collect();
            Provider::custom("https://login.example.org/token", own, scopes).unwrap()
        };
        let base = [
            "client_id",
            "code_challenge",
            "code_challenge_method",
            "login_hint",
            "redirect_uri",
            "response_type",
            "scope",
            "state",
        ];
        let plain = "https://pve.example.org:8006/";
        for (provider, redirect_uri, more) in [
            (
                Provider::google(),
                PAGE,
                &[("access_type", "offline"), ("prompt", "consent")][..],
            ),
            (
                Provider::microsoft(Cloud::Global),
                PAGE,
                &[("response_mode", "fragment")],
            ),
            (
                Provider::microsoft(Cloud::China),
                plain,
                &[("response_mode", "query")],
            ),
            (custom(&["mail"]), PAGE, &[("audience", "mail")]),
            (
                custom(&["mail", "offline_access"]),
                plain,
                &[("audience", "mail"), ("prompt", "consent")],
            ),
        ] {
            let consent = begun(&provider, redirect_uri, "pve@example.org");
            let mut told = parameters(&consent);
            for (name, value) in more {
                assert_eq!(told.remove(*name).as_deref(), Some(*value), "{name}");
            }
            assert_eq!(told.keys().map(String::as_str).collect::<Vec<_>>(), base);
            assert_eq!(told["client_id"], "client & co");
            assert_eq!(told["redirect_uri"], redirect_uri);
            assert_eq!(told["scope"], provider.scopes.join(" "));
            assert_eq!(told["code_challenge_method"], "S256");
            assert_eq!(told["state"], consent.state.expose());
            assert!(told["state"].starts_with("pve-notify."));
            let digest = crate::hash::sha256(consent.verifier.expose().as_bytes());
            assert_eq!(
                told["code_challenge"],
                BASE64_URL_SAFE_NO_PAD.encode(digest)
            );
            assert!(!consent.url.contains(consent.verifier.expose()));
        }
    }

    #[test]
    fn nobody_is_named_where_nobody_is_known() {
        let consent = begun(&Provider::google(), PAGE, "");
        assert!(!parameters(&consent).contains_key("login_hint"));
    }

    #[test]
    fn no_two_are_alike() {
        let [one, two] = [(); 2].map(|()| begun(&Provider::google(), PAGE, ""));
        assert_ne!(one.state.expose(), two.state.expose());
        assert_ne!(one.verifier.expose(), two.verifier.expose());
        assert!(!format!("{one:?}").contains(one.verifier.expose()));
    }
}
