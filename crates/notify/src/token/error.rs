//! Why there is no access token though nobody was asked for one.

use std::fmt;
use std::path::PathBuf;

use crate::oauth2::Account;

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
