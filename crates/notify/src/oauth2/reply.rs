//! Judges the token endpoint's answer (RFC 6749 sections 5.1 and 5.2) before anybody uses it.
//!
//! Strict where a token would be wrong or unusable, lenient where providers differ harmlessly: the
//! token type compares without case and may be missing, an absent `scope` means "as asked" and may be a
//! list, `expires_in` does not matter where only the refresh token counts, an empty field is none.

use std::time::Duration;

use ::oauth2::basic::BasicTokenType;
use ::oauth2::http::header::CONTENT_TYPE;
use ::oauth2::{AccessToken, HttpResponse, RefreshToken, Scope, TokenResponse};
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::Value;

use super::{Asked, Asking, ClientAuth, Error, Provider, explain, provider};
use crate::Secret;
use crate::cause::Oddity;
use crate::http::{dated, retry_after};

/// The longest token, in bytes.
const MAX_TOKEN: usize = 16 * 1024;
/// The longest life of an access token that is believed, in seconds.
const MAX_LIFE: u32 = 86_400;
/// The longest life of a grant that is told of, in seconds: a year.
const MAX_GRANT_LIFE: i64 = 366 * 86_400;
/// The life where the provider tells none, in seconds.
const DEFAULT_LIFE: u32 = 300;

/// The fields of an answer that we look at. A field twice is refused by serde.
#[derive(Debug, Deserialize)]
pub(super) struct Answer {
    access_token: Option<Secret>,
    #[serde(default, deserialize_with = "filled")]
    refresh_token: Option<Secret>,
    #[serde(default, deserialize_with = "filled")]
    id_token: Option<Secret>,
    token_type: Option<String>,
    scope: Option<Value>,
    expires_in: Option<Value>,
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
    #[serde(default, deserialize_with = "some_refresh_token")]
    refresh_token: Option<RefreshToken>,
    expires_in: Option<Value>,
    #[serde(default)]
    refresh_token_expires_in: Option<Value>,
    #[serde(default, deserialize_with = "filled", skip_serializing)]
    id_token: Option<Secret>,
    #[serde(skip, default = "bearer")]
    token_type: BasicTokenType,
}

impl Tokens {
    /// After so many seconds the grant ends, where the provider says so: no word of RFC 6749, but of Google (for
    /// applications in testing) and Microsoft (for pages).
    pub(super) fn grant_life(&self) -> Option<i64> {
        let seconds = self.refresh_token_expires_in.as_ref()?;
        let seconds = seconds.as_i64().or_else(|| seconds.as_str()?.parse().ok());
        seconds.filter(|seconds| (1..=MAX_GRANT_LIFE).contains(seconds))
    }

    /// Who it is, as the provider signs it.
    pub(super) fn take_id_token(&mut self) -> Option<Secret> {
        self.id_token.take()
    }
}

/// An empty token is none.
fn filled<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Secret>, D::Error> {
    let token: Option<Secret> = Deserialize::deserialize(deserializer)?;
    Ok(token.filter(|token| !token.expose().is_empty()))
}

fn some_refresh_token<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Option<RefreshToken>, D::Error> {
    let token: Option<RefreshToken> = Deserialize::deserialize(deserializer)?;
    Ok(token.filter(|token| !token.secret().is_empty()))
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
        life(self.expires_in.as_ref()).map(|seconds| Duration::from_secs(seconds.into()))
    }
    fn refresh_token(&self) -> Option<&RefreshToken> {
        self.refresh_token.as_ref()
    }
    fn scopes(&self) -> Option<&Vec<Scope>> {
        None
    }
}

/// Why an answer does not pass.
#[derive(Debug)]
pub(super) struct Refusal {
    pub(super) error: Box<Error>,
    /// A refresh token that came all the same: the one that was sent may be spent.
    pub(super) rotated: Option<Secret>,
}

impl From<Error> for Refusal {
    fn from(error: Error) -> Self {
        Self {
            error: Box::new(error),
            rotated: None,
        }
    }
}

impl Refusal {
    /// The same of an application that has logged in so.
    pub(super) fn by(mut self, provider: &Provider, way: ClientAuth) -> Self {
        self.error.set_client_auth(provider, way);
        self
    }

    /// The same as what followed another refusal.
    pub(super) fn after(self, first: Self, asking: Asking) -> Self {
        Self {
            error: Box::new(Error::twice(first.error, self.error, asking)),
            rotated: self.rotated.or(first.rotated),
        }
    }
}

