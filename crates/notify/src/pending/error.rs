//! Why a consent cannot begin or go on.

use std::fmt;

use crate::message::Message;
use crate::parameter::Parameter;
use crate::state;

use super::{MAX_OF_OTHERS, MAX_OF_USER};

/// Why. Nothing in it is secret.
#[derive(Debug)]
#[non_exhaustive]
pub enum Error {
    /// A value that stands for nothing of this user, not any more, or for something else. Code 400.
    Parameter(Parameter),
    /// Too many wait already. Code 429.
    Full {
        /// Whether they are all of this user.
        own: bool,
        /// Seconds until the first of them ends.
        seconds: i64,
    },
    /// Another process or node is beginning one, for too long. Code 504.
    Busy,
    /// The folder cannot be used.
    State(state::Error),
}

impl Error {
    /// The HTTP-like code.
    #[must_use]
    pub fn code(&self) -> u16 {
        match self {
            Self::Parameter(_) => 400,
            Self::Full { .. } => 429,
            Self::Busy => 504,
            Self::State(error) => error.code(),
        }
    }

    /// What a person is told.
    #[must_use]
    pub fn message(&self) -> Message {
        match self {
            Self::Parameter(parameter) => parameter.message(),
            Self::Full { own, seconds } => {
                let (whose, limit) = match own {
                    true => ("of this user", MAX_OF_USER),
                    false => ("of all users", MAX_OF_OTHERS),
                };
                Message::new(format!(
                    "{limit} authorizations {whose} are open, which is the limit"
                ))
                .fix(format!(
                    "finish or cancel one, or try again in {} s",
                    (*seconds).max(1)
                ))
            }
            Self::Busy => Message::new("another process or node is starting an authorization")
                .fix("try again in a minute"),
            Self::State(error) => error.message(),
        }
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.message().fmt(f)
    }
}

impl std::error::Error for Error {}

impl From<state::Error> for Error {
    fn from(error: state::Error) -> Self {
        Self::State(error)
    }
}

impl From<Parameter> for Error {
    fn from(parameter: Parameter) -> Self {
        Self::Parameter(parameter)
    }
}
