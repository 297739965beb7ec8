//! One target's lock, over threads, processes and the nodes of a cluster.
//!
//! On this machine it is a `flock` on a file below the run folder, which ends with its holder. On a
//! PVE node the cluster's lock comes on top: a folder below `/etc/pve/priv/lock`, which its maker
//! removes, which a waiter asks for about once a second by setting its time to 0, and which pmxcfs
//! alone takes away from a holder that has not renewed it for 120 s. It is held for 25 s at most, so
//! that nobody ever waits for a live holder in vain; whoever was stopped for longer finds out by the
//! record's generation.

use std::fs::{self, DirBuilder};
use std::io::ErrorKind;
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};
use std::thread;
use std::time::{Duration, Instant};

use rustix::fs::{AtFlags, CWD, Timespec, Timestamps};
use rustix::process::{Pid, getpid};

use super::Error;
use crate::flock::FileLock;
use crate::owner::Owner;
use crate::{Deadline, Host};

/// How long a lock is held at most.
pub const HOLD: Duration = Duration::from_secs(25);
/// How long the cluster's lock is waited for at most.
const WAIT: Duration = Duration::from_secs(10);
/// How often the cluster's lock is asked for.
const ASK: Duration = Duration::from_secs(1);
/// Pauses between looks: from this, doubled each time, to this.
const PAUSES: (Duration, Duration) = (Duration::from_millis(2), Duration::from_millis(200));
/// After so long pmxcfs may have given the folder to somebody else: it is not removed any more.
const GONE: Duration = Duration::from_secs(100);

/// A lock that is being asked for.
#[derive(Debug)]
pub struct Lock {
    target: String,
    file: PathBuf,
    owner: Option<Owner>,
    folder: Option<PathBuf>,
    node: Option<FileLock>,
    asked: Option<Instant>,
    until: Instant,
    pause: Duration,
}

/// A lock that is held.
#[derive(Debug)]
pub struct Guard {
    pid: Pid,
    since: Instant,
    /// The cluster's lock; goes first.
    folder: Option<PathBuf>,
    _node: FileLock,
}

impl Lock {
    /// The lock of this target; nothing is held yet.
    ///
    /// # Errors
    /// [`Error::Disk`] if the run folder cannot be made.
    pub fn new(host: &Host, target: &str) -> Result<Self, Error> {
        let dir = host.run_dir().join("oauth2");
        let owner = host.owner();
        let made = Owner::act(owner, || {
            DirBuilder::new().recursive(true).mode(0o700).create(&dir)
        });
        made.map_err(|source| failed(&dir, "make the folder", source))?;
        Ok(Self {
            target: target.to_owned(),
            file: dir.join(format!("{target}.lock")),
            owner,
            folder: host
                .cluster_locks()
                .map(|dir| dir.join(format!("notification-oauth2-{target}"))),
            node: None,
            asked: None,
            until: Instant::now() + WAIT,
            pause: PAUSES.0,
        })
    }

    /// Takes the lock unless somebody else holds it. Does not wait.
    ///
    /// # Errors
    /// [`Error::Disk`], [`Error::NoQuorum`].
    pub fn try_take(&mut self) -> Result<Option<Guard>, Error> {
        let node = match self.node.take() {
            Some(node) => node,
            None => match FileLock::take(&self.file, self.owner)
                .map_err(|source| failed(&self.file, "lock the file", source))?
            {
                Some(node) => {
                    self.until = Instant::now() + WAIT;
                    node
                }
                None => return Ok(None),
            },
        };
        if let Some(folder) = &self.folder {
            let due = self.asked.is_none_or(|asked| asked.elapsed() >= ASK);
            if !due || !take_folder(folder)? {
                if due {
                    // its time at 0 asks pmxcfs to look whether the holder has given up
                    let _ = set_time(folder, Some(0));
                    self.asked = Some(Instant::now());
                }
                self.node = Some(node);
                return Ok(None);
            }
        }
        Ok(Some(Guard {
            pid: getpid(),
            since: Instant::now(),
            folder: self.folder.clone(),
            _node: node,
        }))
    }

    /// Waits a moment before the next try; the error that there is no time for one.
    ///
    /// # Errors
    /// [`Error::Busy`].
    pub fn pause(&mut self, deadline: Deadline) -> Result<(), Error> {
        let given_up = self.node.is_some() && Instant::now() >= self.until;
        match deadline.left() {
            Some(left) if !given_up => {
                thread::sleep(self.pause.min(left));
                self.pause = (self.pause * 2).min(PAUSES.1);
                Ok(())
            }
            _ => Err(Error::Busy {
                target: self.target.clone(),
            }),
        }
    }

    /// Takes the lock, waiting for it until the deadline.
    ///
    /// # Errors
    /// [`Error::Busy`], [`Error::Disk`], [`Error::NoQuorum`].
    pub fn take(mut self, deadline: Deadline) -> Result<Guard, Error> {
        loop {
            if let Some(guard) = self.try_take()? {
                return Ok(guard);
            }
            self.pause(deadline)?;
        }
    }
}

impl Guard {
    /// Whether this process holds it: a forked child does not, though it has a copy of this value.
    #[must_use]
    pub fn is_owned(&self) -> bool {
        self.pid == getpid()
    }

    /// How long it may still be held; nothing that lasts longer may be begun.
    #[must_use]
    pub fn left(&self) -> Duration {
        HOLD.saturating_sub(self.since.elapsed())
    }

    /// Tells pmxcfs that the holder lives. Whether it was too late shows in the record's generation.
    pub(super) fn renew(&self) {
        if let Some(folder) = self.folder.as_ref().filter(|_| self.is_owned()) {
            let _ = set_time(folder, None);
        }
    }
}

impl Drop for Guard {
    fn drop(&mut self) {
        if let Some(folder) = self.folder.take() {
            if self.is_owned() && self.since.elapsed() < GONE {
                let _ = fs::remove_dir(folder);
            }
        }
    }
}

/// Makes the folder; `false` if it is there.
fn take_folder(folder: &Path) -> Result<bool, Error> {
    let mut made = fs::create_dir(folder);
    if matches!(&made, Err(error) if error.kind() == ErrorKind::NotFound) {
        if let Some(parent) = folder.parent() {
            let _ = fs::create_dir(parent);
        }
        made = fs::create_dir(folder);
    }
    match made {
        Ok(()) => Ok(true),
        Err(error) if error.kind() == ErrorKind::AlreadyExists => Ok(false),
        Err(error) if error.kind() == ErrorKind::PermissionDenied => Err(Error::NoQuorum {
            path: folder.to_owned(),
        }),
        Err(error) => Err(failed(folder, "make the lock", error)),
    }
}

/// Sets the folder's times to so many seconds since the epoch, or to now.
fn set_time(folder: &Path, seconds: Option<i64>) -> rustix::io::Result<()> {
    let time = Timespec {
        tv_sec: seconds.unwrap_or(0),
        tv_nsec: if seconds.is_some() {
            0
        } else {
            rustix::fs::UTIME_NOW
        },
    };
    let times = Timestamps {
        last_access: time,
        last_modification: time,
    };
    rustix::fs::utimensat(CWD, folder, &times, AtFlags::SYMLINK_NOFOLLOW)
}

fn failed(path: &Path, doing: &'static str, source: std::io::Error) -> Error {
    Error::Disk {
        path: path.to_owned(),
        doing,
        source,
    }
}
