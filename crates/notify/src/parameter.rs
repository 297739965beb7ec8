//! A parameter of a call that cannot be used.

use std::fmt;

use crate::message::Message;

/// Which one, and why; nothing was sent or changed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Parameter {
    /// Its name in the API, for instance `tenant-id`.
    pub name: &'static str,
    /// What is wrong with it, as the end of a sentence that begins with the name. The value is not
    /// quoted: it may be a secret.
    pub reason: String,
}

impl Parameter {
    pub(crate) fn new(name: &'static str, reason: impl Into<String>) -> Self {
        let reason = reason.into();
        Self { name, reason }
    }

    /// What a person is told.
    #[must_use]
    pub fn message(&self) -> Message {
        Message::new(&*self.reason).about(self.name)
    }
}

impl fmt::Display for Parameter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.message().fmt(f)
    }
}

impl std::error::Error for Parameter {}
