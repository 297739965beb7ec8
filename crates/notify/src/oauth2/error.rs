//! Why a provider gave nothing, or was not asked.

use std::fmt;

use crate::advice;
use crate::cause::Cause;
use crate::message::Message;
use crate::net;
use crate::parameter::Parameter;
use crate::plain::Unusable;

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
        /// Its own words, or what it has granted: at most 300 characters, free of secrets and control
        /// characters.
        said: Option<String>,
        /// Seconds (at most 3600) after which it wants to be asked again.
        retry_after: Option<u32>,
    },
    /// One of the last two, where nobody was waiting at a browser: it is told in other words.
    Refresh(Box<Error>),
    /// The same where an application asked for itself, and no person can consent.
    AppOnly(Box<Error>),
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
            Self::Refresh(error) | Self::AppOnly(error) => error.cause(),
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
            Self::Refresh(error) => advice::of_refresh(&error.cause()),
            Self::AppOnly(error) => advice::of_app_only(&error.cause()),
            error => advice::of(&error.cause()),
        }
    }

    /// Seconds after which the provider wants to be asked again.
    #[must_use]
    pub fn retry_after(&self) -> Option<u32> {
        match self {
            Self::Answer { retry_after, .. } => *retry_after,
            Self::Refresh(error) | Self::AppOnly(error) => error.retry_after(),
            _ => None,
        }
    }

    /// What a person is told.
    #[must_use]
    pub fn message(&self) -> Message {
        self.in_words_of(self.advice())
    }

    fn in_words_of(&self, advice: Option<&'static advice::Advice>) -> Message {
        match self {
            Self::Parameter(parameter) => parameter.message(),
            Self::File(file) => file.message(),
            Self::Net(net::Error::File(file)) => file.message(),
            Self::Net(error) => error.with(advice),
            Self::Answer {
                provider,
                said,
                retry_after,
                ..
            } => {
                let pause = retry_after.map(|seconds| format!("retry after {seconds} s"));
                let said = said.as_ref().map(|said| match self.cause() {
                    // the two lists, in words of ours
                    Cause::Odd(_) => said.clone(),
                    _ => format!("{} says: \"{said}\"", speaker(provider)),
                });
                let details: Vec<String> = pause.into_iter().chain(said).collect();
                advice::message(advice)
                    .about(provider.as_str())
                    .details((!details.is_empty()).then(|| details.join("; ")))
            }
            Self::Refresh(error) | Self::AppOnly(error) => error.in_words_of(advice),
        }
    }

    /// The same as it is told where an access token was asked for: with a refresh token, or by the application
    /// itself.
    pub(super) fn of_access(self, app_only: bool) -> Self {
        match self {
            error @ (Self::Net(_) | Self::Answer { .. }) => match app_only {
                true => Self::AppOnly(Box::new(error)),
                false => Self::Refresh(Box::new(error)),
            },
            error => error,
        }
    }
}

/// Who says it, by the name of the provider.
fn speaker(provider: &str) -> &'static str {
    match provider {
        "google-oauth2" => "Google",
        "microsoft-oauth2" => "Microsoft",
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
