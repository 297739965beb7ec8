//! Why there is no access token, or why a grant cannot be changed.

use std::fmt;
use std::path::PathBuf;

use crate::advice::{AUTHORIZE, again};
use crate::cause::Cause;
use crate::message::Message;
use crate::oauth2::{self, Account};
use crate::parameter::Parameter;
use crate::state::{self, Peer};

/// Why.
#[derive(Debug)]
#[non_exhaustive]
pub enum Error {
    /// Nobody has authorized the target.
    NoGrant {
        /// The target.
        target: String,
        /// A record that could not be read and was moved here.
        unreadable: Option<PathBuf>,
    },
    /// The grant has ended.
    Ended {
        /// The target.
        target: String,
        /// What the provider said at the time, or why it was set aside.
        reason: String,
    },
    /// The grant was made for other settings; it is not sent to another provider or for another
    /// mailbox.
    SettingsChanged {
        /// The target.
        target: String,
    },
    /// The target names another mail server than the one the grant was given for.
    ServerChanged {
        /// The target.
        target: String,
        /// The server that it was given for.
        granted: Box<Peer>,
        /// The one that the settings name.
        named: Box<Peer>,
        /// Whether the application acts for itself.
        app_only: bool,
    },
    /// The last try has failed, and the pause after it is not over.
    Waiting {
        /// The target.
        target: String,
        /// For so many seconds more; 3600 at most.
        seconds: u32,
        /// What went wrong then.
        reason: String,
        /// Its HTTP-like code.
        code: u16,
        /// Whether somebody has to act: the next try, too, fails before.
        refused: bool,
    },
    /// The mail server refuses a token that is hardly a minute old.
    StillRefused {
        /// The target.
        target: String,
    },
    /// The provider gave none, or was not reached.
    Provider(oauth2::Error),
    /// The record cannot be used or changed.
    State(state::Error),
    /// What was handed in is no token.
    Parameter(Parameter),
}

impl Error {
    pub(super) fn no_grant(account: &Account) -> Self {
        Self::NoGrant {
            target: account.target.clone(),
            unreadable: None,
        }
    }

    /// The HTTP-like code.
    #[must_use]
    pub fn code(&self) -> u16 {
        match self {
            Self::Waiting { code, .. } => *code,
            Self::Provider(error) => error.code(),
            Self::State(error) => error.code(),
            _ => 400,
        }
    }

    /// The cause.
    #[must_use]
    pub fn cause(&self) -> Cause {
        match self {
            Self::NoGrant { .. } | Self::Ended { .. } | Self::SettingsChanged { .. } => {
                Cause::Consent
            }
            Self::ServerChanged {
                app_only: false, ..
            } => Cause::Consent,
            Self::ServerChanged { app_only: true, .. } => Cause::Settings,
            Self::Waiting { refused: false, .. } => Cause::Pausing,
            Self::Waiting { refused: true, .. }
            | Self::StillRefused { .. }
            | Self::Parameter(_) => Cause::Settings,
            Self::Provider(error) => error.cause(),
            Self::State(error) => error.cause(),
        }
    }

    /// After so many seconds a further try makes sense, if nobody acts, where that is known.
    #[must_use]
    pub fn retry_after(&self) -> Option<u32> {
        match self {
            Self::Waiting { seconds, .. } => Some(*seconds),
            Self::Provider(error) => error.retry_after(),
            _ => None,
        }
    }

    /// What a person is told.
    #[must_use]
    pub fn message(&self) -> Message {
        match self {
            Self::NoGrant { target, unreadable } => match unreadable {
                None => of(target, "it is not authorized: it has no refresh token").fix(AUTHORIZE),
                Some(path) => of(target, "it has no refresh token: its record was unreadable")
                    .fix(again!("restore it from a backup, or "))
                    .details(Some(format!("the record was moved to {}", path.display()))),
            },
            Self::Ended { target, reason } => of(target, "its authorization has ended")
                .fix(AUTHORIZE)
                .details(reason_of(reason)),
            Self::SettingsChanged { target } => of(
                target,
                "its refresh token is for another provider, application or username",
            )
            .fix(again!("restore the settings, or ")),
            Self::ServerChanged {
                target,
                granted,
                named,
                app_only,
            } => {
                let message = of(target, "its tokens are for another mail server").details(Some(
                    format!("{named} was set, but {granted} was authorized"),
                ));
                message.fix(match app_only {
                    true => "restore the mail server, or enter the client secret again",
                    false => again!("restore the mail server, or "),
                })
            }
            Self::Waiting {
                target,
                seconds,
                reason,
                refused,
                ..
            } => {
                let message = of(target, "its access token could not be refreshed");
                let message = message.details(reason_of(reason));
                match refused {
                    // the reason has the fix
                    true => message,
                    false => message.fix(format!("retried automatically in {seconds} s")),
                }
            }
            Self::StillRefused { target } => of(
                target,
                "the mail server refuses a new access token",
            )
            .fix("check username, and that mailbox and application are allowed to send over SMTP"),
            Self::Provider(error) => error.message(),
            Self::State(error) => error.message(),
            Self::Parameter(parameter) => parameter.message(),
        }
    }
}

/// What went wrong before, where that is known.
fn reason_of(reason: &str) -> Option<String> {
    (!reason.is_empty()).then(|| format!("reason: {reason}"))
}

fn of(target: &str, cause: impl Into<String>) -> Message {
    Message::new(cause).about(format!("target '{target}'"))
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.message().fmt(f)
    }
}

impl std::error::Error for Error {}

impl From<state::Error> for Error {
    fn from(error: state::Error) -> Self {
        Self::State(error)
    }
}

impl From<oauth2::Error> for Error {
    fn from(error: oauth2::Error) -> Self {
        Self::Provider(error)
    }
}

impl From<Parameter> for Error {
    fn from(parameter: Parameter) -> Self {
        Self::Parameter(parameter)
    }
}
