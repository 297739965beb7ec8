//! The one error of this crate.
//!
//! `Display` is the message for the admin: what happened, who has to act, what to do, then (where
//! there is one) the other side's own words with every secret of the call removed. `code` is the
//! HTTP-like number that the API answers with.

use std::path::PathBuf;
use std::{fmt, io};

use crate::advice::Advice;
use crate::{config, smtp, state, token};

/// Why a call failed. No variant, and no `source` of one, holds a secret.
#[derive(Debug)]
#[non_exhaustive]
pub enum Error {
    /// A parameter of the call cannot be used; nothing was sent. Code 400.
    Parameter {
        /// The parameter's name in the API, for instance `tenant-id`.
        name: &'static str,
        /// What is wrong with it, as the end of a sentence that begins with the name.
        reason: String,
    },
    /// The provider answered, but not with what was asked for.
    Answer {
        /// The provider's name, for instance `google-oauth2`.
        provider: String,
        /// What it means and what to do; also the code (400, 502 or 504).
        advice: &'static Advice,
        /// The provider's own words: at most 300 characters, free of secrets and control characters.
        said: Option<String>,
        /// Seconds (at most 3600) after which the provider wants to be asked again.
        retry_after: Option<u32>,
    },
    /// The way to the peer failed. Code 502, or 504 where the time was up.
    Way {
        /// The peer, as `host:port`.
        peer: String,
        /// What it means and what to do.
        advice: &'static Advice,
        /// The system's reason, where it adds something.
        source: Option<io::Error>,
    },
    /// A file of this machine cannot be used. Code 500.
    File {
        /// The file.
        path: PathBuf,
        /// What is wrong with it, as the end of a sentence that begins with the path.
        reason: String,
    },
    /// No template of a notification could be rendered; the caller has the reasons. Code 500.
    Template,
    /// A fault of this program ended what it did for a target. Code 500.
    Fault {
        /// The target's name.
        target: String,
    },
    /// A test did not reach its target. Code 500.
    Undelivered {
        /// The target's name.
        target: String,
        /// What happened, who has to act, what to do.
        reason: String,
    },
    /// The configuration cannot be read, changed or written so. Codes 400, 404 and 500.
    Config(config::Error),
    /// A mail could not be handed in at its server. Codes 400, 500, 502 and 504.
    Smtp(smtp::Error),
    /// The record of an OAuth2 target cannot be used or changed. Codes 400, 500 and 504.
    State(state::Error),
    /// A grant cannot be used now. Code 400, or that of the failure that is waited after.
    Token(token::Error),
}

impl From<token::Error> for Error {
    fn from(error: token::Error) -> Self {
        Self::Token(error)
    }
}

impl From<state::Error> for Error {
    fn from(error: state::Error) -> Self {
        Self::State(error)
    }
}

impl From<smtp::Error> for Error {
    fn from(error: smtp::Error) -> Self {
        Self::Smtp(error)
    }
}

impl From<config::Error> for Error {
    fn from(error: config::Error) -> Self {
        Self::Config(error)
    }
}

impl Error {
    /// The HTTP-like code: 400 where the caller can mend it, 502 and 504 for the provider or the way
    /// to it, 500 for this machine.
    #[must_use]
    pub fn code(&self) -> u16 {
        match self {
            Self::Parameter { .. } => 400,
            Self::Answer { advice, .. } | Self::Way { advice, .. } => advice.code,
            Self::File { .. } | Self::Template | Self::Fault { .. } | Self::Undelivered { .. } => {
                500
            }
            Self::Config(error) => error.code(),
            Self::Smtp(error) => error.code(),
            Self::State(error) => error.code(),
            Self::Token(error) => error.code(),
        }
    }

    /// The advice that the message was made of, if it came from a table.
    #[must_use]
    pub fn advice(&self) -> Option<&'static Advice> {
        match self {
            Self::Answer { advice, .. } | Self::Way { advice, .. } => Some(advice),
            Self::Smtp(error) => error.advice(),
            Self::Parameter { .. }
            | Self::File { .. }
            | Self::Template
            | Self::Fault { .. }
            | Self::Undelivered { .. }
            | Self::Config(_)
            | Self::State(_)
            | Self::Token(_) => None,
        }
    }

    /// Who has to act and what to do, if a table says so.
    pub(crate) fn cure(&self) -> Option<String> {
        if let Self::Token(error) = self {
            return error.cure();
        }
        self.advice()
            .map(|advice| format!("{} has to {}", advice.who, advice.cure))
    }

    pub(crate) fn parameter(name: &'static str, reason: impl Into<String>) -> Self {
        Self::Parameter {
            name,
            reason: reason.into(),
        }
    }

    pub(crate) fn file(path: impl Into<PathBuf>, reason: impl Into<String>) -> Self {
        Self::File {
            path: path.into(),
            reason: reason.into(),
        }
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Parameter { name, reason } => write!(f, "{name}: {reason}"),
            Self::Answer {
                provider,
                advice,
                said,
                retry_after,
            } => {
                write!(f, "{provider}: {advice}")?;
                if let Some(seconds) = retry_after {
                    write!(f, "; it asks to be left alone for {seconds} s")?;
                }
                match said {
                    Some(said) => write!(f, "; it says: {said}"),
                    None => Ok(()),
                }
            }
            Self::Way {
                peer,
                advice,
                source,
            } => {
                write!(f, "{peer}: {advice}")?;
                match source {
                    Some(source) => write!(f, "; the system says: {source}"),
                    None => Ok(()),
                }
            }
            Self::File { path, reason } => write!(f, "{}: {reason}", path.display()),
            Self::Template => f.write_str(
                "failed to render notification template, all template candidates are erroneous or \
                 missing",
            ),
            Self::Fault { target } => write!(
                f,
                "target '{target}': a fault of this program ended the attempt; please report it"
            ),
            Self::Undelivered { target, reason } => {
                write!(
                    f,
                    "Could not test target: could not notify via endpoint(s): {target}: {reason}"
                )
            }
            Self::Config(error) => error.fmt(f),
            Self::Smtp(error) => error.fmt(f),
            Self::State(error) => error.fmt(f),
            Self::Token(error) => error.fmt(f),
        }
    }
}

impl std::error::Error for Error {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Way {
                source: Some(source),
                ..
            } => Some(source),
            Self::Smtp(error) => error.source(),
            Self::State(error) => error.source(),
            _ => None,
        }
    }
}
