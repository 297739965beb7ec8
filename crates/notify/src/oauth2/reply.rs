//! Judges the token endpoint's answer (RFC 6749 sections 5.1 and 5.2) before anybody uses it.
//!
//! Strict where a token would be wrong or unusable, lenient where providers differ harmlessly: the
//! token type compares without case, an absent `scope` means "as asked", `expires_in` does not matter
//! to a refresh token.

use std::time::Duration;

use ::oauth2::basic::BasicTokenType;
use ::oauth2::http::header::CONTENT_TYPE;
use ::oauth2::{AccessToken, HttpResponse, RefreshToken, Scope, TokenResponse};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{CodeExchange, Provider, explain};
use crate::advice::Oddity;
use crate::http::retry_after;
use crate::{Error, Secret};

/// The longest token, in bytes.
const MAX_TOKEN: usize = 16 * 1024;

/// The fields of an answer that we look at. A field twice is refused by serde.
#[derive(Debug, Deserialize)]
pub(super) struct Answer {
    access_token: Option<Secret>,
    refresh_token: Option<Secret>,
    id_token: Option<Secret>,
    token_type: Option<String>,
    scope: Option<String>,
    pub(super) error: Option<Value>,
    pub(super) error_description: Option<Value>,
    pub(super) error_subtype: Option<Value>,
    pub(super) error_codes: Option<Value>,
}

impl Answer {
    /// The tokens in it, which no text may quote.
    pub(super) fn tokens(&self) -> impl Iterator<Item = &Secret> {
        [&self.access_token, &self.refresh_token, &self.id_token]
            .into_iter()
            .flatten()
    }
}

/// What crate `oauth2` reads from an answer that [`check`] let pass.
#[derive(Debug, Deserialize, Serialize)]
pub(super) struct Tokens {
    access_token: AccessToken,
    refresh_token: Option<RefreshToken>,
    #[serde(skip, default = "bearer")]
    token_type: BasicTokenType,
}

fn bearer() -> BasicTokenType {
    BasicTokenType::Bearer
}

impl TokenResponse for Tokens {
    type TokenType = BasicTokenType;

    fn access_token(&self) -> &AccessToken {
        &self.access_token
    }
    fn token_type(&self) -> &BasicTokenType {
        &self.token_type
    }
    fn expires_in(&self) -> Option<Duration> {
        None
    }
    fn refresh_token(&self) -> Option<&RefreshToken> {
        self.refresh_token.as_ref()
    }
    fn scopes(&self) -> Option<&Vec<Scope>> {
        None
    }
}

/// Lets an answer pass if it grants what was asked for.
pub(super) fn check(
    provider: &Provider,
    request: &CodeExchange,
    response: &HttpResponse,
) -> Result<(), Error> {
    let odd = |oddity| Err(explain::odd(&provider.name, oddity));
    let status = response.status().as_u16();
    if (300..400).contains(&status) {
        return odd(Oddity::Redirect);
    }
    // as text, since serde does not look into what it skips
    let text = std::str::from_utf8(response.body()).ok();
    let answer = match text.and_then(|text| serde_json::from_str::<Answer>(text).ok()) {
        Some(answer) if answer.error.is_some() => {
            let pause = retry_after(response.headers());
            return Err(explain::refusal(provider, request, &answer, status, pause));
        }
        answer => answer,
    };
    match status {
        200 => {}
        429 => {
            return Err(explain::busy(
                provider,
                Oddity::TooManyRequests,
                retry_after(response.headers()),
            ));
        }
        504 => return odd(Oddity::GatewayTimeout),
        500.. => {
            return Err(explain::busy(
                provider,
                Oddity::ServerStatus,
                retry_after(response.headers()),
            ));
        }
        _ if is_page(response) => return odd(Oddity::Html),
        _ => return odd(Oddity::Status),
    }
    if is_page(response) {
        return odd(Oddity::Html);
    }
    match answer {
        Some(answer) if is_json(response) => grant(provider, &answer),
        _ => odd(Oddity::NotJson),
    }
}

/// The rules of section 5.1, and that all that is needed was granted.
fn grant(provider: &Provider, answer: &Answer) -> Result<(), Error> {
    let odd = |oddity| Err(explain::odd(&provider.name, oddity));
    if answer.access_token.is_none() {
        return odd(Oddity::NoAccessToken);
    }
    if !answer
        .token_type
        .as_deref()
        .is_some_and(|kind| kind.eq_ignore_ascii_case("bearer"))
    {
        return odd(Oddity::TokenType);
    }
    if !answer.tokens().all(|token| is_token(token.expose())) {
        return odd(Oddity::BadToken);
    }
    if let Some(granted) = &answer.scope {
        let granted = |scope: &str| {
            granted
                .split(' ')
                .any(|word| word.eq_ignore_ascii_case(scope))
        };
        if !provider.demanded_scopes().all(granted) {
            return odd(Oddity::ScopeMissing);
        }
    }
    if answer.refresh_token.is_none() {
        return odd(provider.no_refresh_token);
    }
    Ok(())
}

/// RFC 6749 appendix A.12 and A.17: printable ASCII. Anything else could end a header or a line.
fn is_token(token: &str) -> bool {
    (1..=MAX_TOKEN).contains(&token.len()) && token.bytes().all(|byte| matches!(byte, 0x20..=0x7e))
}

fn content_type(response: &HttpResponse) -> Option<String> {
    let value = response.headers().get(CONTENT_TYPE)?;
    Some(String::from_utf8_lossy(value.as_bytes()).to_ascii_lowercase())
}

fn is_json(response: &HttpResponse) -> bool {
    content_type(response).is_none_or(|kind| kind.starts_with("application/json"))
}

fn is_page(response: &HttpResponse) -> bool {
    content_type(response).is_some_and(|kind| kind.contains("html"))
        || response.body().trim_ascii_start().starts_with(b"<")
}
