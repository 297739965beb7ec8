//! What waits for a person: consents that were begun, and tokens that no target has yet.
//!
//! A record is a file which is named by the SHA-256 of the value that redeems it, so that nothing here
//! tells that value. It is used once: a call that uses it gives it another name first, which succeeds for one of
//! several only, on whatever node of a cluster. It ends after 10 minutes.
//!
//! Bounds are kept under one lock, in whose order this comes last: nobody asks for another meanwhile.

mod error;
mod record;

use std::fmt;
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};

pub use error::Error;
pub use record::{Waiting, What};

use rustix::io::Errno;

use crate::clock::SystemClock;
use crate::disk::{Disk, OwnersDisk, SystemDisk};
use crate::hash::sha256;
use crate::hex::hex;
use crate::parameter::Parameter;
use crate::state::{self, Lock};
use crate::{Clock, Deadline, Host, Secret};

/// How long a record lives, in seconds: as long as Microsoft's codes.
pub const LIFE: i64 = 600;
/// How long one for another device lives at most, in seconds: as long as Microsoft's device codes.
pub const LIFE_OF_DEVICE: i64 = 900;
/// So many of one user wait at the same time.
pub const MAX_OF_USER: usize = 8;
/// So many wait in all.
pub const MAX_OF_ALL: usize = 64;
/// So many of them where root, who has places of his own among them, has none.
const MAX_OF_OTHERS: usize = MAX_OF_ALL - MAX_OF_USER;
/// Who that is.
const ROOT: &str = "root@pam";
/// So far the clocks of two nodes may be apart, in seconds.
const APART: i64 = 300;
/// No target can have this name, by which the lock is known.
const LOCK: &str = ".pending";
/// Between the name of a record and what tells who uses it.
const TAKEN: &str = ".taken-";
/// How the system says that a name is a link or a socket.
const NO_FILE: [Option<i32>; 2] = [
    Some(Errno::LOOP.raw_os_error()),
    Some(Errno::NXIO.raw_os_error()),
];
/// What the name of a file begins with that is still being written.
const DRAFT: &str = "draft-";

/// The records of one machine or cluster.
#[derive(Clone)]
pub struct Pending<'a> {
    host: &'a Host,
    disk: OwnersDisk<'a>,
    clock: &'a dyn Clock,
    dir: PathBuf,
}

/// A record that is being used: nobody else can. It is gone with this value.
#[derive(Debug)]
pub struct Taken<'a> {
    pending: Pending<'a>,
    path: PathBuf,
    original: PathBuf,
    /// The record.
    pub waiting: Waiting,
    is_back: bool,
}

impl<'a> Pending<'a> {
    /// The records of this host.
    #[must_use]
    pub fn new(host: &'a Host) -> Self {
        Self::with(host, &SystemDisk, &SystemClock)
    }

    /// The same on another file system, by another clock.
    #[must_use]
    pub fn with(host: &'a Host, disk: &'a dyn Disk, clock: &'a dyn Clock) -> Self {
        Self {
            host,
            disk: OwnersDisk::new(disk, host.owner()),
            clock,
            dir: host.state_dir().join("pending"),
        }
    }

    /// When what begins now ends.
    #[must_use]
    pub fn end(&self) -> i64 {
        self.end_after(LIFE)
    }

    /// When that ends which has so many seconds.
    #[must_use]
    pub fn end_after(&self, seconds: i64) -> i64 {
        self.now().saturating_add(seconds.min(LIFE_OF_DEVICE))
    }

    /// The time, in seconds since the epoch.
    #[must_use]
    pub fn now(&self) -> i64 {
        self.clock.now()
    }

    /// Keeps a record under the hash of this value.
    ///
    /// # Errors
    /// [`Error::Full`]; [`Error::State`] if it cannot be written, or the lock is not free before the
    /// deadline. Then nothing is kept.
    pub fn put(&self, value: &Secret, waiting: &Waiting, deadline: Deadline) -> Result<(), Error> {
        self.with_room(&waiting.by, deadline, || {
            self.write(&self.path(value), waiting)
        })
    }

    /// The record of this value, if it is of this user; it stays. `name` is the parameter.
    ///
    /// # Errors
    /// [`Error::Parameter`], one and the same whether it was never there, is used, has ended or is somebody
    /// else's; [`Error::State`].
    pub fn look(&self, name: &'static str, value: &Secret, by: &str) -> Result<Waiting, Error> {
        self.read(&self.path(value), by)?
            .ok_or_else(|| unknown(name).into())
    }

