//! The seam to the file system: the few operations that a record's life consists of.
//!
//! Each is one step that may fail or be the last one before the power goes, so that tests can let the
//! n-th step fail and forget what was not synced. The real form opens nothing through a link, makes
//! files that only their owner can read from the first moment on, and waits for no FIFO.

use std::fmt::Debug;
use std::fs::{self, DirBuilder, File};
use std::io::{self, ErrorKind, Read, Seek, SeekFrom, Write};
use std::os::unix::fs::{DirBuilderExt, MetadataExt};
use std::path::Path;

use rustix::fs::{Mode, OFlags};
use rustix::io::Errno;
use zeroize::Zeroizing;

use crate::owner::Owner;

/// The largest file that is read, in bytes: pmxcfs keeps 1 MiB of a file, but hands out no more than
/// this to who asks it directly.
pub const MAX: u64 = 1_048_552;

/// What tells one content of a file from another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stamp {
    device: u64,
    inode: u64,
    size: u64,
    modified: (i64, i64),
}

/// A file as it was found.
#[derive(Debug)]
pub struct Found {
    /// Whether it is a plain file; nothing else is read.
    pub plain: bool,
    /// Its owner.
    pub owner: u32,
    /// How many names it has.
    pub links: u64,
    /// Its size in bytes; nothing is read beyond [`MAX`].
    pub size: u64,
    /// What tells this content from another.
    pub stamp: Stamp,
    /// The content.
    pub bytes: Zeroizing<Vec<u8>>,
}

/// The operations.
pub trait Disk: Debug + Send + Sync {
    /// Reads a file, and takes the rights of all but its owner away; `None` if there is none.
    ///
    /// # Errors
    /// The system's; a symbolic link is one.
    fn read(&self, path: &Path) -> io::Result<Option<Found>>;

    /// The stamp of whatever has this name.
    ///
    /// # Errors
    /// The system's.
    fn stamp(&self, path: &Path) -> io::Result<Option<Stamp>>;

    /// Makes a new file, mode 0600 whatever the umask is.
    ///
    /// # Errors
    /// The system's; a name that is taken is one.
    fn create(&self, path: &Path) -> io::Result<Box<dyn Draft>>;

    /// Gives a file another name, in place of what has it.
    ///
    /// # Errors
    /// The system's.
    fn rename(&self, from: &Path, to: &Path) -> io::Result<()>;

    /// Removes a file; none is no error.
    ///
    /// # Errors
    /// The system's.
    fn remove(&self, path: &Path) -> io::Result<()>;

    /// Makes the names in a folder survive a power loss.
    ///
    /// # Errors
    /// The system's.
    fn sync_dir(&self, dir: &Path) -> io::Result<()>;

    /// The names in a folder, those that are UTF-8.
    ///
    /// # Errors
    /// The system's.
    fn names(&self, dir: &Path) -> io::Result<Vec<String>>;

    /// Makes a folder that is the caller's alone, and those above it; one that is there must belong
    /// to root or the caller.
    ///
    /// # Errors
    /// The system's; a link or a folder of somebody else is one.
    fn make_dir(&self, dir: &Path) -> io::Result<()>;
}

/// A file that is being written.
pub trait Draft: Debug {
    /// Replaces the whole content.
    ///
    /// # Errors
    /// The system's.
    fn write(&mut self, bytes: &[u8]) -> io::Result<()>;

    /// Makes the content survive a power loss.
    ///
    /// # Errors
    /// The system's. After one, this file must not be trusted any more, whatever a second try says.
    fn sync(&mut self) -> io::Result<()>;
}

/// A file system on which root acts as the owner of the files.
#[derive(Clone, Copy, Debug)]
pub(crate) struct OwnersDisk<'a> {
    disk: &'a dyn Disk,
    owner: Option<Owner>,
}

impl<'a> OwnersDisk<'a> {
    pub(crate) fn new(disk: &'a dyn Disk, owner: Option<Owner>) -> Self {
        Self { disk, owner }
    }

    /// Whether the file is the owner's, as whom root acts.
    pub(crate) fn is_owners(&self, found: &Found) -> bool {
        Owner::is(self.owner, found.owner)
    }
}

