//! How grave a notification is.

use std::fmt;
use std::str::FromStr;

use crate::as_string::as_string;

/// How grave a notification is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Severity {
    /// General information.
    Info,
    /// Noteworthy, but nobody has to act.
    Notice,
    /// Somebody should look.
    Warning,
    /// Something failed.
    Error,
    /// The sender did not say.
    Unknown,
}

impl Severity {
    /// All of them, from the least grave to the one that is not known.
    pub const ALL: [Self; 5] = [
        Self::Info,
        Self::Notice,
        Self::Warning,
        Self::Error,
        Self::Unknown,
    ];

    /// The name in files and in the API.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Info => "info",
            Self::Notice => "notice",
            Self::Warning => "warning",
            Self::Error => "error",
            Self::Unknown => "unknown",
        }
    }

    /// One bit per severity.
    pub(crate) fn bit(self) -> u8 {
        1 << self as u8
    }
}

impl fmt::Display for Severity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for Severity {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        Self::ALL
            .into_iter()
            .find(|severity| severity.name() == text)
            .ok_or_else(|| format!("unknown severity '{text}'"))
    }
}

as_string!(Severity);
