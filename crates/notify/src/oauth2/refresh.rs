//! A refresh token for an access token (RFC 6749 section 6), an access token for the application
//! itself (section 4.4).
//!
//! What a failure means for the grant is said by [`crate::verdict`].

use std::cell::Cell;

use ::oauth2::{HttpRequest, HttpResponse, RefreshToken, RequestTokenError, Scope, TokenResponse};

use super::reply::{self, Refusal, Tokens};
use super::{Account, Asked, Asking, Error, client, explain, http};
use crate::cause::Oddity;
use crate::net::Trip;
use crate::{Deadline, Secret};

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

/// Why there is no access token.
#[derive(Debug)]
pub(crate) struct Failure {
    pub(crate) error: Box<Error>,
    /// A refresh token that came with an answer which is of no use otherwise.
    pub(crate) rotated: Option<Secret>,
}

/// Asks for an access token with this refresh token, once.
pub(crate) fn refresh(
    trip: &Trip,
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
    let url = account
        .token_url()
        .map_err(|error| judge(asked.kind, error.into()))?;
    let sent = RefreshToken::new(token.expose().to_owned());
    let skew = Cell::new(None);
    let granted = client(
        &account.provider,
        asked.client_id,
        &account.client_secret,
        url,
    )
    .exchange_refresh_token(&sent)
    .request(&|request| send(trip, &asked, request, now, deadline, &skew));
    granted_by(&asked, granted, skew.get())
}

/// Asks for an access token for the application itself, once.
pub(crate) fn app_token(
    trip: &Trip,
    account: &Account,
    now: i64,
    deadline: Deadline,
) -> Result<Granted, Failure> {
    let asked = asked(account, Asking::App, vec![&account.client_secret]);
    let url = account
        .token_url()
        .map_err(|error| judge(asked.kind, error.into()))?;
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
    .request(&|request| send(trip, &asked, request, now, deadline, &skew));
    granted_by(&asked, granted, skew.get())
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
    trip: &Trip,
    asked: &Asked<'_>,
    request: HttpRequest,
    now: i64,
    deadline: Deadline,
    skew: &Cell<Option<i64>>,
) -> Result<HttpResponse, Refusal> {
    let answer = http::send(trip, asked, request, deadline)?;
    skew.set(reply::clock_skew(&answer, now));
    reply::check(asked, &answer)?;
    Ok(answer)
}

fn granted_by<E: ::oauth2::ErrorResponse + 'static>(
    asked: &Asked<'_>,
    answer: Result<Tokens, RequestTokenError<Refusal, E>>,
    clock_skew: Option<i64>,
) -> Result<Granted, Failure> {
    let odd = || Refusal::from(explain::odd(&asked.provider.name, Oddity::NotJson));
    let tokens = answer.map_err(|error| match error {
        RequestTokenError::Request(refusal) => judge(asked.kind, refusal),
        // its own reading of the answer: its error may quote the answer and is dropped
        _ => judge(asked.kind, odd()),
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

fn judge(kind: Asking, refusal: Refusal) -> Failure {
    Failure {
        error: Box::new(refusal.error.of_access(kind == Asking::App)),
        rotated: refusal.rotated,
    }
}
