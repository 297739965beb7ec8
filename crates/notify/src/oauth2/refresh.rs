//! A refresh token for an access token (RFC 6749 section 6), an access token for the application
//! itself (section 4.4).
//!
//! What a failure means for the grant is said by [`crate::verdict`].

use std::cell::Cell;

use ::oauth2::{HttpRequest, HttpResponse, RefreshToken, RequestTokenError, Scope, TokenResponse};

use super::form::Form;
use super::reply::{self, Refusal, Tokens};
use super::{
    Account, Asked, Asking, ClientAuth, Error, TokenClient, assertion, client, client_auth,
    explain, http,
};
use crate::cause::Oddity;
use crate::net::Trip;
use crate::state::Record;
use crate::{Deadline, Secret};

/// What a provider gave.
#[derive(Debug)]
pub(crate) struct Granted {
    pub(crate) access_token: Secret,
    /// Its life in seconds.
    pub(crate) life: u32,
    /// The refresh token that counts from now on, if it is another one.
    pub(crate) refresh_token: Option<Secret>,
    /// After so many seconds the grant ends, where the provider says so.
    pub(crate) grant_life: Option<i64>,
    /// How many seconds the provider's clock is ahead.
    pub(crate) clock_skew: Option<i64>,
    /// How the application has logged in.
    pub(crate) client_auth: ClientAuth,
}

/// Why there is no access token.
#[derive(Debug)]
pub(crate) struct Failure {
    pub(crate) error: Box<Error>,
    /// A refresh token that came with an answer which is of no use otherwise.
    pub(crate) rotated: Option<Secret>,
}

/// Asks for an access token with this refresh token of the record.
pub(crate) fn refresh(
    trip: &Trip,
    account: &Account,
    (record, token): (&Record, &Secret),
    now: i64,
    deadline: Deadline,
) -> Result<Granted, Failure> {
    let kind = Asking::Refresh;
    let proof = proof(account, kind)?;
    let asked = asked(account, kind, [token].into_iter().chain(values(&proof)));
    let sent = RefreshToken::new(token.expose().to_owned());
    let skew = Cell::new(None);
    obtain(account, kind, record, (&skew, deadline), |client| {
        let mut request = client.exchange_refresh_token(&sent);
        for (name, value) in &proof {
            request = request.add_extra_param(*name, value.expose());
        }
        request.request(&|request| send(trip, &asked, request, now, deadline, &skew))
    })
}

/// Asks for an access token for the application itself.
pub(crate) fn app_token(
    trip: &Trip,
    account: &Account,
    record: &Record,
    now: i64,
    deadline: Deadline,
) -> Result<Granted, Failure> {
    let kind = Asking::App;
    if account.provider.client_auth == Some(ClientAuth::Bearer) {
        return service_account(trip, account, now, deadline)
            .map_err(|refusal| judge(refusal, kind, false));
    }
    let proof = proof(account, kind)?;
    let asked = asked(account, kind, values(&proof));
    let scopes = account.provider.app_scopes.iter().cloned().map(Scope::new);
    let skew = Cell::new(None);
    obtain(account, kind, record, (&skew, deadline), |client| {
        let mut request = client
            .exchange_client_credentials()
            .add_scopes(scopes.clone());
        for (name, value) in &proof {
            request = request.add_extra_param(*name, value.expose());
        }
        request.request(&|request| send(trip, &asked, request, now, deadline, &skew))
    })
}

/// Asks for an access token for the account's mailbox in the name of a service account, which is a grant of its
/// own kind (RFC 7523 section 2.1).
fn service_account(
    trip: &Trip,
    account: &Account,
    now: i64,
    deadline: Deadline,
) -> Result<Granted, Refusal> {
    let provider = &account.provider;
    let wanted = (&*account.identity.login, &*provider.app_scopes);
    let audience = &account.identity.token_url;
    let statement = assertion::bearer(&account.client_secret, wanted, audience)?;
    let form = Form {
        account,
        kind: Asking::App,
        url: &account.token_url()?,
        parameters: &[
            ("grant_type", assertion::GRANT_TYPE),
            ("assertion", statement.expose()),
        ],
        secret: Some(&statement),
    };
    let skew = Cell::new(None);
    let answer = form.send(trip, deadline, |asked, answer| {
        skew.set(reply::clock_skew(answer, now));
        reply::check(asked, answer)
    })?;
    let tokens = serde_json::from_slice(answer.body())
        .map_err(|_| explain::odd(&provider.name, Oddity::NotJson))?;
    Ok(granted(&tokens, ClientAuth::Bearer, skew.get()))
}

/// What an application with a key adds to a request.
fn proof(account: &Account, asking: Asking) -> Result<Vec<(&'static str, Secret)>, Failure> {
    let login = (&*account.identity.client, &account.client_secret);
    let audience = &account.identity.token_url;
    assertion::proof(&account.provider, login, audience)
        .map_err(|error| judge(error.into(), asking, false))
}

fn values<'a>(proof: &'a [(&str, Secret)]) -> impl Iterator<Item = &'a Secret> {
    proof.iter().map(|(_, value)| value)
}

/// Lets the client ask, as often as it has ways to log in.
fn obtain<E: ::oauth2::ErrorResponse + 'static>(
    account: &Account,
    asking: Asking,
    record: &Record,
    (skew, deadline): (&Cell<Option<i64>>, Deadline),
    ask: impl Fn(&TokenClient) -> Result<Tokens, RequestTokenError<Refusal, E>>,
) -> Result<Granted, Failure> {
    // a consent begins a record of its own
    let has_worked = asking == Asking::Refresh && record.obtained.is_some();
    let judge = |refusal| judge(refusal, asking, has_worked);
    let url = account.token_url().map_err(Refusal::from).map_err(judge)?;
    let ask = |auth| {
        let client = client(auth, &account.identity.client, &account.client_secret, &url);
        ask(&client).map_err(|error| match error {
            RequestTokenError::Request(refusal) => refusal,
            // its own reading of the answer: its error may quote the answer and is dropped
            _ => explain::odd(&account.provider.name, Oddity::NotJson).into(),
        })
    };
    let known = client_auth::known(record, asking);
    let (tokens, client_auth) =
        client_auth::attempt(&account.provider, asking, known, deadline, ask).map_err(judge)?;
    Ok(granted(&tokens, client_auth, skew.get()))
}

fn granted(tokens: &Tokens, client_auth: ClientAuth, clock_skew: Option<i64>) -> Granted {
    let life = tokens.expires_in().map(|life| life.as_secs());
    Granted {
        access_token: Secret::new(tokens.access_token().secret().as_str()),
        life: life.and_then(|life| life.try_into().ok()).unwrap_or(0),
        refresh_token: tokens
            .refresh_token()
            .map(|token| Secret::new(token.secret().as_str())),
        grant_life: tokens.grant_life(),
        clock_skew,
        client_auth,
    }
}

fn asked<'a>(
    account: &'a Account,
    kind: Asking,
    secrets: impl Iterator<Item = &'a Secret>,
) -> Asked<'a> {
    Asked {
        kind,
        provider: &account.provider,
        client_id: &account.identity.client,
        secrets: [&account.client_secret]
            .into_iter()
            .chain(secrets)
            .collect(),
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

fn judge(refusal: Refusal, asking: Asking, has_worked: bool) -> Failure {
    Failure {
        error: Box::new(refusal.error.of_access(asking == Asking::App, has_worked)),
        rotated: refusal.rotated,
    }
}
