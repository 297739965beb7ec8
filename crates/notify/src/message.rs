//! What a person is told of a failure, as a value: the cause, what fixes it, and the other side's own words.
//!
//! Long words of the other side are shown by their beginning; a line of the log, `{message:#}`, has all of them.

use std::fmt;

use serde::ser::SerializeMap;
use serde::{Serialize, Serializer};

/// So many characters of the other side's words are shown.
const SHOWN: usize = 160;
/// What stands before such words, and behind them where something follows.
const QUOTE: (&str, &str) = (" says: \"", "\"; ");

/// A message. No part of it holds a secret or a control character.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Message {
    /// What it is about: a peer, a file, a target; may be empty.
    pub about: String,
    /// What happened: one clause.
    pub cause: String,
    /// What fixes it, and who has to act.
    pub fix: Option<String>,
    /// The other side's own words, in full, and where they came.
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

    /// The same for somebody whom the other side's words are no concern of.
    #[must_use]
    pub fn without_details(mut self) -> Self {
        self.details = None;
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

    /// Its details as a person sees them.
    #[must_use]
    pub fn shown_details(&self) -> Option<String> {
        self.details.as_deref().map(cut)
    }

    /// Its entries on the wire.
    pub(crate) fn write_into<M: SerializeMap>(&self, map: &mut M) -> Result<(), M::Error> {
        map.serialize_entry("cause", &self.headline())?;
        for (key, part) in [("fix", &self.fix), ("details", &self.shown_details())] {
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
        let details = match f.alternate() {
            true => self.details.clone(),
            false => self.shown_details(),
        };
        for part in [&self.fix, &details].into_iter().flatten() {
            write!(f, "; {part}")?;
        }
        Ok(())
    }
}

/// The text with each quotation of the other side cut after [`SHOWN`] characters.
fn cut(details: &str) -> String {
    let (before, after) = QUOTE;
    let mut pieces = details.split(before);
    let mut text = pieces.next().unwrap_or_default().to_owned();
    for piece in pieces {
        let end = piece.find(after).or_else(|| piece.rfind('"'));
        let (words, rest) = piece.split_at(end.unwrap_or(piece.len()));
        text.push_str(before);
        match words.char_indices().nth(SHOWN) {
            Some(_) => {
                text.extend(words.chars().take(SHOWN - 1));
                text.push('…');
            }
            None => text.push_str(words),
        }
        text.push_str(rest);
    }
    text
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
    fn long_words_of_the_other_side_are_cut_but_in_the_log() {
        let quote = |words: &str| format!("server says: \"{words}\"");
        let (whole, long) = ("é".repeat(160), "é".repeat(161));
        let short = format!("{}…", "é".repeat(159));
        for (details, shown) in [
            (
                "no words of anybody".repeat(20),
                "no words of anybody".repeat(20),
            ),
            (quote(&whole), quote(&whole)),
            (quote(&long), quote(&short)),
            (
                format!("ann: {}; ben: {}; carl", quote(&long), quote("no")),
                format!("ann: {}; ben: {}; carl", quote(&short), quote("no")),
            ),
            (quote(&format!("{long} \"as it is\"")), quote(&short)),
            (
                "server says: \"open".to_owned(),
                "server says: \"open".to_owned(),
            ),
        ] {
            let message = Message::new("closed").details(Some(details.clone()));
            assert_eq!(message.to_string(), format!("closed; {shown}"));
            assert_eq!(format!("{message:#}"), format!("closed; {details}"));
            assert_eq!(serde_json::to_value(&message).unwrap()["details"], shown);
        }
    }

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
