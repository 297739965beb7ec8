//! Why a provider gave nothing, or was not asked.

use std::fmt;

use super::{Account, Asking, CUSTOM, ClientAuth, GOOGLE, MICROSOFT, Provider};
use crate::advice;
use crate::cause::{Cause, Oddity};
use crate::message::Message;
use crate::net;
use crate::parameter::Parameter;
use crate::plain::Unusable;
use crate::verdict::Verdict;

/// Why. Nothing in it is secret.
#[derive(Debug)]
#[non_exhaustive]
pub enum Error {
    /// A parameter or setting cannot be used; nothing was sent. Code 400.
    Parameter(Parameter),
    /// A file of this machine cannot be used. Code 500.
    File(Unusable),
    /// The way to the provider failed. Code 502, or 504 where the time was up.
    Net(net::Error),
    /// The provider answered, but not with what was asked for. Code 400, 502 or 504.
    Answer {
        /// The provider's name, for instance `google-oauth2`.
        provider: String,
        /// What its answer was.
        cause: Cause,
        /// Its own words, or what it has granted: at most 1000 characters, free of secrets and control
        /// characters.
        said: Option<String>,
        /// Seconds (at most 3600) after which it wants to be asked again.
        retry_after: Option<u32>,
        /// How the application has logged in, where that is not the only way at this provider.
        client_auth: Option<ClientAuth>,
    },
    /// The provider has refused twice: each way for the application to log in was tried.
    Twice(Box<Twice>),
    /// One of those before, where nobody was waiting at a browser: it is told in other words.
    Refresh {
        /// Which.
        error: Box<Error>,
        /// Whether the same grant has given an access token before.
        has_worked: bool,
    },
    /// The same where an application asked for itself, and no person can consent.
    AppOnly(Box<Error>),
    /// The same where a person consents on another device.
    Device(Box<Error>),
}

impl Error {
    pub(crate) fn parameter(name: &'static str, reason: impl Into<String>) -> Self {
        Self::Parameter(Parameter::new(name, reason))
    }

    /// The cause.
    #[must_use]
    pub fn cause(&self) -> Cause {
        match self {
            Self::Parameter(_) | Self::File(_) => Cause::Settings,
            Self::Net(error) => error.cause(),
            Self::Answer { cause, .. } => cause.clone(),
            Self::Twice(twice) => twice.telling().cause(),
            Self::Refresh { error, .. } | Self::AppOnly(error) | Self::Device(error) => {
                error.cause()
            }
        }
    }

    /// The HTTP-like code.
    #[must_use]
    pub fn code(&self) -> u16 {
        match self {
            Self::Parameter(_) => 400,
            Self::File(_) => 500,
            _ => self.advice().map_or(500, |advice| advice.code),
        }
    }

