//! A lock on this machine: `flock` on a file of its own, over threads and processes.
//!
//! It ends with its holder, also one that is killed, and is not inherited by programs. A forked child
//! has the same open file and would keep the lock alive, so it is released by hand, by its taker only.

use std::fs::File;
use std::io;
use std::path::Path;

use rustix::fs::{FlockOperation, Mode, OFlags};
use rustix::io::Errno;
use rustix::process::{Pid, getpid};

use crate::owner::Owner;

/// A lock that is held until it is dropped.
#[derive(Debug)]
pub(crate) struct FileLock {
    pid: Pid,
    file: File,
}

impl FileLock {
    /// Takes the lock of this file, made with mode 0600 if it is missing, unless somebody holds it. Root
    /// does so as this owner. Does not wait.
    pub(crate) fn take(path: &Path, owner: Option<Owner>) -> io::Result<Option<Self>> {
        let flags =
            OFlags::RDWR | OFlags::CREATE | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::CLOEXEC;
        let mode = Mode::RUSR | Mode::WUSR;
        let file = Owner::act(owner, || Ok(rustix::fs::open(path, flags, mode)?))?;
        let file = File::from(file);
        match rustix::fs::flock(&file, FlockOperation::NonBlockingLockExclusive) {
            Ok(()) => Ok(Some(Self {
                pid: getpid(),
                file,
            })),
            Err(Errno::WOULDBLOCK | Errno::INTR) => Ok(None),
            Err(errno) => Err(errno.into()),
        }
    }

    /// The file, which only the holder reads and writes.
    pub(crate) fn file(&mut self) -> &mut File {
        &mut self.file
    }
}

impl Drop for FileLock {
    fn drop(&mut self) {
        if self.pid == getpid() {
            let _ = rustix::fs::flock(&self.file, FlockOperation::Unlock);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn f46_the_end_of_a_lock_counts_though_another_process_has_its_file() {
        let name = crate::random::name().unwrap();
        let path = std::env::temp_dir().join(format!("notify-lock-{name}"));
        let mut lock = FileLock::take(&path, None).unwrap().unwrap();
        assert!(FileLock::take(&path, None).unwrap().is_none());
        // as a child has it that was forked meanwhile
        let inherited = lock.file().try_clone().unwrap();
        drop(lock);
        assert!(FileLock::take(&path, None).unwrap().is_some());
        drop(inherited);
        std::fs::remove_file(&path).unwrap();
    }
}