impl std::fmt::Display for Refusal {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.error.fmt(f)
    }
}

impl std::error::Error for Refusal {}

/// Lets an answer pass that refuses nothing, whatever it grants.
pub(super) fn check_status(asked: &Asked<'_>, response: &HttpResponse) -> Result<(), Refusal> {
    passed(asked, response).map(|_| ())
}

/// The same, with its content where that is JSON.
fn passed(asked: &Asked<'_>, response: &HttpResponse) -> Result<Option<Answer>, Refusal> {
    let provider = asked.provider;
    let status = response.status().as_u16();
    // of other answers it is no wish of the provider's to be left alone
    let pause = || match status {
        429 | 503 => retry_after(response.headers()),
        _ => None,
    };
    let odd = |oddity| Err(explain::odd(&provider.name, oddity).into());
    let busy = |oddity| Err(explain::busy(&provider.name, oddity, pause()).into());
    if (300..400).contains(&status) {
        return odd(Oddity::Redirect);
    }
    // as text, since serde does not look into what it skips
    let text = std::str::from_utf8(response.body()).ok();
    let answer = match text.and_then(|text| serde_json::from_str::<Answer>(text).ok()) {
        Some(answer) if answer.error.is_some() => {
            return Err(explain::refusal(asked, &answer, status, pause()).into());
        }
        answer => answer,
    };
    match status {
        200 => Ok(answer),
        429 => busy(Oddity::TooManyRequests),
        504 => odd(Oddity::GatewayTimeout),
        500.. => busy(Oddity::ServerStatus),
        // whatever type the nothing has
        400 if is_empty(response) => odd(Oddity::EmptyBadRequest),
        401 if is_empty(response) => odd(Oddity::EmptyUnauthorized),
        404 | 405 | 410 if !provider.has_builtin_url() => odd(Oddity::NotFound),
        _ if is_page(response) => odd(Oddity::Html),
        _ => odd(Oddity::Status),
    }
}

/// Lets an answer pass if it grants what was asked for.
pub(super) fn check(asked: &Asked<'_>, response: &HttpResponse) -> Result<(), Refusal> {
    let provider = asked.provider;
    let odd = |oddity| Err(explain::odd(&provider.name, oddity).into());
    let answer = passed(asked, response)?;
    if is_page(response) {
        return odd(Oddity::Html);
    }
    let Some(answer) = answer.filter(|_| is_json(response)) else {
        return odd(Oddity::NotJson);
    };
    grant(asked, &answer).map_err(|oddity| Refusal {
        error: Box::new(match oddity {
            Oddity::ScopeMissing => explain::scopes(asked, &answer, &granted(&answer)),
            oddity => explain::odd(&provider.name, oddity),
        }),
        rotated: answer
            .refresh_token
            .filter(|token| is_token(token.expose())),
    })
}

/// An answer as a transcript has it: of JSON the fields that tell something, and which tokens are there.
pub(super) fn heard(asked: &Asked<'_>, response: &HttpResponse) -> String {
    let status = response.status().as_u16();
    let Ok(answer) = serde_json::from_slice::<Answer>(response.body()) else {
        let length = response.body().len();
        return format!("{status}, {length} bytes, not an answer of a token endpoint");
    };
    let fields = [
        ("error", &answer.error),
        ("error_subtype", &answer.error_subtype),
        ("error_description", &answer.error_description),
        ("error_codes", &answer.error_codes),
        ("expires_in", &answer.expires_in),
        ("scope", &answer.scope),
    ];
    let mut told: Vec<String> = fields
        .into_iter()
        .filter_map(|(name, value)| {
            Some(format!("{name}={}", explain::text(Some(value.as_ref()?))))
        })
        .collect();
    told.extend(
        answer
            .token_type
            .iter()
            .map(|value| format!("token_type={value}")),
    );
    let tokens = [
        ("access_token", &answer.access_token),
        ("refresh_token", &answer.refresh_token),
        ("id_token", &answer.id_token),
    ];
    let tokens = tokens.into_iter().filter(|(_, token)| token.is_some());
    told.extend(tokens.map(|(name, _)| format!("{name}=...")));
    let told = explain::redactor(asked, &answer).clean(&told.join(" "));
    format!("{status} {told}")
}

