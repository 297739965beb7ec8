//! OAuth2 for mail: the exchange of an authorization code for a refresh token (RFC 6749 section
//! 4.1.3, with RFC 7636), of a refresh token for an access token (section 6), and access tokens for
//! an application itself (section 4.4).
//!
//! The path of the data: `check` refuses what cannot be right before anything is sent, `provider`
//! knows addresses and scopes, crate `oauth2` builds the request, `http` sends it, `reply` judges the
//! answer, `explain` turns a refusal into advice.

mod account;
mod application;
mod assertion;
mod callback;
mod check;
mod client_auth;
mod consent;
mod custom;
pub(crate) mod device;
mod discovery;
mod error;
mod exchange;
mod explain;
mod form;
mod http;
mod key;
mod mailbox;
mod provider;
mod redirect;
mod refresh;
mod reply;
mod revoke;

use ::oauth2::basic::{
    BasicErrorResponse, BasicRevocationErrorResponse, BasicTokenIntrospectionResponse,
};
use ::oauth2::url::Url;
use ::oauth2::{
    AuthType, Client, ClientId, ClientSecret, EndpointNotSet, EndpointSet, StandardRevocableToken,
    TokenUrl,
};

pub use account::Account;
pub(crate) use account::{acts_for_itself, check_app_only, check_client_auth, check_cloud};
pub use application::Application;
pub(crate) use application::{check_more, needed};
pub use assertion::Alg;
pub(crate) use callback::Callback;
pub(crate) use check::{
    is_guid, is_word_for_tenants, redirect_uri as check_redirect_uri, tenant, text as check_text,
};
pub use client_auth::ClientAuth;
pub(crate) use consent::{Consent, STATE};
pub(crate) use device::{Polled, device_url as check_device};
pub use discovery::Discovered;
pub(crate) use discovery::discover;
pub use error::Error;
pub use exchange::{BUDGET, CodeExchange, exchange_code, exchange_code_until};
pub(crate) use exchange::{Consented, check_exchange, exchange_code_on, redeem};
pub(crate) use explain::declined;
pub(crate) use key::{
    by_key, entered as entered_key, is_key, line as line_of_key, missing_service_account,
    of_line as key_of_line,
};
pub(crate) use mailbox::{mailboxes, shown_claims};
pub use provider::{CUSTOM, Cloud, Limits, Provider, Providers, Tenant};
pub(crate) use provider::{GOOGLE, MICROSOFT};
pub(crate) use redirect::NOWHERE;
pub use redirect::Redirect;
pub(crate) use refresh::{Failure, Granted, app_token, refresh};
pub(crate) use revoke::revoke;

use crate::Secret;

/// What was asked for, to judge the answer by.
struct Asked<'a> {
    kind: Asking,
    provider: &'a Provider,
    client_id: &'a str,
    /// What no text may quote.
    secrets: Vec<&'a Secret>,
}

/// The kinds of token requests.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Asking {
    /// A refresh token for a code.
    Code,
    /// An access token for a refresh token.
    Refresh,
    /// An access token for the application itself.
    App,
}

/// Scopes as they stand in settings.
pub(crate) fn words(text: Option<&str>) -> Vec<String> {
    let words = text.unwrap_or_default().split_whitespace();
    words.map(str::to_owned).collect()
}

/// A client of the provider's token endpoint.
type TokenClient = Client<
    BasicErrorResponse,
    reply::Tokens,
    BasicTokenIntrospectionResponse,
    StandardRevocableToken,
    BasicRevocationErrorResponse,
    EndpointNotSet,
    EndpointNotSet,
    EndpointNotSet,
    EndpointNotSet,
    EndpointSet,
>;

fn client(auth: ClientAuth, id: &str, secret: &Secret, token_url: &Url) -> TokenClient {
    let client = Client::new(ClientId::new(id.to_owned()))
        .set_token_uri(TokenUrl::from_url(token_url.clone()));
    let secret = || ClientSecret::new(secret.expose().to_owned());
    match auth {
        ClientAuth::Post => client
            .set_auth_type(AuthType::RequestBody)
            .set_client_secret(secret()),
        ClientAuth::Basic => client
            .set_auth_type(AuthType::BasicAuth)
            .set_client_secret(secret()),
        // what else there is to say comes with each request
        ClientAuth::Public | ClientAuth::Assertion(_) | ClientAuth::Bearer => {
            client.set_auth_type(AuthType::RequestBody)
        }
    }
}
