//! Why nothing could be done for a target.

use std::fmt;

use crate::message::Message;
use crate::{config, oauth2, state, token};

/// Why.
#[derive(Debug)]
#[non_exhaustive]
pub enum Error {
    /// Its entry in the configuration cannot be used.
    Config(config::Error),
    /// Its settings make no account.
    Account(oauth2::Error),
    /// Its grant or its record cannot be used.
    Token(token::Error),
    /// A fault of this program ended the attempt.
    Panicked {
        /// The target's name.
        target: String,
    },
}

impl Error {
    /// The HTTP-like code.
    #[must_use]
    pub fn code(&self) -> u16 {
        match self {
            Self::Config(error) => error.code(),
            Self::Account(error) => error.code(),
            Self::Token(error) => error.code(),
            Self::Panicked { .. } => 500,
        }
    }

    /// What a person is told.
    #[must_use]
    pub fn message(&self) -> Message {
        match self {
            Self::Config(error) => Message::new(error.to_string()),
            Self::Account(error) => error.message(),
            Self::Token(error) => error.message(),
            Self::Panicked { target } => Message::new("an internal error ended the attempt")
                .about(format!("target '{target}'"))
                .fix("report it"),
        }
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.message().fmt(f)
    }
}

impl std::error::Error for Error {}

impl From<config::Error> for Error {
    fn from(error: config::Error) -> Self {
        Self::Config(error)
    }
}

impl From<oauth2::Error> for Error {
    fn from(error: oauth2::Error) -> Self {
        Self::Account(error)
    }
}

impl From<token::Error> for Error {
    fn from(error: token::Error) -> Self {
        Self::Token(error)
    }
}

impl From<state::Error> for Error {
    fn from(error: state::Error) -> Self {
        Self::Token(error.into())
    }
}
