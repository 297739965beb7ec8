//! What became of a notification for one recipient. Every sender says it in these four words, and
//! the caller gets them as they are: `{ outcome, reason? }`.

use std::time::Duration;

use serde::ser::SerializeMap;
use serde::{Serialize, Serializer};

/// What became of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// The other side has taken it over.
    Sent,
    /// It was not sent, and a later try may succeed.
    Unsent {
        /// What happened, who has to act, what to do.
        reason: String,
        /// When to try again.
        retry: Retry,
    },
    /// It was not sent, and no later try succeeds before somebody has acted.
    Refused {
        /// What happened, who has to act, what to do.
        reason: String,
    },
    /// It went out whole, but the connection was lost before the other side said so: a second try may
    /// bring it twice.
    Unknown {
        /// What happened, who has to act, what to do.
        reason: String,
    },
}

/// When a further try makes sense.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Retry {
    /// Once more within the same call, after a short pause.
    Soon,
    /// Not before this pause, which the other side has asked for or its limits demand.
    After(Duration),
}

impl Outcome {
    /// The word on the wire: `sent`, `unsent`, `refused` or `unknown`.
    #[must_use]
    pub fn as_str(&self) -> &'static str {
        match self {
            Self::Sent => "sent",
            Self::Unsent { .. } => "unsent",
            Self::Refused { .. } => "refused",
            Self::Unknown { .. } => "unknown",
        }
    }

    /// Why it is not `Sent`.
    #[must_use]
    pub fn reason(&self) -> Option<&str> {
        match self {
            Self::Sent => None,
            Self::Unsent { reason, .. } | Self::Refused { reason } | Self::Unknown { reason } => {
                Some(reason)
            }
        }
    }
}

impl Serialize for Outcome {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("outcome", self.as_str())?;
        if let Some(reason) = self.reason() {
            map.serialize_entry("reason", reason)?;
        }
        map.end()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_wire_form_has_a_reason_only_where_there_is_one() {
        let reason = || "no".to_owned();
        for (outcome, wanted) in [
            (Outcome::Sent, r#"{"outcome":"sent"}"#),
            (
                Outcome::Unsent {
                    reason: reason(),
                    retry: Retry::Soon,
                },
                r#"{"outcome":"unsent","reason":"no"}"#,
            ),
            (
                Outcome::Refused { reason: reason() },
                r#"{"outcome":"refused","reason":"no"}"#,
            ),
            (
                Outcome::Unknown { reason: reason() },
                r#"{"outcome":"unknown","reason":"no"}"#,
            ),
        ] {
            assert_eq!(serde_json::to_string(&outcome).unwrap(), wanted);
        }
    }
}
