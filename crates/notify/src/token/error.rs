//! Why there is no access token, or why a grant cannot be changed.

use std::fmt;
use std::path::PathBuf;

use crate::advice::{AUTHORIZE, again, named};
use crate::cause::Cause;
use crate::message::Message;
use crate::oauth2::{self, Account};
use crate::parameter::Parameter;
use crate::state::{self, Peer, Trouble};

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
        /// The setting that has changed.
        setting: &'static str,
        /// What the grant was made for, and what the settings say.
        values: [String; 2],
        /// Whether the application acts for itself.
        app_only: bool,
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
    /// The last try has failed, and the provider is not asked now.
    Waiting {
        /// The target.
        target: String,
        /// Why it is not asked.
        pause: Pause,
        /// What went wrong at the last try.
        last: Box<Trouble>,
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

/// Why a provider is not asked after a failure.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Pause {
    /// The last try was just now.
    Recent {
        /// So many seconds ago.
        ago: u32,
        /// The next one makes sense after so many seconds.
        seconds: u32,
    },
    /// The provider asked for it.
    Wished {
        /// Until when, as HH:MM of local time.
        until: String,
        /// The next try is made after so many seconds.
        seconds: u32,
    },
    /// It would fail again: somebody has to act, or to test the target.
    Lasting,
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
            Self::Waiting { last, .. } => last.code,
            Self::Provider(error) => error.code(),
            Self::State(error) => error.code(),
            _ => 400,
        }
    }

    /// The cause.
    #[must_use]
    pub fn cause(&self) -> Cause {
        match self {
            Self::NoGrant { .. } | Self::Ended { .. } => Cause::Consent,
            Self::SettingsChanged { app_only, .. } | Self::ServerChanged { app_only, .. } => {
                match app_only {
                    true => Cause::Settings,
                    false => Cause::Consent,
                }
            }
            Self::Waiting {
                pause: Pause::Recent { .. } | Pause::Wished { .. },
                ..
            } => Cause::Pausing,
            Self::Waiting {
                pause: Pause::Lasting,
                ..
            }
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
            Self::Waiting {
                pause: Pause::Recent { seconds, .. } | Pause::Wished { seconds, .. },
                ..
            } => Some(*seconds),
            Self::Provider(error) => error.retry_after(),
            _ => None,
        }
    }

    /// The setting that has changed, where that is why.
    #[must_use]
    pub fn setting(&self) -> Option<&'static str> {
        match self {
            Self::SettingsChanged { setting, .. } => Some(setting),
            Self::ServerChanged { .. } => Some("server"),
            _ => None,
        }
    }

    /// What a person is told.
    #[must_use]
    pub fn message(&self) -> Message {
        let mut message = self.of_any_target();
        if let (Some(target), Some(fix)) = (self.target(), &message.fix) {
            message.fix = Some(named(fix, target));
        }
        message
    }

    /// The target that it is about, where it says so.
    fn target(&self) -> Option<&str> {
        match self {
            Self::NoGrant { target, .. }
            | Self::Ended { target, .. }
            | Self::SettingsChanged { target, .. }
            | Self::ServerChanged { target, .. }
            | Self::Waiting { target, .. }
            | Self::StillRefused { target } => Some(target),
            Self::Provider(_) | Self::State(_) | Self::Parameter(_) => None,
        }
    }

    fn of_any_target(&self) -> Message {
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
            Self::SettingsChanged {
                target,
                setting,
                values: [granted, named],
                app_only,
            } => changed(target, setting, [granted, named], *app_only),
            Self::ServerChanged {
                target,
                granted,
                named,
                app_only,
            } => changed(
                target,
                "server",
                [&granted.server, &named.server],
                *app_only,
            ),
            Self::Waiting {
                target,
                pause,
                last,
            } => waiting(target, pause, last),
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

fn changed(target: &str, setting: &str, [granted, named]: [&str; 2], app_only: bool) -> Message {
    let shown = |value: &str| match value {
        "" => "not set".to_owned(),
        value => format!("'{value}'"),
    };
    let (what, or) = match app_only {
        true => ("client secret", "set oauth2-client-secret again"),
        false => ("authorization", again!("", "")),
    };
    let details = format!(
        "{setting} is {}, authorized was {}",
        shown(named),
        shown(granted)
    );
    of(target, format!("its {what} is for another {setting}"))
        .fix(format!("set {setting} back, or {or}"))
        .details(Some(details))
}

fn waiting(target: &str, pause: &Pause, last: &Trouble) -> Message {
    let (cause, details) = match &last.cause {
        Some(cause) => (cause.as_str(), last.details.clone()),
        // an older version has written it in one line, with the other side's words
        None => ("the last try failed", Some(last.message.clone())),
    };
    match pause {
        Pause::Recent { ago, .. } => {
            let mut message = of(target, format!("{cause} (last try {ago} s ago)"));
            message.fix.clone_from(&last.cure);
            message.details(details)
        }
        Pause::Wished { until, .. } => {
            of(target, format!("the provider asked to wait until {until}"))
                .details(Some(format!("reason: {}", last.reason())))
        }
        Pause::Lasting => {
            let mut message = of(target, cause).details(details);
            message.fix.clone_from(&last.cure);
            message
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
