//! Why a record cannot be read, locked or replaced.

use std::path::PathBuf;
use std::{fmt, io};

use crate::cause::Cause;
use crate::message::Message;

/// Why. Nothing in it quotes a record.
#[derive(Debug)]
#[non_exhaustive]
pub enum Error {
    /// The file system refused.
    Disk {
        /// The file or folder.
        path: PathBuf,
        /// What was tried, as in "cannot ...".
        doing: &'static str,
        /// The system's reason.
        source: io::Error,
    },
    /// The cluster's file system cannot be written.
    NoQuorum {
        /// The file or folder.
        path: PathBuf,
    },
    /// What has the record's name is not a file that a record may be in.
    Unusable {
        /// The file.
        path: PathBuf,
        /// What it is instead.
        reason: &'static str,
    },
    /// The content is no record.
    Corrupt {
        /// The file.
        path: PathBuf,
        /// What is wrong with the content.
        reason: &'static str,
        /// Where it lies now, if it was moved aside.
        moved: Option<PathBuf>,
    },
    /// A later version of this software wrote a record that this one must not touch.
    Newer {
        /// The file.
        path: PathBuf,
    },
    /// Somebody else holds the lock.
    Busy {
        /// The target.
        target: String,
    },
    /// The record was replaced or removed by somebody else in the meantime.
    Superseded {
        /// The target.
        target: String,
    },
    /// The name cannot be that of a file.
    Name,
    /// The system gives no random bytes.
    Random,
}

impl Error {
    /// The HTTP-like code.
    #[must_use]
    pub fn code(&self) -> u16 {
        match self {
            Self::Name => 400,
            Self::Busy { .. } => 504,
            _ => 500,
        }
    }

    /// The cause.
    #[must_use]
    pub fn cause(&self) -> Cause {
        match self {
            Self::Busy { .. }
            | Self::Superseded { .. }
            | Self::NoQuorum { .. }
            | Self::Disk { .. }
            | Self::Random => Cause::Busy,
            Self::Corrupt { .. } => Cause::Consent,
            Self::Unusable { .. } | Self::Newer { .. } | Self::Name => Cause::Settings,
        }
    }

    /// What a person is told.
    #[must_use]
    pub fn message(&self) -> Message {
        const NODE: &str = "an administrator of this machine has to";
        match self {
            Self::Disk {
                path,
                doing,
                source,
            } => Message::new(format!("cannot {doing}: {source}"))
                .about(path.display().to_string())
                .fix(format!(
                    "{NODE} check the disk, its free space and the rights of the folder"
                )),
            Self::NoQuorum { path } => Message::new("not writable, the cluster has no quorum")
                .about(path.display().to_string())
                .fix("an administrator of the cluster has to bring back enough nodes"),
            Self::Unusable { path, reason } => Message::new(format!("not used, it is {reason}"))
                .about(path.display().to_string())
                .fix(format!("{NODE} find out who put it there and remove it")),
            Self::Corrupt {
                path,
                reason,
                moved,
            } => Message::new(format!("unreadable, {reason}"))
                .about(path.display().to_string())
                .fix(match moved {
                    Some(moved) => format!(
                        "it was moved to {}, and the target has to be authorized again or the file \
                         restored from a backup",
                        moved.display()
                    ),
                    None => "the next refresh moves it aside".to_owned(),
                }),
            Self::Newer { path } => Message::new("written by a later version of this software")
                .about(path.display().to_string())
                .fix(format!("{NODE} update it here too")),
            Self::Busy { target } => Message::new(
                "another process or node is refreshing its token and did not finish in time",
            )
            .about(format!("target '{target}'"))
            .fix("try again in a minute"),
            Self::Superseded { target } => Message::new(
                "its record was changed or removed while its token was refreshed, and the result was \
                 discarded",
            )
            .about(format!("target '{target}'")),
            Self::Name => Message::new("cannot be the name of a target").about("name"),
            Self::Random => Message::new("the system gives none").about("random bytes"),
        }
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.message().fmt(f)
    }
}

// what the system said is a part of the text, hence no source
impl std::error::Error for Error {}
