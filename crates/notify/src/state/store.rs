//! The records' folder: a record is read whole or not at all, and replaced whole or not at all.
//!
//! Replacing has two halves. [`Store::reserve`] proves, before a provider is asked, that a file of the
//! record's size can be written and synced here; [`Store::commit`] writes the record into it, syncs,
//! looks once more whether the record is still the one that was read, renames, and syncs the folder.
//! Temporary files of killed processes go away with the next reservation.

use std::collections::BTreeSet;
use std::fmt;
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};

use rustix::io::Errno;

use super::{Error, Guard, Record};
use crate::Host;
use crate::disk::{Disk, Draft, MAX, OwnersDisk, Stamp};

/// So much longer than the present record the next one may be without a further look at the disk.
const SLACK: usize = 4096;
/// How many unreadable records of one target are kept.
const KEPT: usize = 3;

/// A certain content of a record: its id and generation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mark(String, u64);

impl Record {
    /// What tells this content from every other.
    #[must_use]
    pub fn mark(&self) -> Mark {
        Mark(self.id.clone(), self.generation)
    }
}

/// The records of one machine or cluster.
#[derive(Clone, Debug)]
pub struct Store<'a> {
    disk: OwnersDisk<'a>,
    dir: PathBuf,
    is_shared: bool,
}

/// Room for a record, proven.
pub struct Reserved<'a> {
    disk: OwnersDisk<'a>,
    path: PathBuf,
    draft: Box<dyn Draft>,
    /// Whether the file has become the record.
    done: bool,
}

impl<'a> Store<'a> {
    /// The records of this host.
    #[must_use]
    pub fn new(host: &Host, disk: &'a dyn Disk) -> Self {
        Self {
            disk: OwnersDisk::new(disk, host.owner()),
            dir: host.state_dir(),
            is_shared: host.cluster_locks().is_some(),
        }
    }

    fn path(&self, target: &str) -> Result<PathBuf, Error> {
        let is_name = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-' | b'.');
        if (1..=64).contains(&target.len())
            && target.bytes().all(is_name)
            && !target.starts_with('.')
        {
            Ok(self.dir.join(format!("{target}.json")))
        } else {
            Err(Error::Name)
        }
    }

    /// What tells one content of the record from another, without reading it.
    ///
    /// # Errors
    /// [`Error::Name`], [`Error::Disk`].
    pub fn stamp(&self, target: &str) -> Result<Option<Stamp>, Error> {
        let path = self.path(target)?;
        self.disk
            .stamp(&path)
            .map_err(|error| self.failed(&path, "look at the file", error))
    }

    /// The record, if there is one.
    ///
    /// # Errors
    /// Every kind but those of locks.
    pub fn read(&self, target: &str) -> Result<Option<Record>, Error> {
        let path = self.path(target)?;
        let unusable = |reason| {
            let path = path.clone();
            Err(Error::Unusable { path, reason })
        };
        let found = match self.disk.read(&path) {
            Ok(None) => return Ok(None),
            Ok(Some(found)) => found,
            Err(error) if error.raw_os_error() == Some(Errno::LOOP.raw_os_error()) => {
                return unusable("a symbolic link");
            }
            Err(error) if error.raw_os_error() == Some(Errno::NXIO.raw_os_error()) => {
                return unusable("a socket");
            }
            Err(error) => return Err(self.failed(&path, "read the file", error)),
        };
        if !found.plain {
            return unusable("no plain file");
        }
        if found.links > 1 {
            return unusable("a file with a second name (hard link)");
        }
        if found.owner != 0 && !self.disk.is_owners(&found) {
            return unusable("a file of another user");
        }
        let parsed = if found.size > MAX {
            Err(Some("it has more than 1048552 bytes"))
        } else {
            Record::parse(&found.bytes)
        };
        match parsed {
            Ok(record) => Ok(Some(record)),
            Err(None) => Err(Error::Newer { path }),
            Err(Some(reason)) => Err(Error::Corrupt {
                path,
                reason,
                moved: None,
            }),
        }
    }

