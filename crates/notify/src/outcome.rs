//! What became of a notification for one recipient. Every sender says it in these four words, and
//! the caller gets them as they are: `{ outcome, reason?, cause?, fix?, details? }`.

use std::time::Duration;

use serde::ser::SerializeMap;
use serde::{Serialize, Serializer};

use crate::cause::Cause;
use crate::message::Message;
use crate::verdict::Verdict;

/// What became of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// The other side has taken it over.
    Sent,
    /// It was not sent, and a later try may succeed.
    Unsent {
        /// What a person is told.
        why: Message,
        /// When to try again.
        retry: Retry,
    },
    /// It was not sent, and no later try succeeds before somebody has acted.
    Refused {
        /// What a person is told.
        why: Message,
    },
    /// It went out whole, but the connection was lost before the other side said so: a second try may
    /// bring it twice.
    Unknown {
        /// What a person is told.
        why: Message,
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
    pub fn why(&self) -> Option<&Message> {
        match self {
            Self::Sent => None,
            Self::Unsent { why, .. } | Self::Refused { why } | Self::Unknown { why } => Some(why),
        }
    }

    /// The same as one line.
    #[must_use]
    pub fn reason(&self) -> Option<String> {
        self.why().map(ToString::to_string)
    }
}

/// A failure on its way to an outcome.
#[derive(Clone, Debug)]
pub struct Failure {
    cause: Cause,
    why: Message,
    pause: Option<Duration>,
}

impl Failure {
    /// A failure for this cause, told so.
    #[must_use]
    pub fn new(cause: Cause, why: Message) -> Self {
        let pause = cause.pause();
        Self { cause, why, pause }
    }

    /// The same where the other side asks for a pause.
    #[must_use]
    pub fn pause(mut self, pause: Option<Duration>) -> Self {
        self.pause = pause.or(self.pause);
        self
    }

    /// What it means by the rule: [`Cause::verdict`].
    #[must_use]
    pub fn outcome(self) -> Outcome {
        let Self { cause, why, pause } = self;
        match cause.verdict() {
            Verdict::Temporary => Outcome::Unsent {
                why,
                retry: pause.map_or(Retry::Soon, Retry::After),
            },
            Verdict::Refused | Verdict::Person => Outcome::Refused { why },
            Verdict::Unknown => Outcome::Unknown { why },
        }
    }
}

impl Serialize for Outcome {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("outcome", self.as_str())?;
        if let Some(why) = self.why() {
            map.serialize_entry("reason", &why.to_string())?;
            why.write_into(&mut map)?;
        }
        map.end()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_wire_form_has_a_reason_only_where_there_is_one() {
        let told = |cause| Failure::new(cause, Message::new("no").fix("do")).outcome();
        let rest = r#""reason":"no; do","cause":"no","fix":"do"}"#;
        for (outcome, word) in [
            (told(Cause::Busy), "unsent"),
            (told(Cause::Settings), "refused"),
            (told(Cause::Consent), "refused"),
            (told(Cause::Ended), "unknown"),
        ] {
            let wanted = format!(r#"{{"outcome":"{word}",{rest}"#);
            assert_eq!(serde_json::to_string(&outcome).unwrap(), wanted);
        }
        assert_eq!(
            serde_json::to_string(&Outcome::Sent).unwrap(),
            r#"{"outcome":"sent"}"#
        );
    }
}
