//! What is wrong with an entry of a file, and where.
//!
//! A faulty entry takes no part, all others do. Its bytes stay as they are until someone mends the
//! file or deletes the entry.

use std::fmt;

use serde::Serialize;

/// A faulty entry, for the API to show and for the log.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Fault {
    /// Below the folder of the configuration, for instance `priv/notifications.cfg`.
    pub file: &'static str,
    /// The line, counted from 1.
    pub line: usize,
    /// The kind of the section, as written in the file; empty where that might show a secret.
    #[serde(rename = "type")]
    pub kind: String,
    /// The name of the section; likewise.
    pub name: String,
    /// What is wrong; never quotes a secret.
    pub reason: String,
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            file,
            line,
            kind,
            name,
            reason,
        } = self;
        if kind.is_empty() {
            write!(f, "{file} line {line}: {reason}")
        } else {
            write!(f, "{file} line {line}, {kind} '{name}': {reason}")
        }
    }
}

/// The cure where no call reaches the entry.
pub(super) const BY_HAND: &str = "fix it in the file";

/// A fault whose file and section are known to the caller.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Flaw {
    pub(super) line: usize,
    pub(super) reason: String,
}

impl Flaw {
    pub(super) fn new(line: usize, reason: impl Into<String>) -> Self {
        Self {
            line,
            reason: reason.into(),
        }
    }

    /// Of an entry that takes its name, though no call can change or delete it.
    pub(super) fn unknown_type(line: usize, kind: &str) -> Self {
        Self::new(line, format!("unknown section type '{kind}'; {BY_HAND}"))
    }
}

/// A value that an entry must not have; the reason never quotes it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Invalid {
    pub(super) key: &'static str,
    /// Which one of several values of this key.
    pub(super) index: usize,
    pub(super) reason: String,
}

impl Invalid {
    pub(super) fn new(key: &'static str, index: usize, reason: impl Into<String>) -> Self {
        Self {
            key,
            index,
            reason: reason.into(),
        }
    }
}

impl From<Invalid> for super::Error {
    fn from(invalid: Invalid) -> Self {
        Self::parameter(invalid.key, invalid.reason)
    }
}