    /// The row that the message is made of, where a table has one.
    #[must_use]
    pub fn advice(&self) -> Option<&'static advice::Advice> {
        match self {
            Self::Refresh { error, .. } => advice::of_refresh(&error.cause()),
            Self::AppOnly(error) if error.is_of_google() => {
                advice::of_service_account(&error.cause())
            }
            Self::AppOnly(error) => advice::of_app_only(&error.cause()),
            Self::Device(error) => advice::of_device(&error.cause()),
            error => advice::of(&error.cause()),
        }
    }

    /// Seconds after which the provider wants to be asked again.
    #[must_use]
    pub fn retry_after(&self) -> Option<u32> {
        match self {
            Self::Answer { retry_after, .. } => *retry_after,
            Self::Twice(twice) => twice.telling().retry_after(),
            Self::Refresh { error, .. } | Self::AppOnly(error) | Self::Device(error) => {
                error.retry_after()
            }
            _ => None,
        }
    }

    /// What a person is told.
    #[must_use]
    pub fn message(&self) -> Message {
        self.in_words_of(self.advice(), "client-auth")
    }

    /// `setting` is what the caller calls the application's way to log in.
    fn in_words_of(&self, advice: Option<&'static advice::Advice>, setting: &str) -> Message {
        match self {
            Self::Parameter(parameter) => parameter.message(),
            Self::File(file) => file.message(),
            Self::Net(net::Error::File(file)) => file.message(),
            Self::Net(error) => error.with(advice),
            Self::Answer {
                provider,
                said,
                retry_after,
                client_auth,
                ..
            } => {
                let pause = retry_after.map(|seconds| format!("asked to wait {seconds} s"));
                let said = said.as_ref().map(|said| match self.cause() {
                    // the two lists, in words of ours
                    Cause::Odd(_) => said.clone(),
                    _ => format!("{} says: \"{said}\"", speaker(provider)),
                });
                let way = client_auth.filter(|_| self.is_of_client_auth());
                let tried = way.map(|way| format!("client authentication tried: '{}'", way.name()));
                let details: Vec<String> = pause.into_iter().chain(tried).chain(said).collect();
                let message = advice::message(advice)
                    .about(provider.as_str())
                    .details((!details.is_empty()).then(|| details.join("; ")));
                match way.filter(|_| provider == CUSTOM) {
                    Some(way) => with_other_way(message, way, setting),
                    None => message,
                }
            }
            Self::AppOnly(error) => error.in_words_of(advice, "oauth2-client-auth"),
            Self::Device(error) => error.in_words_of(advice, setting),
            Self::Twice(twice) => twice.in_words_of(advice, setting),
            Self::Refresh { error, .. } => {
                let message = error.in_words_of(advice, "oauth2-client-auth");
                match self.leaves_open_whether_a_grant_has_ended() {
                    true => with_consent_first(message),
                    false => message,
                }
            }
        }
    }

    /// Tells how the application has logged in.
    pub(super) fn set_client_auth(&mut self, provider: &Provider, way: ClientAuth) {
        let is_only =
            [GOOGLE, MICROSOFT].contains(&provider.name.as_str()) && way == ClientAuth::Post;
        if let Self::Answer { client_auth, .. } = self {
            *client_auth = Some(way).filter(|_| !is_only);
        }
    }

    /// One refusal after another, which was tried with the other way to log in.
    pub(super) fn twice(mut first: Box<Self>, mut second: Box<Self>, asking: Asking) -> Self {
        for error in [&mut *first, &mut *second] {
            // the whole of it says that
            if let Self::Answer { client_auth, .. } = error {
                *client_auth = None;
            }
        }
        Self::Twice(Box::new(Twice {
            code_may_be_spent: asking == Asking::Code && second.word() == "invalid_grant",
            first,
            second,
        }))
    }

    /// Where no application acts for itself, but a service account.
    fn is_of_google(&self) -> bool {
        matches!(self, Self::Answer { provider, .. } if provider == GOOGLE)
    }

    /// Whether the provider refuses because of the application's login.
    fn is_of_client_auth(&self) -> bool {
        self.word() == "invalid_client" || self.cause() == Cause::Odd(Oddity::EmptyUnauthorized)
    }

    /// Whether another way to log in may help.
    pub(super) fn may_be_of_client_auth(&self) -> bool {
        let may_be = self.is_of_client_auth() || self.word() == "invalid_request";
        // words in other answers may be those of a gateway
        may_be && self.cause().verdict() == Verdict::Refused
    }

    /// Whether some provider says so that a grant has ended, in place of RFC 6749's `invalid_grant`:
    /// `invalid_request`, or nothing, and nothing finer beside it.
    fn may_be_the_end_of_a_grant(&self) -> bool {
        match self.cause() {
            Cause::Odd(Oddity::EmptyBadRequest | Oddity::EmptyUnauthorized) => true,
            Cause::Denied(denial) => {
                denial.error == "invalid_request"
                    && denial.subtype.is_empty()
                    && denial.numbers.is_empty()
                    && self.cause().verdict() == Verdict::Refused
            }
            _ => false,
        }
    }

    /// Whether a grant that has worked before was refused in words that leave open whether it has ended.
    pub(crate) fn leaves_open_whether_a_grant_has_ended(&self) -> bool {
        match self {
            Self::Refresh { error, has_worked } => *has_worked && error.may_be_the_end_of_a_grant(),
            _ => false,
        }
    }

    /// The provider's word for a refusal.
    pub(super) fn word(&self) -> String {
        match self.cause() {
            Cause::Denied(denial) => denial.error,
            _ => String::new(),
        }
    }

    /// What came, in short.
    fn in_short(&self) -> String {
        match self {
            Self::Answer {
                said: Some(said), ..
            } => format!("it says \"{said}\""),
            error => error.message().cause,
        }
    }

    /// The same where an endpoint was asked that a setting names: what is no answer of one is that setting's
    /// fault, not the token URL's.
    pub(super) fn of_endpoint(self, provider: &Provider, setting: &'static str) -> Self {
        let Cause::Odd(oddity) = self.cause() else {
            return self;
        };
        let what = match oddity {
            Oddity::Redirect => "answers with a redirect",
            Oddity::NotFound => "does not exist at the provider (HTTP 404)",
            Oddity::Html => "answers with a web page",
            Oddity::NotJson => "does not answer as such an endpoint",
            _ => return self,
        };
        match provider.name.as_str() {
            CUSTOM => Self::parameter(setting, what),
            _ => self,
        }
    }

    /// The same as it is told where a person consents on another device.
    pub(super) fn of_device(self) -> Self {
        match self {
            error @ (Self::Net(_) | Self::Answer { .. } | Self::Twice(_)) => {
                Self::Device(Box::new(error))
            }
            error => error,
        }
    }

    /// Whether nothing will come of a further question.
    pub(crate) fn is_final(&self) -> bool {
        matches!(self.cause(), Cause::Denied(_))
            && self.cause().verdict() != Verdict::Temporary
            && !self.is_of_client()
    }

    /// Whether the application's own login was refused, so that the person's part may still be good.
    pub(crate) fn is_of_client(&self) -> bool {
        const NUMBERS: [u32; 7] = [
            7_000_215, 7_000_216, 7_000_218, 7_000_222, 700_024, 700_025, 700_027,
        ];
        match self.cause() {
            Cause::Denied(denial) => {
                ["invalid_client", "unauthorized_client"].contains(&denial.error.as_str())
                    || denial.numbers.iter().any(|number| NUMBERS.contains(number))
            }
            cause => cause == Cause::Odd(Oddity::EmptyUnauthorized),
        }
    }

    /// The same of an account, whose grant may be the credential itself.
    pub(crate) fn is_of_credential(&self, account: &Account) -> bool {
        let is_bearer = account.provider.client_auth == Some(ClientAuth::Bearer);
        self.is_of_client() || (is_bearer && self.word() == "invalid_grant")
    }

    /// Whether the provider says that the client secret has ended, and not merely that it is wrong.
    pub(crate) fn says_that_the_secret_has_ended(&self) -> bool {
        matches!(self.cause(), Cause::Denied(denial) if denial.numbers.contains(&7_000_222))
    }

    /// Whether the provider does not know the token any more that was to be taken back.
    pub(super) fn is_of_a_dead_token(&self) -> bool {
        ["invalid_token", "invalid_grant"].contains(&self.word().as_str())
    }

    /// The same as it is told where an access token was asked for: with a refresh token, which may have
    /// worked before, or by the application itself.
    pub(super) fn of_access(self, app_only: bool, has_worked: bool) -> Self {
        match self {
            error @ (Self::Net(_) | Self::Answer { .. } | Self::Twice(_)) if app_only => {
                Self::AppOnly(Box::new(error))
            }
            error @ (Self::Net(_) | Self::Answer { .. } | Self::Twice(_)) => Self::Refresh {
                error: Box::new(error),
                has_worked,
            },
            error => error,
        }
    }
}

