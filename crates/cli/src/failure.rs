//! Why a command did not do what it was asked for, and the exit status that says so.

use std::fmt;

use notify::message::Message;

/// Why.
#[derive(Debug)]
pub enum Failure {
    /// The service's answer.
    Service(Box<notify::Error>),
    /// This machine's.
    Here(Message),
    /// A setting or an answer is wrong.
    Wrong(Message),
    /// The command line is.
    Usage(Message),
    /// Somebody has to do something; that was told already.
    Attention,
    /// Another mailbox has consented; that was told already.
    OtherMailbox,
    /// Ctrl-C.
    Cancelled,
}

impl Failure {
    /// The exit status.
    pub fn status(&self) -> u8 {
        match self {
            Self::Service(error) if error.code() < 500 => 3,
            Self::Service(_) | Self::Here(_) => 1,
            Self::Usage(_) => 2,
            Self::Wrong(_) | Self::Attention => 3,
            Self::OtherMailbox => 4,
            Self::Cancelled => 130,
        }
    }

    /// What is to be said.
    pub fn message(&self) -> Option<Message> {
        match self {
            Self::Service(error) => Some(error.message()),
            Self::Here(message) | Self::Wrong(message) | Self::Usage(message) => {
                Some(message.clone())
            }
            Self::Attention | Self::OtherMailbox => None,
            Self::Cancelled => Some(Message::new("cancelled")),
        }
    }

    /// A cause on this machine.
    pub fn here(cause: impl fmt::Display) -> Self {
        Self::Here(Message::new(cause.to_string()))
    }
}

impl From<notify::Error> for Failure {
    fn from(error: notify::Error) -> Self {
        Self::Service(Box::new(error))
    }
}

impl From<std::io::Error> for Failure {
    fn from(error: std::io::Error) -> Self {
        Self::here(error)
    }
}
