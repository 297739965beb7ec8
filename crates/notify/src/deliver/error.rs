//! Why a test did not reach its target.

use std::fmt;

use super::LogLine;
use crate::config;
use crate::message::Message;

/// Why.
#[derive(Debug)]
#[non_exhaustive]
pub enum Error {
    /// There is no such target, or its entry cannot be used.
    Config(config::Error),
    /// Not every recipient was reached.
    Undelivered {
        /// The target's name.
        target: String,
        /// For each cause, with those that have it: why.
        why: Vec<Message>,
        /// The same for the log, where the other side's words are in full.
        log: Vec<LogLine>,
    },
}

impl Error {
    /// What a person is told: where one recipient or one warning is the reason, in its parts.
    #[must_use]
    pub fn message(&self) -> Message {
        match self {
            Self::Config(error) => Message::new(error.to_string()),
            Self::Undelivered { target, why, .. } => told(target, why),
        }
    }

    /// The same without the other side's words, of whichever reason.
    #[must_use]
    pub fn message_without_details(&self) -> Message {
        match self {
            Self::Config(_) => self.message(),
            Self::Undelivered { target, why, .. } => {
                let why: Vec<_> = why.iter().cloned().map(Message::without_details).collect();
                told(target, &why).without_details()
            }
        }
    }

    /// What an admin should know, for the log.
    #[must_use]
    pub fn log(&self) -> &[LogLine] {
        match self {
            Self::Config(_) => &[],
            Self::Undelivered { log, .. } => log,
        }
    }

    /// The HTTP-like code.
    #[must_use]
    pub fn code(&self) -> u16 {
        match self {
            Self::Config(error) => error.code(),
            Self::Undelivered { .. } => 500,
        }
    }
}

fn told(target: &str, why: &[Message]) -> Message {
    let about = format!("Could not test target: could not notify via endpoint(s): {target}");
    match why {
        [one] => {
            let about = match one.about.as_str() {
                "" => about,
                inner => format!("{about}: {inner}"),
            };
            one.clone().about(about)
        }
        several => {
            let lines: Vec<String> = several.iter().map(ToString::to_string).collect();
            Message::new(lines.join("; ")).about(about)
        }
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.message().fmt(f)
    }
}

impl std::error::Error for Error {}

impl From<config::Error> for Error {
    fn from(error: config::Error) -> Self {
        Self::Config(error)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_reason_keeps_its_parts_and_several_make_one_line() {
        let one = || {
            Message::new("the port is closed")
                .about("mail:25")
                .fix("open it")
        };
        let error = |why| Error::Undelivered {
            target: "relay".to_owned(),
            why,
            log: Vec::new(),
        };
        let begin = "Could not test target: could not notify via endpoint(s): relay: ";
        let message = error(vec![one()]).message();
        assert_eq!(
            message.headline(),
            format!("{begin}mail:25: the port is closed")
        );
        assert_eq!(message.fix.as_deref(), Some("open it"));
        assert_eq!(
            error(vec![one(), Message::new("no address")]).to_string(),
            format!("{begin}mail:25: the port is closed; open it; no address")
        );
        let said = one().details(Some("server says: \"no\"".to_owned()));
        for (why, wanted) in [
            (vec![said.clone()], "mail:25: the port is closed; open it"),
            (
                vec![said.clone(), Message::new("no address"), said],
                "mail:25: the port is closed; open it; no address; mail:25: the port is closed; open it",
            ),
        ] {
            let error = error(why);
            assert!(error.to_string().contains("says"));
            let open = error.message_without_details();
            assert_eq!(open.to_string(), format!("{begin}{wanted}"));
        }
        for why in [vec![one()], vec![one(), one()], vec![Message::new("no")]] {
            let error = error(why);
            assert_eq!(error.to_string(), error.message().to_string());
        }
    }
}
