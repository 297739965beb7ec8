//! A refresh token for an access token (RFC 6749 section 6), an access token for the application
//! itself (section 4.4), and what a failure means for the grant.
//!
//! Only a body with `invalid_grant` ends a grant. Any other refusal in the provider's own words is a
//! matter of settings; whatever else goes wrong is left to time.

use std::cell::Cell;

use ::oauth2::{HttpRequest, HttpResponse, RefreshToken, RequestTokenError, Scope, TokenResponse};

use super::reply::{self, Refusal, Tokens};
use super::{Account, Asked, Asking, client, explain, http};
use crate::advice::{self, Oddity};
use crate::{Deadline, Error, Host, Secret};

/// What a provider gave.
#[derive(Debug)]
pub(crate) struct Granted {
    pub(crate) access_token: Secret,
    /// Its life in seconds.
    pub(crate) life: u32,
    /// The refresh token that counts from now on, if it is another one.
    pub(crate) refresh_token: Option<Secret>,
    /// How many seconds the provider's clock is ahead.
    pub(crate) clock_skew: Option<i64>,
}

/// What a failure means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// The grant has ended.
    Ended,
    /// Settings or registration have to be mended.
    Misconfigured,
    /// A later try may succeed.
    Transient,
}

/// Why there is no access token.
#[derive(Debug)]
pub(crate) struct Failure {
    pub(crate) verdict: Verdict,
    pub(crate) error: Box<Error>,
    /// A refresh token that came with an answer which is of no use otherwise.
    pub(crate) rotated: Option<Secret>,
}

/// Asks for an access token with this refresh token, once.
pub(crate) fn refresh(
    host: &Host,
    account: &Account,
    token: &Secret,
    now: i64,
    deadline: Deadline,
) -> Result<Granted, Failure> {
    let asked = asked(
        account,
        Asking::Refresh,
        vec![&account.client_secret, token],
    );
    let url = account.token_url().map_err(Refusal::from).map_err(judge)?;
    let sent = RefreshToken::new(token.expose().to_owned());
    let skew = Cell::new(None);
    let granted = client(
        &account.provider,
        asked.client_id,
        &account.client_secret,
        url,
    )
    .exchange_refresh_token(&sent)
    .request(&|request| send(host, &asked, request, now, deadline, &skew));
    granted_by(account, granted, skew.get())
}

/// Asks for an access token for the application itself, once.
pub(crate) fn app_token(
    host: &Host,
    account: &Account,
    now: i64,
    deadline: Deadline,
) -> Result<Granted, Failure> {
    let asked = asked(account, Asking::App, vec![&account.client_secret]);
    let url = account.token_url().map_err(Refusal::from).map_err(judge)?;
    let scopes = account.provider.app_scopes.iter().cloned().map(Scope::new);
    let skew = Cell::new(None);
    let granted = client(
        &account.provider,
        asked.client_id,
        &account.client_secret,
        url,
    )
    .exchange_client_credentials()
    .add_scopes(scopes)
    .request(&|request| send(host, &asked, request, now, deadline, &skew));
    granted_by(account, granted, skew.get())
}

fn asked<'a>(account: &'a Account, kind: Asking, secrets: Vec<&'a Secret>) -> Asked<'a> {
    Asked {
        kind,
        provider: &account.provider,
        client_id: &account.identity.client,
        secrets,
    }
}

fn send(
    host: &Host,
    asked: &Asked<'_>,
    request: HttpRequest,
    now: i64,
    deadline: Deadline,
    skew: &Cell<Option<i64>>,
) -> Result<HttpResponse, Refusal> {
    let answer = http::send(host, &asked.provider.name, request, deadline)?;
    skew.set(reply::clock_skew(&answer, now));
    reply::check(asked, &answer)?;
    Ok(answer)
}

fn granted_by<E: ::oauth2::ErrorResponse + 'static>(
    account: &Account,
    answer: Result<Tokens, RequestTokenError<Refusal, E>>,
    clock_skew: Option<i64>,
) -> Result<Granted, Failure> {
    let odd = || Refusal::from(explain::odd(&account.provider.name, Oddity::NotJson));
    let tokens = answer.map_err(|error| match error {
        RequestTokenError::Request(refusal) => judge(refusal),
        // its own reading of the answer: its error may quote the answer and is dropped
        _ => judge(odd()),
    })?;
    let life = tokens.expires_in().map(|life| life.as_secs());
    Ok(Granted {
        access_token: Secret::new(tokens.access_token().secret().as_str()),
        life: life.and_then(|life| life.try_into().ok()).unwrap_or(0),
        refresh_token: tokens
            .refresh_token()
            .map(|token| Secret::new(token.secret().as_str())),
        clock_skew,
    })
}

fn judge(refusal: Refusal) -> Failure {
    let Refusal {
        mut error,
        code,
        rotated,
    } = refusal;
    let temporary = |code: u16| code >= 500;
    let verdict = match (code.as_deref(), &*error) {
        (Some("invalid_grant"), _) => Verdict::Ended,
        (Some("server_error" | "temporarily_unavailable" | "slow_down"), _) => Verdict::Transient,
        // a table knows this code as a temporary one
        (Some(_), Error::Answer { advice, .. }) if temporary(advice.code) => Verdict::Transient,
        (Some(_), _) | (None, Error::Parameter { .. }) => Verdict::Misconfigured,
        (None, Error::Answer { advice, .. }) if advice.key == Oddity::ScopeMissing.advice().key => {
            Verdict::Misconfigured
        }
        (None, _) => Verdict::Transient,
    };
    if let Error::Answer { advice, .. } | Error::Way { advice, .. } = &mut *error {
        if let Some(other) = advice::for_refresh(advice.key) {
            *advice = other;
        }
    }
    Failure {
        verdict,
        error,
        rotated,
    }
}
