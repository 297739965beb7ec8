//! Severities and the directive `match-severity`: a comma list of them.

use std::fmt;
use std::str::FromStr;

use super::directive::as_string;

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
    fn bit(self) -> u8 {
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

/// A set of severities, as given in `match-severity`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SeverityMatch {
    given: String,
    set: u8,
}

impl SeverityMatch {
    /// Whether the severity is in the list.
    #[must_use]
    pub fn matches(&self, severity: Severity) -> bool {
        self.set & severity.bit() != 0
    }
}

impl FromStr for SeverityMatch {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let mut set = 0;
        for name in text.split(',') {
            set |= name.trim().parse::<Severity>()?.bit();
        }
        Ok(Self {
            given: text.to_owned(),
            set,
        })
    }
}

impl fmt::Display for SeverityMatch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.given)
    }
}

as_string!(SeverityMatch);
