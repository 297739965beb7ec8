//! An authorization code for a refresh token (RFC 6749 section 4.1.3, RFC 7636 section 4.5).

use std::time::Duration;

use ::oauth2::url::Url;
use ::oauth2::{
    AuthorizationCode, HttpRequest, HttpResponse, PkceCodeVerifier, RedirectUrl, RequestTokenError,
    TokenResponse,
};

use super::reply::{self, Refusal, Tokens};
use super::{
    Asked, Asking, CUSTOM, Error, Provider, Providers, assertion, check, client, client_auth,
    explain, http, words,
};
use crate::cause::Oddity;
use crate::net::Trip;
use crate::parameter::Parameter;
use crate::{Deadline, Host, Secret};

/// How long an exchange may take in all: name, connection, TLS, request and answer.
pub const BUDGET: Duration = Duration::from_secs(20);

/// What an exchange needs. The names in errors are those of the API (`tenant-id` and so on).
#[derive(Clone, Debug)]
pub struct CodeExchange {
    /// The provider's name: `google-oauth2`, `microsoft-oauth2`, or one of the provider file.
    pub auth_method: String,
    /// The application's id at the provider; at most 16 KiB, like every other text here.
    pub client_id: String,
    /// The application's secret; empty for a public client, which has none.
    pub client_secret: Secret,
    /// Microsoft: the tenant the code came from, as GUID, DNS name, or one of `common`,
    /// `organizations`, `consumers`.
    pub tenant_id: Option<String>,
    /// The code from the redirect, decoded.
    pub authorization_code: Secret,
    /// The redirect URI of the authorization request, to the letter.
    pub redirect_uri: String,
    /// The PKCE verifier (RFC 7636 section 4.1), if the authorization request had a challenge.
    pub code_verifier: Option<Secret>,
    /// `custom-oauth2`: the address of the token endpoint, https only.
    pub token_url: Option<String>,
    /// `custom-oauth2`: the scopes that the consent page was opened with, separated by blanks.
    pub scopes: Option<String>,
    /// `custom-oauth2`: how the application logs in at the token endpoint, `basic`, `post` or `none`.
    /// Without it `basic`, and `post` where the provider refuses that.
    pub client_auth: Option<String>,
}

/// Exchanges the code for a refresh token within [`BUDGET`].
///
/// Blocks; makes no thread but one that resolves a name; keeps no connection. The code is spent once the
/// request was sent, whatever comes back; some providers do not spend it where they refuse the application's
/// login, which is then tried in the other way, unless the settings name one. What this crate holds of the
/// secrets is wiped; copies inside crate `oauth2` and in the buffers of HTTP and TLS are freed without that.
///
/// # Errors
/// [`Error::Parameter`] (400) before anything is sent; [`Error::Answer`] (400, 502) for what the
/// provider answers; [`Error::Net`] (502, 504) if it cannot be reached in time; [`Error::File`] (500)
/// for a CA bundle or proxy setting that cannot be used.
pub fn exchange_code(host: &Host, request: &CodeExchange) -> Result<Secret, Error> {
    exchange_code_until(host, request, Deadline::after(BUDGET))
}

/// The same with the caller's own deadline, for a call that is one step of several.
///
/// # Errors
/// As [`exchange_code`].
pub fn exchange_code_until(
    host: &Host,
    request: &CodeExchange,
    deadline: Deadline,
) -> Result<Secret, Error> {
    exchange_code_on(&Trip::new(host), request, deadline)
}

/// The same as a part of a trip.
pub(crate) fn exchange_code_on(
    trip: &Trip,
    request: &CodeExchange,
    deadline: Deadline,
) -> Result<Secret, Error> {
    check::secrets_and_names(request)?;
    let provider = provider_of(trip.host(), request)?;
    check::client(&provider, request)?;
    let token_url = provider.token_url(request.tenant_id.as_deref())?;
    let consented = redeem(trip, (&provider, &token_url), request, deadline)?;
    Ok(consented.refresh_token)
}

/// What a consent has given.
#[derive(Debug)]
pub(crate) struct Consented {
    pub(crate) refresh_token: Secret,
    pub(crate) access_token: Secret,
    /// Who has consented, as the provider signs it (OpenID Connect Core section 2); not verified.
    pub(crate) id_token: Option<Secret>,
}