/// Two refusals of the same request.
#[derive(Debug)]
pub struct Twice {
    first: Box<Error>,
    second: Box<Error>,
    /// The second may be so only because of the first request.
    code_may_be_spent: bool,
}

impl Twice {
    /// The refusal that tells more: that of the request which got further.
    fn telling(&self) -> &Error {
        match self.second.is_of_client_auth() {
            true => &self.first,
            false => &self.second,
        }
    }

    fn in_words_of(&self, advice: Option<&'static advice::Advice>, setting: &str) -> Message {
        let [basic, post] = [ClientAuth::Basic, ClientAuth::Post].map(ClientAuth::name);
        let (first, second) = (self.first.in_short(), self.second.in_short());
        let details =
            format!("with client authentication '{basic}' {first}; with '{post}' {second}");
        let mut message = self.telling().in_words_of(advice, setting);
        if self.code_may_be_spent {
            let fix = format!(
                "authorize again, with {setting} set to '{post}': the request with '{basic}' may have \
                 used up the code"
            );
            message = message.fix(fix);
        }
        message.details(Some(details))
    }
}

/// A message whose first cure is a new consent.
fn with_consent_first(message: Message) -> Message {
    let consent = "authorize the target again, which is the likely cure since its refresh token has \
                   worked before";
    let fix = match &message.fix {
        Some(others) => format!("{consent}, or else: {others}"),
        None => consent.to_owned(),
    };
    message.fix(fix)
}

/// A message that names the other ways, too.
fn with_other_way(message: Message, tried: ClientAuth, setting: &str) -> Message {
    let other = match tried {
        ClientAuth::Assertion(_) | ClientAuth::Bearer => return message,
        ClientAuth::Basic => "'post'",
        ClientAuth::Post => "'basic'",
        ClientAuth::Public => "'basic' or 'post'",
    };
    let fix = message.fix.clone().unwrap_or_default();
    message.fix(format!("{fix}, or set {setting} to {other}"))
}

/// Who says it, by the name of the provider.
fn speaker(provider: &str) -> &'static str {
    match provider {
        GOOGLE => "Google",
        MICROSOFT => "Microsoft",
        _ => "provider",
    }
}

impl From<Parameter> for Error {
    fn from(parameter: Parameter) -> Self {
        Self::Parameter(parameter)
    }
}

impl From<Unusable> for Error {
    fn from(file: Unusable) -> Self {
        Self::File(file)
    }
}

impl From<net::Error> for Error {
    fn from(error: net::Error) -> Self {
        Self::Net(error)
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.message().fmt(f)
    }
}

impl std::error::Error for Error {}
