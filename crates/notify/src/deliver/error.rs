//! Why a test did not reach its target.

use std::fmt;

use crate::config;
use crate::message::Message;

/// Why.
#[derive(Debug)]
#[non_exhaustive]
pub enum Error {
    /// There is no such target, or its entry cannot be used.
    Config(config::Error),
    /// Not every recipient was reached.
    Undelivered {
        /// The target's name.
        target: String,
        /// For each that was not: why.
        why: Vec<Message>,
    },
}

impl Error {
    /// The HTTP-like code.
    #[must_use]
    pub fn code(&self) -> u16 {
        match self {
            Self::Config(error) => error.code(),
            Self::Undelivered { .. } => 500,
        }
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Config(error) => error.fmt(f),
            Self::Undelivered { target, why } => {
                write!(
                    f,
                    "Could not test target: could not notify via endpoint(s): {target}: "
                )?;
                for (number, why) in why.iter().enumerate() {
                    let between = if number > 0 { "; " } else { "" };
                    write!(f, "{between}{why}")?;
                }
                Ok(())
            }
        }
    }
}

impl std::error::Error for Error {}

impl From<config::Error> for Error {
    fn from(error: config::Error) -> Self {
        Self::Config(error)
    }
}
