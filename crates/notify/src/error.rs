//! What the service answers with where a call failed, made of the errors of its rooms.
//!
//! `Display` is the message as one line; [`Error::message`] has its parts. `code` is the HTTP-like number
//! that the API answers with.

use std::fmt;

use crate::deliver::LogLine;
use crate::message::Message;
use crate::parameter::Parameter;
use crate::{config, deliver, oauth2, pending, state, token};

/// Why a call failed. Nothing in it is secret.
#[derive(Debug)]
#[non_exhaustive]
pub enum Error {
    /// The configuration cannot be read, changed or written so. Codes 400, 404 and 500.
    Config(config::Error),
    /// The provider gave nothing, or a parameter for it cannot be used. Codes 400, 500, 502 and 504.
    OAuth2(oauth2::Error),
    /// A grant cannot be used or changed now. Codes 400, 500, 502 and 504.
    Token(token::Error),
    /// A consent cannot begin or go on. Codes 400, 429, 500 and 504.
    Pending(pending::Error),
    /// A test did not reach its target. Codes 400, 404 and 500.
    Deliver(deliver::Error),
}

impl Error {
    /// The HTTP-like code: 400 where the caller can mend it, 502 and 504 for the provider or the way
    /// to it, 500 for this machine.
    #[must_use]
    pub fn code(&self) -> u16 {
        match self {
            Self::Config(error) => error.code(),
            Self::OAuth2(error) => error.code(),
            Self::Token(error) => error.code(),
            Self::Pending(error) => error.code(),
            Self::Deliver(error) => error.code(),
        }
    }

    /// What a person is told.
    #[must_use]
    pub fn message(&self) -> Message {
        match self {
            Self::Config(config::Error::Parameter(parameter)) => parameter.message(),
            Self::Config(error) => Message::new(error.to_string()),
            Self::OAuth2(error) => error.message(),
            Self::Token(error) => error.message(),
            Self::Pending(error) => error.message(),
            Self::Deliver(error) => error.message(),
        }
    }

    /// The same without the other side's words: for a caller who may use a target, not change it.
    #[must_use]
    pub fn message_without_details(&self) -> Message {
        match self {
            Self::Deliver(error) => error.message_without_details(),
            error => error.message().without_details(),
        }
    }

    /// What an admin should know of it, for the log.
    #[must_use]
    pub fn log(&self) -> &[LogLine] {
        match self {
            Self::Deliver(error) => error.log(),
            _ => &[],
        }
    }

    /// The parameter that is to blame, if one is, for a form to mark its field. Never `delete`: no form has
    /// such a field, and the stock one shows a message only where no field is named.
    #[must_use]
    pub fn parameter(&self) -> Option<&Parameter> {
        self.blamed().filter(|parameter| parameter.name != "delete")
    }

    fn blamed(&self) -> Option<&Parameter> {
        match self {
            Self::Config(config::Error::Parameter(parameter))
            | Self::OAuth2(oauth2::Error::Parameter(parameter))
            | Self::Pending(pending::Error::Parameter(parameter))
            | Self::Token(
                token::Error::Parameter(parameter)
                | token::Error::Provider(oauth2::Error::Parameter(parameter)),
            ) => Some(parameter),
            _ => None,
        }
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.message().fmt(f)
    }
}

impl std::error::Error for Error {}

macro_rules! from {
    ($($room:ident => $variant:ident),*) => {$(
        impl From<$room::Error> for Error {
            fn from(error: $room::Error) -> Self {
                Self::$variant(error)
            }
        }
    )*};
}

from!(config => Config, oauth2 => OAuth2, token => Token, pending => Pending, deliver => Deliver);

impl From<Parameter> for Error {
    fn from(parameter: Parameter) -> Self {
        Self::Config(parameter.into())
    }
}

impl From<state::Error> for Error {
    fn from(error: state::Error) -> Self {
        Self::Token(error.into())
    }
}
