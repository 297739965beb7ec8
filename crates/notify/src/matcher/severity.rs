//! The directive `match-severity`: a comma list of severities.

use std::fmt;
use std::str::FromStr;

use crate::Severity;
use crate::as_string::as_string;

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