    /// The same, taken: no other call succeeds with it from now on.
    ///
    /// # Errors
    /// As [`Pending::look`].
    pub fn take(&self, name: &'static str, value: &Secret, by: &str) -> Result<Taken<'a>, Error> {
        let original = self.path(value);
        // that of somebody else stays where it is
        self.look(name, value, by)?;
        let mut path = original.as_os_str().to_owned();
        path.push(format!("{TAKEN}{}", state::random()?));
        let path = PathBuf::from(path);
        match self.disk.rename(&original, &path) {
            Ok(()) => {}
            Err(error) if error.kind() == ErrorKind::NotFound => return Err(unknown(name).into()),
            Err(error) => return Err(self.failed(&original, "rename the file", error)),
        }
        // nobody else has it from here on, so that it is read for good
        match self.read(&path, by) {
            Ok(Some(waiting)) => Ok(Taken {
                pending: self.clone(),
                path,
                original,
                waiting,
                is_back: false,
            }),
            read => {
                let _ = self.disk.remove(&path);
                read.and(Err(unknown(name).into()))
            }
        }
    }

    /// Changes the record of this value, if it is of this user and the closure says so; what it is then, or was.
    ///
    /// # Errors
    /// As [`Pending::look`] and [`Pending::put`].
    pub fn change(
        &self,
        (name, value): (&'static str, &Secret),
        by: &str,
        deadline: Deadline,
        change: impl FnOnce(&mut Waiting) -> bool,
    ) -> Result<Waiting, Error> {
        let _guard = Lock::new(self.host, LOCK)?.take(deadline).map_err(busy)?;
        let mut waiting = self.look(name, value, by)?;
        if change(&mut waiting) {
            self.write(&self.path(value), &waiting)?;
        }
        Ok(waiting)
    }

    /// Makes sure that there is room for one more of this user and that it can be written, before a provider is
    /// asked for what it is to hold.
    ///
    /// # Errors
    /// As [`Pending::put`].
    pub fn prove_room(&self, waiting: &Waiting, deadline: Deadline) -> Result<(), Error> {
        self.with_room(&waiting.by, deadline, || self.prove(waiting))
    }

    /// Makes sure that such a record can be written, before anything is asked for that could not be kept else.
    ///
    /// # Errors
    /// [`Error::State`].
    pub fn prove(&self, waiting: &Waiting) -> Result<(), Error> {
        let draft = self.dir.join(draft(waiting.until)?);
        let written = self.write_draft(&draft, waiting);
        let removed = self.disk.remove(&draft);
        written?;
        removed.map_err(|error| self.failed(&draft, "delete the file", error))
    }

    /// Removes the record of this value, if it is of this user: nobody goes on with it. Whether there was one.
    ///
    /// # Errors
    /// [`Error::State`], [`Error::Busy`].
    pub fn cancel(&self, value: &Secret, by: &str, deadline: Deadline) -> Result<bool, Error> {
        // a change that goes on would put it back
        let _guard = Lock::new(self.host, LOCK)?.take(deadline).map_err(busy)?;
        match self.take("state", value, by) {
            Ok(_taken) => Ok(true),
            Err(Error::Parameter(_)) => Ok(false),
            Err(error) => Err(error),
        }
    }

    /// Removes what has ended.
    ///
    /// # Errors
    /// [`Error::State`].
    pub fn sweep(&self, deadline: Deadline) -> Result<(), Error> {
        if self.names()?.is_empty() {
            return Ok(());
        }
        let _guard = Lock::new(self.host, LOCK)?.take(deadline).map_err(busy)?;
        self.living().map(|_| ())
    }

    fn path(&self, value: &Secret) -> PathBuf {
        self.dir.join(hex(&sha256(value.expose().as_bytes())))
    }

    /// Under the lock: what lives, by user and end; all else is removed.
    fn living(&self) -> Result<Vec<(String, i64)>, Error> {
        let mut living = Vec::new();
        for name in self.names()? {
            let path = self.dir.join(&name);
            if end_of_draft(&name).is_some_and(|until| self.lives(until)) {
                continue;
            }
            let kept = match self.disk.read(&path) {
                Ok(None) => continue,
                Ok(Some(found)) => record::owner_and_end(&found.bytes),
                Err(error) if NO_FILE.contains(&error.raw_os_error()) => None,
                Err(error) => return Err(self.failed(&path, "read the file", error)),
            };
            match kept.filter(|(_, until)| self.lives(*until) && !name.starts_with(DRAFT)) {
                Some(kept) => living.push(kept),
                // what cannot be removed is in nobody's way
                None => drop(self.disk.remove(&path)),
            }
        }
        Ok(living)
    }

    /// Does this under the lock, where there is room for one more of this user.
    fn with_room(
        &self,
        by: &str,
        deadline: Deadline,
        put: impl FnOnce() -> Result<(), Error>,
    ) -> Result<(), Error> {
        let _guard = Lock::new(self.host, LOCK)?.take(deadline).map_err(busy)?;
        self.disk
            .make_dir(&self.dir)
            .map_err(|error| self.failed(&self.dir, "make the folder", error))?;
        self.check_room(by)?;
        put()
    }

    fn check_room(&self, by: &str) -> Result<(), Error> {
        let living = self.living()?;
        // all API tokens of a user are that user
        let person = |id: &str| id.split('!').next().unwrap_or_default().to_owned();
        let by = person(by);
        let ends = |own: bool| {
            let ends = living.iter().filter(|(user, _)| !own || person(user) == by);
            ends.map(|(_, until)| *until).collect::<Vec<_>>()
        };
        // nobody keeps root out
        let all = match by.as_str() {
            ROOT => MAX_OF_ALL,
            _ => MAX_OF_OTHERS,
        };
        for (own, limit) in [(true, MAX_OF_USER), (false, all)] {
            let ends = ends(own);
            if ends.len() >= limit {
                let first = ends.into_iter().min().unwrap_or_default();
                let seconds = first.saturating_sub(self.clock.now());
                return Err(Error::Full { own, seconds });
            }
        }
        Ok(())
    }

    fn lives(&self, until: i64) -> bool {
        let now = self.clock.now();
        // one that was begun in the future is of a clock that was wrong
        now < until && until <= now.saturating_add(LIFE_OF_DEVICE + APART)
    }

    fn read(&self, path: &Path, by: &str) -> Result<Option<Waiting>, Error> {
        let found = match self.disk.read(path) {
            Ok(Some(found)) if found.plain && found.links == 1 => found,
            Ok(_) => return Ok(None),
            Err(error) => return Err(self.failed(path, "read the file", error)),
        };
        if found.owner != 0 && !self.disk.is_owners(&found) {
            return Ok(None);
        }
        let waiting = Waiting::parse(&found.bytes);
        Ok(waiting.filter(|waiting| waiting.by == by && self.lives(waiting.until)))
    }

    /// The record appears whole or not at all.
    fn write(&self, path: &Path, waiting: &Waiting) -> Result<(), Error> {
        let draft = self.dir.join(draft(waiting.until)?);
        let written = self.write_draft(&draft, waiting).and_then(|()| {
            self.disk
                .rename(&draft, path)
                .map_err(|error| self.failed(path, "make the file", error))
        });
        let kept = written.and_then(|()| {
            self.disk
                .sync_dir(&self.dir)
                .map_err(|error| self.failed(&self.dir, "sync the folder", error))
        });
        if kept.is_err() {
            // what stays is removed once it has ended
            for left in [&draft, path] {
                let _ = self.disk.remove(left);
            }
        }
        kept
    }

    fn write_draft(&self, draft: &Path, waiting: &Waiting) -> Result<(), Error> {
        let failed = |doing, error| self.failed(draft, doing, error);
        let mut file = self
            .disk
            .create(draft)
            .map_err(|error| failed("make the file", error))?;
        file.write(&waiting.to_bytes())
            .map_err(|error| failed("write the file", error))?;
        file.sync().map_err(|error| failed("sync the file", error))
    }

    fn names(&self) -> Result<Vec<String>, Error> {
        match self.disk.names(&self.dir) {
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(Vec::new()),
            names => names.map_err(|error| self.failed(&self.dir, "list the folder", error)),
        }
    }

    fn failed(&self, path: &Path, doing: &'static str, source: io::Error) -> Error {
        let is_shared = self.host.cluster_locks().is_some();
        state::Error::of_disk(is_shared, path, doing, source).into()
    }
}

impl fmt::Debug for Pending<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Pending").field(&self.dir).finish()
    }
}

