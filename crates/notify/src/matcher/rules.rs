//! The directives of one matcher, and how they add up.

use std::fmt;
use std::str::FromStr;

use super::{CalendarMatch, FieldMatch, SeverityMatch};
use crate::as_string::as_string;
use crate::{Clock, Notification};

/// How entries of a group, and the groups, are combined.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Mode {
    /// Every one has to match.
    #[default]
    All,
    /// One has to match.
    Any,
}

impl Mode {
    /// The name in files and in the API.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::All => "all",
            Self::Any => "any",
        }
    }

    fn combine(self, results: &[bool]) -> bool {
        match self {
            Self::All => results.iter().all(|&matched| matched),
            Self::Any => results.iter().any(|&matched| matched),
        }
    }
}

impl fmt::Display for Mode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for Mode {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text {
            "all" => Ok(Self::All),
            "any" => Ok(Self::Any),
            _ => Err(format!("unknown mode '{text}'")),
        }
    }
}

as_string!(Mode);

/// What a matcher asks of a notification.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Rules {
    /// `match-severity`
    pub severity: Vec<SeverityMatch>,
    /// `match-field`
    pub field: Vec<FieldMatch>,
    /// `match-calendar`
    pub calendar: Vec<CalendarMatch>,
    /// `mode`
    pub mode: Mode,
    /// `invert-match`
    pub invert: bool,
}

impl Rules {
    /// Whether the notification passes. Rules without directives let everything pass, inverted or
    /// not. Every directive is tried, so that a broken one never goes unnoticed.
    ///
    /// # Errors
    /// The reason, if a pattern or the notification's time cannot be used.
    pub fn matches(&self, about: &Notification, clock: &dyn Clock) -> Result<bool, String> {
        let mut groups = Vec::with_capacity(3);
        let mut add = |group: Vec<bool>| {
            if !group.is_empty() {
                groups.push(self.mode.combine(&group));
            }
        };
        add(self
            .severity
            .iter()
            .map(|severity| severity.matches(about.severity))
            .collect());
        add(self
            .field
            .iter()
            .map(|field| field.matches(about.fields.get(field.field()).map(String::as_str)))
            .collect::<Result<_, _>>()?);
        if !self.calendar.is_empty() {
            let time = clock
                .local(about.timestamp)
                .ok_or_else(|| format!("timestamp {} is out of range", about.timestamp))?;
            add(self
                .calendar
                .iter()
                .map(|span| span.matches(&time))
                .collect());
        }
        Ok(groups.is_empty() || (self.mode.combine(&groups) != self.invert))
    }
}
