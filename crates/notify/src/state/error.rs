//! Why a record cannot be read, locked or replaced.

use std::path::PathBuf;
use std::{fmt, io};

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

    /// Whether a later try may succeed though nobody acts.
    #[must_use]
    pub fn is_temporary(&self) -> bool {
        matches!(
            self,
            Self::Busy { .. }
                | Self::Superseded { .. }
                | Self::NoQuorum { .. }
                | Self::Disk { .. }
                | Self::Random
        )
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Disk {
                path,
                doing,
                source,
            } => write!(
                f,
                "{}: cannot {doing}: {source}; an administrator of this machine has to check the \
                 disk, its free space and the rights of the folder",
                path.display()
            ),
            Self::NoQuorum { path } => write!(
                f,
                "{}: not writable, the cluster has no quorum; an administrator of the cluster has \
                 to bring back enough nodes",
                path.display()
            ),
            Self::Unusable { path, reason } => write!(
                f,
                "{}: not used, it is {reason}; an administrator of this machine has to find out \
                 who put it there and remove it",
                path.display()
            ),
            Self::Corrupt {
                path,
                reason,
                moved,
            } => {
                write!(f, "{}: unreadable, {reason}", path.display())?;
                match moved {
                    Some(moved) => write!(
                        f,
                        "; it was moved to {}, and the target has to be authorized again or the \
                         file restored from a backup",
                        moved.display()
                    ),
                    None => f.write_str("; the next refresh moves it aside"),
                }
            }
            Self::Newer { path } => write!(
                f,
                "{}: written by a later version of this software; an administrator of this \
                 machine has to update it here too",
                path.display()
            ),
            Self::Busy { target } => write!(
                f,
                "target '{target}': another process or node is refreshing its token and did not \
                 finish in time; try again in a minute"
            ),
            Self::Superseded { target } => write!(
                f,
                "target '{target}': its record was changed or removed while its token was \
                 refreshed, and the result was discarded"
            ),
            Self::Name => f.write_str("name: cannot be the name of a target"),
            Self::Random => f.write_str("random bytes: the system gives none"),
        }
    }
}

impl std::error::Error for Error {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Disk { source, .. } => Some(source),
            _ => None,
        }
    }
}