    /// As [`Store::read`], by the owner of the lock: moves an unreadable record aside.
    ///
    /// # Errors
    /// As [`Store::read`].
    pub fn read_owned(
        &self,
        guard: &Guard,
        target: &str,
        now: i64,
    ) -> Result<Option<Record>, Error> {
        match self.read(target) {
            Err(Error::Corrupt { path, reason, .. }) if guard.is_owned() => {
                let moved = self.move_aside(&path, now)?;
                Err(Error::Corrupt {
                    path,
                    reason,
                    moved: Some(moved),
                })
            }
            read => read,
        }
    }

    /// The targets that have a record, or a file beside one.
    ///
    /// # Errors
    /// [`Error::Disk`].
    pub fn targets(&self) -> Result<BTreeSet<String>, Error> {
        let names = self.all_names()?;
        let target = |name: &String| {
            let (target, rest) = name.rsplit_once(".json")?;
            let is_ours = rest.is_empty() || rest.starts_with('.');
            (is_ours && self.path(target).is_ok()).then(|| target.to_owned())
        };
        Ok(names.iter().filter_map(target).collect())
    }

    /// Where unreadable records of this target lie.
    ///
    /// # Errors
    /// [`Error::Name`], [`Error::Disk`].
    pub fn unreadable(&self, target: &str) -> Result<Vec<PathBuf>, Error> {
        self.beside(&self.path(target)?, "corrupt-")
    }