impl Taken<'_> {
    /// Gives it back unused: nothing has come of it, and the same value may be tried again. Where that fails
    /// it is used.
    pub fn put_back(mut self) {
        self.is_back = self.pending.disk.rename(&self.path, &self.original).is_ok();
    }

    /// Puts another record in its place, under another value. The place is its own: no bound is in the way.
    ///
    /// # Errors
    /// [`Error::State`].
    pub fn replace(self, value: &Secret, waiting: &Waiting) -> Result<(), Error> {
        self.pending.write(&self.pending.path(value), waiting)
    }
}

impl Drop for Taken<'_> {
    fn drop(&mut self) {
        if !self.is_back {
            // where this fails, the end of its time removes it
            let _ = self.pending.disk.remove(&self.path);
        }
    }
}

fn unknown(name: &'static str) -> Parameter {
    Parameter::new(name, "is unknown, used or expired").fix("start the authorization again")
}

/// The lock of this room is no target's.
fn busy(error: state::Error) -> Error {
    match error {
        state::Error::Busy { .. } => Error::Busy,
        error => error.into(),
    }
}

/// A name for a file that is still being written, and that counts as left behind after this moment.
fn draft(until: i64) -> Result<String, state::Error> {
    Ok(format!("{DRAFT}{until}-{}", state::random()?))
}

/// That moment.
fn end_of_draft(name: &str) -> Option<i64> {
    let (until, _) = name.strip_prefix(DRAFT)?.split_once('-')?;
    until.parse().ok()
}

#[cfg(test)]
mod tests;
