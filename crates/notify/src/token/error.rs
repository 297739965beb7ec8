//! Why there is no access token though nobody was asked for one.

use std::fmt;
use std::path::PathBuf;

use crate::oauth2::Account;
use crate::state::Peer;

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
        /// Its code.
        code: u16,
    },
    /// The mail server refuses a token that is hardly a minute old.
    StillRefused {
        /// The target.
        target: String,
    },
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
            _ => 400,
        }
    }

    /// Who has to act and what to do, where somebody has to.
    pub(crate) fn cure(&self) -> Option<String> {
        let cure = match self {
            Self::NoGrant {
                unreadable: None, ..
            } => "authorize the target",
            Self::NoGrant { .. } => {
                "authorize the target again or restore its record from a backup"
            }
            Self::Ended { .. } => "authorize the target again",
            Self::SettingsChanged { .. } => {
                "authorize the target again or restore the settings it was authorized for"
            }
            Self::ServerChanged { app_only: true, .. } => {
                "change the mail server back, or hand in the client secret again"
            }
            Self::ServerChanged { .. } => {
                "change the mail server back, or authorize the target again"
            }
            Self::Waiting { .. } | Self::StillRefused { .. } => return None,
        };
        Some(format!("an administrator has to {cure}"))
    }

    /// After so many seconds a further try makes sense, if nobody acts; `None` if somebody has to.
    #[must_use]
    pub fn retry_after(&self) -> Option<u32> {
        match self {
            Self::Waiting { seconds, .. } => Some(*seconds),
            _ => None,
        }
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoGrant {
                target,
                unreadable: None,
            } => write!(
                f,
                "target '{target}': has no refresh token; an administrator has to authorize it"
            ),
            Self::NoGrant {
                target,
                unreadable: Some(path),
            } => write!(
                f,
                "target '{target}': has no refresh token, its record could not be read and lies in \
                 {}; an administrator has to authorize the target again or restore the record from \
                 a backup",
                path.display()
            ),
            Self::Ended { target, reason } => write!(
                f,
                "target '{target}': its grant has ended; an administrator has to authorize it \
                 again; the reason was: {reason}"
            ),
            Self::SettingsChanged { target } => write!(
                f,
                "target '{target}': its refresh token was made for another provider, application \
                 or login and is not used; an administrator has to authorize it again or restore \
                 the settings"
            ),
            Self::ServerChanged {
                target,
                granted,
                named,
                app_only,
            } => write!(
                f,
                "target '{target}': was set up to log in at {granted}, and its tokens are not sent \
                 to {named}; an administrator has to change the server back, or {}",
                if *app_only {
                    "hand in the client secret again"
                } else {
                    "authorize the target again"
                }
            ),
            Self::Waiting {
                target,
                seconds,
                reason,
                ..
            } => write!(
                f,
                "target '{target}': its token could not be refreshed and is tried again in \
                 {seconds} s; the reason was: {reason}"
            ),
            Self::StillRefused { target } => write!(
                f,
                "target '{target}': the mail server refuses a token that was made just now; an \
                 administrator has to check the login name, and that the mailbox and the \
                 application may send mail over SMTP"
            ),
        }
    }
}

impl std::error::Error for Error {}
