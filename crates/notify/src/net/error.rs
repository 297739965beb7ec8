//! Why there is no way to a peer: which peer, at what phase, for what cause, and what the system said.

use std::{fmt, io};

use crate::advice;
use crate::cause::{Cause, Loss, Phase};
use crate::message::Message;
use crate::plain::Unusable;

/// Why. Nothing in it is secret.
#[derive(Debug)]
#[non_exhaustive]
pub enum Error {
    /// The time was up.
    Late {
        /// The peer, as `host:port`.
        peer: String,
        /// What was being done.
        phase: Phase,
    },
    /// The way ended.
    Lost {
        /// The peer, as `host:port`.
        peer: String,
        /// Why.
        loss: Loss,
        /// The system's reason, where it adds something.
        source: Option<io::Error>,
    },
    /// A file that says how to get there cannot be used.
    File(Unusable),
}

impl Error {
    /// The cause.
    #[must_use]
    pub fn cause(&self) -> Cause {
        match self {
            Self::Late { phase, .. } => Cause::Late(*phase),
            Self::Lost { loss, .. } => Cause::Lost(*loss),
            Self::File(_) => Cause::Settings,
        }
    }

    /// The peer, if it came to that.
    #[must_use]
    pub fn peer(&self) -> Option<&str> {
        match self {
            Self::Late { peer, .. } | Self::Lost { peer, .. } => Some(peer),
            Self::File(_) => None,
        }
    }

    /// What a person is told.
    #[must_use]
    pub fn message(&self) -> Message {
        match self {
            Self::File(file) => file.message(),
            Self::Late { .. } | Self::Lost { .. } => self.with(advice::of(&self.cause())),
        }
    }

    /// The same in the words of this row.
    pub(crate) fn with(&self, advice: Option<&'static advice::Advice>) -> Message {
        let said = match self {
            Self::Lost { loss, source, .. } => source.as_ref().filter(|said| !repeats(*loss, said)),
            _ => None,
        };
        let said = said.map(|error| format!("system says: \"{error}\""));
        let about = self.peer().unwrap_or_default();
        advice::message(advice).about(about).details(said)
    }
}

/// Whether the system says no more than the row of this loss.
fn repeats(loss: Loss, said: &io::Error) -> bool {
    use io::ErrorKind::{ConnectionRefused, HostUnreachable, NetworkUnreachable};
    match loss {
        Loss::Refused => said.kind() == ConnectionRefused,
        Loss::Unreachable => [HostUnreachable, NetworkUnreachable].contains(&said.kind()),
        _ => false,
    }
}

impl From<Unusable> for Error {
    fn from(file: Unusable) -> Self {
        Self::File(file)
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.message().fmt(f)
    }
}

// what the system said is a part of the text, hence no source
impl std::error::Error for Error {}