impl Disk for OwnersDisk<'_> {
    fn read(&self, path: &Path) -> io::Result<Option<Found>> {
        Owner::act(self.owner, || self.disk.read(path))
    }

    fn stamp(&self, path: &Path) -> io::Result<Option<Stamp>> {
        Owner::act(self.owner, || self.disk.stamp(path))
    }

    fn create(&self, path: &Path) -> io::Result<Box<dyn Draft>> {
        Owner::act(self.owner, || self.disk.create(path))
    }

    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        Owner::act(self.owner, || self.disk.rename(from, to))
    }

    fn remove(&self, path: &Path) -> io::Result<()> {
        Owner::act(self.owner, || self.disk.remove(path))
    }

    fn sync_dir(&self, dir: &Path) -> io::Result<()> {
        Owner::act(self.owner, || self.disk.sync_dir(dir))
    }

    fn names(&self, dir: &Path) -> io::Result<Vec<String>> {
        Owner::act(self.owner, || self.disk.names(dir))
    }

    fn make_dir(&self, dir: &Path) -> io::Result<()> {
        Owner::act(self.owner, || self.disk.make_dir(dir))
    }
}

/// The machine's file system.
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemDisk;

impl Disk for SystemDisk {
    fn read(&self, path: &Path) -> io::Result<Option<Found>> {
        let flags = OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::CLOEXEC;
        let file = match rustix::fs::open(path, flags, Mode::empty()) {
            Ok(fd) => File::from(fd),
            Err(Errno::NOENT) => return Ok(None),
            Err(error) => return Err(error.into()),
        };
        let about = file.metadata()?;
        let mut bytes = Zeroizing::new(Vec::new());
        if about.is_file() {
            let mine = about.uid() == rustix::process::geteuid().as_raw();
            if mine && about.mode() & 0o077 != 0 {
                rustix::fs::fchmod(&file, Mode::RUSR | Mode::WUSR)?;
            }
            // room for all of it, so that no copy is left behind by growing
            bytes.reserve(usize::try_from(about.len().min(MAX)).unwrap_or(0) + 1);
            file.take(MAX + 1).read_to_end(&mut bytes)?;
        }
        Ok(Some(Found {
            plain: about.is_file(),
            owner: about.uid(),
            links: about.nlink(),
            size: about.len().max(bytes.len() as u64),
            stamp: stamp(&about),
            bytes,
        }))
    }

    fn stamp(&self, path: &Path) -> io::Result<Option<Stamp>> {
        match fs::symlink_metadata(path) {
            Ok(about) => Ok(Some(stamp(&about))),
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error),
        }
    }

    fn create(&self, path: &Path) -> io::Result<Box<dyn Draft>> {
        let flags =
            OFlags::WRONLY | OFlags::CREATE | OFlags::EXCL | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        let file = File::from(rustix::fs::open(path, flags, Mode::RUSR | Mode::WUSR)?);
        // a umask may have taken the owner's rights away
        rustix::fs::fchmod(&file, Mode::RUSR | Mode::WUSR)?;
        Ok(Box::new(file))
    }

    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        fs::rename(from, to)
    }

    fn remove(&self, path: &Path) -> io::Result<()> {
        match fs::remove_file(path) {
            Err(error) if error.kind() != ErrorKind::NotFound => Err(error),
            _ => Ok(()),
        }
    }

    fn sync_dir(&self, dir: &Path) -> io::Result<()> {
        synced(File::open(dir)?.sync_all())
    }

    fn names(&self, dir: &Path) -> io::Result<Vec<String>> {
        let mut names = Vec::new();
        for entry in fs::read_dir(dir)? {
            names.extend(entry?.file_name().into_string());
        }
        Ok(names)
    }

    fn make_dir(&self, dir: &Path) -> io::Result<()> {
        if let Err(error) = DirBuilder::new().recursive(true).mode(0o700).create(dir) {
            if error.kind() != ErrorKind::AlreadyExists {
                return Err(error);
            }
        }
        let about = fs::symlink_metadata(dir)?;
        let mine = [0, rustix::process::geteuid().as_raw()].contains(&about.uid());
        if about.is_dir() && mine {
            Ok(())
        } else {
            Err(io::Error::other(
                "it is not a folder, or belongs to another user",
            ))
        }
    }
}

impl Draft for File {
    fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.seek(SeekFrom::Start(0))?;
        self.write_all(bytes)?;
        self.set_len(bytes.len() as u64)
    }

    fn sync(&mut self) -> io::Result<()> {
        synced(self.sync_all())
    }
}

fn stamp(about: &fs::Metadata) -> Stamp {
    Stamp {
        device: about.dev(),
        inode: about.ino(),
        size: about.size(),
        modified: (about.mtime(), about.mtime_nsec()),
    }
}

/// pmxcfs has no handler for syncing: what it has taken is on disk.
fn synced(result: io::Result<()>) -> io::Result<()> {
    match result {
        Err(error)
            if [Errno::NOSYS, Errno::INVAL]
                .map(|errno| Some(errno.raw_os_error()))
                .contains(&error.raw_os_error()) =>
        {
            Ok(())
        }
        result => result,
    }
}
