//! Why a record cannot be read, locked or replaced.

use std::path::{Path, PathBuf};
use std::{fmt, io};

use crate::advice::again;
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
    /// What the system refused in the records' folder, which the nodes of a cluster may share.
    pub(crate) fn of_disk(
        is_shared: bool,
        path: &Path,
        doing: &'static str,
        source: io::Error,
    ) -> Self {
        let path = path.to_owned();
        let refused = [
            io::ErrorKind::PermissionDenied,
            io::ErrorKind::ReadOnlyFilesystem,
        ];
        match is_shared && refused.contains(&source.kind()) {
            true => Self::NoQuorum { path },
            false => Self::Disk {
                path,
                doing,
                source,
            },
        }
    }

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
        let of_file =
            |path: &PathBuf, cause: String| Message::new(cause).about(path.display().to_string());
        let of_target =
            |target: &str, cause| Message::new(cause).about(format!("target '{target}'"));
        match self {
            Self::Disk {
                path,
                doing,
                source,
            } => of_file(path, format!("cannot {doing}: {source}"))
                .fix("check disk space and permissions"),
            Self::NoQuorum { path } => {
                of_file(path, "not writable: the cluster has no quorum".to_owned())
                    .fix("start enough nodes of the cluster")
            }
            Self::Unusable { path, reason } => of_file(path, format!("not used: it is {reason}"))
                .fix("restore it as a plain file of the owner of its folder"),
            Self::Corrupt {
                path,
                reason,
                moved,
            } => of_file(path, format!("unreadable: {reason}"))
                .fix(again!("restore it from a backup, or "))
                .details(
                    moved
                        .as_ref()
                        .map(|moved| format!("it was moved to {}", moved.display())),
                ),
            Self::Newer { path } => {
                of_file(path, "written by a newer version".to_owned()).fix("update this node")
            }
            Self::Busy { target } => of_target(
                target,
                "another process or node is refreshing its access token",
            )
            .fix("try again in a minute"),
            Self::Superseded { target } => of_target(
                target,
                "its record was changed or deleted during the refresh",
            )
            .fix("try again"),
            Self::Name => Message::new("invalid target name"),
            Self::Random => Message::new("cannot read random bytes from the system"),
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nobody_is_told_to_delete_a_record() {
        let path = || PathBuf::from("/state/oauth2/mail.json");
        let target = || "mail".to_owned();
        let errors = [
            Error::Disk {
                path: path(),
                doing: "delete the file",
                source: io::Error::other("no"),
            },
            Error::NoQuorum { path: path() },
            Error::Unusable {
                path: path(),
                reason: "a file of another user",
            },
            Error::Corrupt {
                path: path(),
                reason: "it is empty",
                moved: Some(path()),
            },
            Error::Newer { path: path() },
            Error::Busy { target: target() },
            Error::Superseded { target: target() },
            Error::Name,
            Error::Random,
        ];
        for error in errors {
            let fix = error.message().fix.unwrap_or_default();
            for word in ["delete", "remove", "rm "] {
                assert!(!fix.contains(word), "{error}");
            }
        }
    }
}
