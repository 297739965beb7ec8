//! What a person is told of a failure, as a value: the cause, what fixes it, and the other side's own words.

use std::fmt;

use serde::ser::SerializeMap;
use serde::{Serialize, Serializer};

/// A message. No part of it holds a secret or a control character.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Message {
    /// What it is about: a peer, a file, a target; may be empty.
    pub about: String,
    /// What happened: one clause.
    pub cause: String,
    /// What fixes it, and who has to act.
    pub fix: Option<String>,
    /// The other side's own words, and where they came.
    pub details: Option<String>,
}

impl Message {
    /// A message of a cause alone.
    pub fn new(cause: impl Into<String>) -> Self {
        Self {
            cause: cause.into(),
            ..Self::default()
        }
    }

    /// The same about something.
    #[must_use]
    pub fn about(mut self, about: impl Into<String>) -> Self {
        self.about = about.into();
        self
    }

    /// The same with what fixes it.
    #[must_use]
    pub fn fix(mut self, fix: impl Into<String>) -> Self {
        self.fix = Some(fix.into());
        self
    }

    /// The same with the other side's words, where there are some.
    #[must_use]
    pub fn details(mut self, details: Option<String>) -> Self {
        self.details = details;
        self
    }

    /// What happened, and to what.
    #[must_use]
    pub fn headline(&self) -> String {
        match self.about.as_str() {
            "" => self.cause.clone(),
            about => format!("{about}: {}", self.cause),
        }
    }

    /// Its entries on the wire.
    pub(crate) fn write_into<M: SerializeMap>(&self, map: &mut M) -> Result<(), M::Error> {
        map.serialize_entry("cause", &self.headline())?;
        for (key, part) in [("fix", &self.fix), ("details", &self.details)] {
            if let Some(part) = part {
                map.serialize_entry(key, part)?;
            }
        }
        Ok(())
    }
}

/// One line, as it is for a log.
impl fmt::Display for Message {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if !self.about.is_empty() {
            write!(f, "{}: ", self.about)?;
        }
        f.write_str(&self.cause)?;
        for part in [&self.fix, &self.details].into_iter().flatten() {
            write!(f, "; {part}")?;
        }
        Ok(())
    }
}

/// `{ cause, fix?, details? }`.
impl Serialize for Message {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        self.write_into(&mut map)?;
        map.end()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_has_all_parts_in_order_and_the_wire_form_has_them_apart() {
        let message = Message::new("the port is closed")
            .about("mail.example.org:25")
            .fix("open it")
            .details(Some("the system says: no".to_owned()));
        assert_eq!(
            message.to_string(),
            "mail.example.org:25: the port is closed; open it; the system says: no"
        );
        assert_eq!(
            serde_json::to_string(&message).unwrap(),
            r#"{"cause":"mail.example.org:25: the port is closed","fix":"open it","details":"the system says: no"}"#
        );
        let bare = Message::new("closed").details(None);
        assert_eq!(bare.to_string(), "closed");
        assert_eq!(
            serde_json::to_string(&bare).unwrap(),
            r#"{"cause":"closed"}"#
        );
    }
}