/// What can be told to be wrong before anything is sent.
pub(crate) fn check_exchange(provider: &Provider, request: &CodeExchange) -> Result<(), Parameter> {
    check::secrets_and_names(request)?;
    check::client(provider, request)
}

/// Redeems a code at a provider whose token endpoint is known; the provider's addresses in the request do not
/// count.
pub(crate) fn redeem(
    trip: &Trip,
    (provider, token_url): (&Provider, &Url),
    request: &CodeExchange,
    deadline: Deadline,
) -> Result<Consented, Error> {
    check_exchange(provider, request)?;
    let redirect_url = RedirectUrl::new(request.redirect_uri.clone())
        .map_err(|_| Error::parameter("redirect-uri", "is not a valid URI"))?;
    let login = (&*request.client_id, &request.client_secret);
    let proof = assertion::proof(provider, login, token_url.as_str())?;
    let asked = Asked {
        kind: Asking::Code,
        provider,
        client_id: &request.client_id,
        secrets: [&request.client_secret, &request.authorization_code]
            .into_iter()
            .chain(&request.code_verifier)
            .chain(proof.iter().map(|(_, secret)| secret))
            .collect(),
    };
    let ask = |auth| {
        let (id, secret) = (&request.client_id, &request.client_secret);
        let client = client(auth, id, secret, token_url).set_redirect_uri(redirect_url.clone());
        let code = AuthorizationCode::new(request.authorization_code.expose().to_owned());
        let mut exchange = client.exchange_code(code);
        if let Some(verifier) = &request.code_verifier {
            let verifier = PkceCodeVerifier::new(verifier.expose().to_owned());
            exchange = exchange.set_pkce_verifier(verifier);
        }
        for (name, value) in &proof {
            exchange = exchange.add_extra_param(*name, value.expose());
        }
        let send = |sent: HttpRequest| -> Result<HttpResponse, Refusal> {
            let answer = http::send(trip, &asked, sent, deadline)?;
            reply::check(&asked, &answer)?;
            Ok(answer)
        };
        exchange.request(&send).map_err(|error| match error {
            RequestTokenError::Request(refusal) => refusal,
            // its own reading of the answer: its error may quote the answer and is dropped
            _ => explain::odd(&provider.name, Oddity::NotJson).into(),
        })
    };
    let (tokens, _) = client_auth::attempt(provider, Asking::Code, None, deadline, ask)
        .map_err(|refusal| *refusal.error)?;
    consented(tokens, provider)
}

/// What these tokens give; without a refresh token it is nothing.
pub(super) fn consented(mut tokens: Tokens, provider: &Provider) -> Result<Consented, Error> {
    match tokens.refresh_token() {
        Some(token) => Ok(Consented {
            refresh_token: Secret::new(token.secret().as_str()),
            access_token: Secret::new(tokens.access_token().secret().as_str()),
            id_token: tokens.take_id_token(),
        }),
        None => Err(explain::odd(&provider.name, provider.no_refresh_token)),
    }
}

/// The provider that a code came from.
fn provider_of(host: &Host, request: &CodeExchange) -> Result<Provider, Error> {
    if request.auth_method != CUSTOM {
        for (name, value) in [
            ("token-url", &request.token_url),
            ("scopes", &request.scopes),
            ("client-auth", &request.client_auth),
        ] {
            if value.is_some() {
                return Err(Error::parameter(
                    name,
                    format!("is only for auth-method '{CUSTOM}'"),
                ));
            }
        }
        return Ok(Providers::load(host)
            .find_for_code(&request.auth_method)?
            .clone());
    }
    let missing = || Parameter::missing("token-url", CUSTOM);
    let token_url = request.token_url.as_ref().ok_or_else(missing)?;
    // nobody is asked for consent here
    let authorize_url = token_url;
    let scopes = words(request.scopes.as_deref());
    Provider::custom(token_url, authorize_url, scopes)
        .and_then(|provider| provider.with_client_auth(request.client_auth.as_deref()))
        .map_err(|parameter| parameter.of_call().into())
}
