//! Why the configuration cannot be read, changed or written so.
//!
//! Most texts and all codes are Proxmox VE's own, letter by letter: scripts and the web UI know them.

use std::fmt;

use super::{Fault, Kind};
use crate::parameter::Parameter;

/// A failure of the configuration; no variant holds a secret.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Error {
    /// A setting cannot be used. Code 400.
    Parameter(Parameter),
    /// A line of a file belongs to no section. Code 500.
    Parse {
        /// Below the folder of the configuration.
        file: &'static str,
        /// Counted from 1.
        line: usize,
        /// What is wrong with it.
        reason: String,
    },
    /// A digest that is none. Code 400.
    InvalidDigest(&'static str),
    /// Another digest than the one of the files read. Code 400.
    Modified,
    /// No entry of this kind has this name. Code 404.
    NotFound {
        /// `endpoint` or `matcher`.
        what: &'static str,
        /// The name asked for.
        name: String,
    },
    /// A matcher's or a test's target does not exist, or cannot be sent to. Code 404.
    NoEndpoint(String),
    /// Endpoints and matchers share one name space. Code 400.
    Exists(String),
    /// A mail target without recipients. Code 400.
    NoRecipient,
    /// An endpoint that matchers still use. Code 400.
    Referenced {
        /// The endpoint.
        name: String,
        /// The matchers, sorted.
        by: Vec<String>,
    },
    /// Something is wrong with a header or secret of a webhook. Code 400.
    Webhook {
        /// `header` or `secret`.
        what: &'static str,
        /// Its name.
        name: String,
        /// The end of the sentence.
        reason: &'static str,
    },
    /// The entry in the file is faulty and takes no part until it is mended there, or deleted. Code 400.
    Faulty(Fault),
    /// The secrets in store belong to other settings; new ones are needed. Code 400.
    Torn(String),
    /// What is to be written could not be read again. Code 500.
    Save {
        /// `smtp 'example'`
        entry: String,
        /// What is wrong with it.
        reason: String,
    },
}

impl Error {
    pub(super) fn parameter(name: &'static str, reason: impl Into<String>) -> Self {
        Self::Parameter(Parameter::new(name, reason))
    }

    /// The HTTP-like code.
    #[must_use]
    pub fn code(&self) -> u16 {
        match self {
            Self::NotFound { .. } | Self::NoEndpoint(_) => 404,
            Self::Parse { .. } | Self::Save { .. } => 500,
            _ => 400,
        }
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Parameter(parameter) => parameter.fmt(f),
            Self::Parse { file, line, reason } => write!(
                f,
                "could not deserialize configuration: parsing \"{file}\" failed: line {line} - {reason}"
            ),
            Self::InvalidDigest(reason) => write!(f, "invalid digest: {reason}"),
            Self::Modified => f.write_str(
                "detected modified configuration - file changed by other user? Try again.",
            ),
            Self::NotFound { what, name } => write!(f, "{what} '{name}' not found"),
            Self::NoEndpoint(name) => write!(f, "endpoint '{name}' does not exist"),
            Self::Exists(name) => write!(
                f,
                "Cannot create '{name}', an entity with the same name already exists"
            ),
            Self::NoRecipient => f.write_str(
                "must at least provide one recipient, either in mailto or in mailto-user",
            ),
            Self::Referenced { name, by } => {
                write!(
                    f,
                    "cannot delete '{name}', referenced by: {}",
                    by.join(", ")
                )
            }
            Self::Webhook { what, name, reason } => write!(f, "{what} '{name}' {reason}"),
            Self::Faulty(fault) if Kind::from_word(&fault.kind).is_none() => fault.fmt(f),
            Self::Faulty(fault) => write!(
                f,
                "{}; fix it in the file, or delete the entry and create it again",
                fault.to_string().trim_end_matches('.')
            ),
            Self::Torn(name) => write!(
                f,
                "endpoint '{name}' was only partly written: its secrets may belong to other settings; \
                 set all its secrets again, or delete it"
            ),
            Self::Save { entry, reason } => {
                write!(f, "could not save configuration: {entry}: {reason}")
            }
        }
    }
}

impl std::error::Error for Error {}

impl From<Parameter> for Error {
    fn from(parameter: Parameter) -> Self {
        Self::Parameter(parameter)
    }
}