/// The rules of section 5.1, and that all that is needed was granted.
fn grant(asked: &Asked<'_>, answer: &Answer) -> Result<(), Oddity> {
    if answer.access_token.is_none() {
        return Err(Oddity::NoAccessToken);
    }
    if !answer
        .token_type
        .as_deref()
        .is_none_or(|kind| kind.is_empty() || kind.eq_ignore_ascii_case("bearer"))
    {
        return Err(Oddity::TokenType);
    }
    if !answer.tokens().all(|token| is_token(token.expose())) {
        return Err(Oddity::BadToken);
    }
    if matches!(answer.scope, Some(Value::String(_) | Value::Array(_))) {
        let granted = granted(answer);
        let is_granted = |scope: &str| granted.iter().any(|word| word.eq_ignore_ascii_case(scope));
        if !demanded(asked).all(is_granted) {
            return Err(Oddity::ScopeMissing);
        }
    }
    match asked.kind {
        Asking::Code if answer.refresh_token.is_none() => Err(asked.provider.no_refresh_token),
        Asking::Code => Ok(()),
        Asking::Refresh | Asking::App if life(answer.expires_in.as_ref()).is_none() => {
            Err(Oddity::Expiry)
        }
        Asking::Refresh | Asking::App => Ok(()),
    }
}

/// The scopes that an answer must list, if it lists any.
pub(super) fn demanded<'a>(asked: &'a Asked<'_>) -> impl Iterator<Item = &'a str> {
    provider::demanded(match asked.kind {
        Asking::Code | Asking::Refresh => &asked.provider.scopes,
        Asking::App => &asked.provider.app_scopes,
    })
}

/// The scopes that an answer lists: words with whitespace or commas between them, or a list of such.
fn granted(answer: &Answer) -> Vec<String> {
    let words = |text: &str| -> Vec<String> {
        let words = text
            .split([' ', ',', '\t', '\r', '\n'])
            .filter(|word| !word.is_empty());
        words.map(str::to_owned).collect()
    };
    match &answer.scope {
        Some(Value::String(text)) => words(text),
        Some(Value::Array(texts)) => {
            let texts = texts.iter().filter_map(Value::as_str);
            texts.flat_map(words).collect()
        }
        _ => Vec::new(),
    }
}

/// The life of an access token in seconds, a day at most. None said, or none left, counts as five
/// minutes; digits in a string count; anything else is refused.
fn life(expires_in: Option<&Value>) -> Option<u32> {
    let seconds = match expires_in {
        None | Some(Value::Null) => 0.0,
        Some(Value::Number(number)) => number.as_f64()?,
        Some(Value::String(text))
            if text.starts_with(|c: char| c.is_ascii_digit())
                && text.bytes().all(|b| b.is_ascii_digit() || b == b'.') =>
        {
            text.parse().ok()?
        }
        Some(_) => return None,
    };
    if seconds < 1.0 {
        return Some(DEFAULT_LIFE);
    }
    // rounds down; what is larger than the bound was cut to it
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss)]
    Some(seconds.min(f64::from(MAX_LIFE)) as u32)
}

/// RFC 6749 appendix A.12 and A.17: printable ASCII. Anything else could end a header or a line.
pub(super) fn is_token(token: &str) -> bool {
    (1..=MAX_TOKEN).contains(&token.len()) && token.bytes().all(|byte| matches!(byte, 0x20..=0x7e))
}

fn content_type(response: &HttpResponse) -> Option<String> {
    let value = response.headers().get(CONTENT_TYPE)?;
    Some(String::from_utf8_lossy(value.as_bytes()).to_ascii_lowercase())
}

fn is_json(response: &HttpResponse) -> bool {
    content_type(response).is_none_or(|kind| kind.starts_with("application/json"))
}

fn is_empty(response: &HttpResponse) -> bool {
    response.body().trim_ascii().is_empty()
}

pub(super) fn is_page(response: &HttpResponse) -> bool {
    content_type(response).is_some_and(|kind| kind.contains("html"))
        || response.body().trim_ascii_start().starts_with(b"<")
}

/// How many seconds the provider's clock is ahead of ours.
pub(super) fn clock_skew(response: &HttpResponse, now: i64) -> Option<i64> {
    Some(dated(response.headers())?.saturating_sub(now))
}