    /// Makes sure that a record can be replaced, and removes what killed processes have left.
    ///
    /// # Errors
    /// [`Error::Disk`], [`Error::NoQuorum`]; then nothing has changed.
    pub fn reserve(
        &self,
        guard: &Guard,
        target: &str,
        present: Option<&Record>,
    ) -> Result<Reserved<'a>, Error> {
        let path = self.path(target)?;
        owned(guard, target)?;
        self.disk
            .make_dir(&self.dir)
            .map_err(|error| self.failed(&self.dir, "make the folder", error))?;
        for left in self.beside(&path, "tmp-")? {
            self.disk
                .remove(&left)
                .map_err(|error| self.failed(&left, "delete the file", error))?;
        }
        let size = present.map_or(0, |record| record.to_bytes().len());
        self.prepared(&path, &vec![b' '; size + SLACK])
    }

    /// Replaces the record that `expected` names (`None`: none) by this one, which gets the next
    /// generation.
    ///
    /// # Errors
    /// [`Error::Superseded`] if the record is another one by now; [`Error::Disk`] and
    /// [`Error::NoQuorum`]. The record on disk is then the old one; only when the folder could not be
    /// synced it may be either.
    pub fn commit(
        &self,
        guard: &Guard,
        mut reserved: Reserved<'a>,
        target: &str,
        record: &mut Record,
        expected: Option<&Mark>,
    ) -> Result<(), Error> {
        let path = self.path(target)?;
        owned(guard, target)?;
        record.generation = record.generation.saturating_add(1);
        let bytes = record.to_bytes();
        self.fits(&path, bytes.len())?;
        let written = reserved.draft.write(&bytes);
        if written.and_then(|()| reserved.draft.sync()).is_err() {
            // what a failed sync has left is not to be trusted: another file, from memory
            reserved = self.prepared(&path, &bytes)?;
        }
        guard.renew();
        let present = self.read(target)?.map(|record| record.mark());
        if present.as_ref() != expected {
            let target = target.to_owned();
            return Err(Error::Superseded { target });
        }
        self.disk
            .rename(&reserved.path, &path)
            .map_err(|error| self.failed(&path, "replace the file", error))?;
        reserved.done = true;
        self.disk
            .sync_dir(&self.dir)
            .map_err(|error| self.failed(&self.dir, "sync the folder", error))
    }

    /// Removes all that is kept of a target.
    ///
    /// # Errors
    /// [`Error::Disk`], [`Error::NoQuorum`], [`Error::Name`].
    pub fn remove(&self, guard: &Guard, target: &str) -> Result<(), Error> {
        let path = self.path(target)?;
        owned(guard, target)?;
        let mut files = self.beside(&path, "tmp-")?;
        files.extend(self.beside(&path, "corrupt-")?);
        if self.stamp(target)?.is_some() {
            files.push(path);
        }
        if files.is_empty() {
            return Ok(());
        }
        for file in files {
            self.disk
                .remove(&file)
                .map_err(|error| self.failed(&file, "delete the file", error))?;
        }
        self.disk
            .sync_dir(&self.dir)
            .map_err(|error| self.failed(&self.dir, "sync the folder", error))
    }

    /// Nothing is written that could not be read again.
    fn fits(&self, path: &Path, size: usize) -> Result<(), Error> {
        if size as u64 <= MAX {
            return Ok(());
        }
        let reason = format!("it would have {size} bytes, at most {MAX} can be read again");
        Err(self.failed(path, "write the file", io::Error::other(reason)))
    }

    /// A new file beside `path` with this content, synced.
    fn prepared(&self, path: &Path, bytes: &[u8]) -> Result<Reserved<'a>, Error> {
        let path = beside(path, &format!("tmp-{}", super::random()?));
        let failed = |doing, error| self.failed(&path, doing, error);
        let draft = self
            .disk
            .create(&path)
            .map_err(|error| failed("make the file", error))?;
        let mut reserved = Reserved {
            disk: self.disk,
            path: path.clone(),
            draft,
            done: false,
        };
        reserved
            .draft
            .write(bytes)
            .map_err(|error| failed("write the file", error))?;
        reserved
            .draft
            .sync()
            .map_err(|error| failed("sync the file", error))?;
        Ok(reserved)
    }

    fn move_aside(&self, path: &Path, now: i64) -> Result<PathBuf, Error> {
        let mut kept = self.beside(path, "corrupt-")?;
        let mut stamp = now.max(0);
        while kept.contains(&beside(path, &format!("corrupt-{stamp}"))) {
            stamp += 1;
        }
        let moved = beside(path, &format!("corrupt-{stamp}"));
        self.disk
            .rename(path, &moved)
            .map_err(|error| self.failed(path, "move the unreadable file", error))?;
        kept.sort_by_key(|path| (path.as_os_str().len(), path.clone()));
        let surplus = (kept.len() + 1).saturating_sub(KEPT);
        for old in kept.iter().take(surplus) {
            self.disk
                .remove(old)
                .map_err(|error| self.failed(old, "delete the file", error))?;
        }
        self.disk
            .sync_dir(&self.dir)
            .map_err(|error| self.failed(&self.dir, "sync the folder", error))?;
        Ok(moved)
    }

    /// The files whose names are the record's, a dot and a text that begins with `kind`.
    fn beside(&self, path: &Path, kind: &str) -> Result<Vec<PathBuf>, Error> {
        let start = beside(path, kind);
        let start = start
            .file_name()
            .map(|name| name.to_string_lossy().into_owned());
        let names = self.all_names()?;
        // of a file of another target, whose name goes on after a dot, at least ".json" is left
        let is_ours = |name: &String| {
            start.as_ref().is_some_and(|start| {
                name.strip_prefix(start.as_str())
                    .is_some_and(|rest| rest.bytes().all(|b| b.is_ascii_hexdigit()))
            })
        };
        let names = names.into_iter().filter(is_ours);
        Ok(names.map(|name| self.dir.join(name)).collect())
    }

    fn all_names(&self) -> Result<Vec<String>, Error> {
        match self.disk.names(&self.dir) {
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(Vec::new()),
            names => names.map_err(|error| self.failed(&self.dir, "list the folder", error)),
        }
    }

    fn failed(&self, path: &Path, doing: &'static str, source: io::Error) -> Error {
        Error::of_disk(self.is_shared, path, doing, source)
    }
}

fn beside(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(".");
    name.push(suffix);
    PathBuf::from(name)
}

fn owned(guard: &Guard, target: &str) -> Result<(), Error> {
    if guard.is_owned() {
        Ok(())
    } else {
        let target = target.to_owned();
        Err(Error::Superseded { target })
    }
}

impl fmt::Debug for Reserved<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Reserved").field(&self.path).finish()
    }
}

impl Drop for Reserved<'_> {
    fn drop(&mut self) {
        if !self.done {
            // the next reservation removes what stays
            let _ = self.disk.remove(&self.path);
        }
    }
}
