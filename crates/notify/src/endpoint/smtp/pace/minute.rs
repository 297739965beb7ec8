//! The moments of a mailbox's last mails: a file with the machine's start in its first line and a
//! moment, in milliseconds since then, in each further one.
//!
//! What is not understood counts as no mail. It is rewritten in place: its lock is on the file itself,
//! and whoever dies in between only spoils the count of a minute.

use std::fs::File;
use std::io::{self, ErrorKind, Read};
use std::path::PathBuf;
use std::thread;
use std::time::Duration;

use crate::clock::boot_id;
use crate::disk::Draft;
use crate::flock::FileLock;
use crate::owner::Owner;
use crate::{Clock, Deadline};

/// How long the file's lock is waited for at most: its holder needs it for an instant.
pub(super) const WAIT: Duration = Duration::from_secs(1);
const PAUSE: Duration = Duration::from_millis(2);
/// What is remembered, in milliseconds.
const MINUTE: u64 = 60_000;
/// No more than this is read: twice what 255 moments need.
const MAX: u64 = 8192;

/// The file.
pub(super) struct Minute {
    path: PathBuf,
    owner: Option<Owner>,
    most: usize,
}

impl Minute {
    pub(super) fn new(path: PathBuf, owner: Option<Owner>, most: u8) -> Self {
        Self {
            path,
            owner,
            most: most.into(),
        }
    }

    /// Puts a mail down, and answers its moment as [`Minute::take_back`] wants it; or the pause after
    /// which there is room.
    pub(super) fn take(
        &self,
        clock: &dyn Clock,
        deadline: Deadline,
    ) -> io::Result<Result<u64, Duration>> {
        let mut lock = self.lock(deadline)?;
        let now = u64::try_from(clock.uptime().as_millis()).unwrap_or(u64::MAX);
        let mut moments = read(lock.file())?;
        moments.retain(|moment| now.checked_sub(*moment).is_some_and(|age| age < MINUTE));
        // the one that has to be a minute old before there is room
        let first = moments.len().checked_sub(self.most);
        if let Some(oldest) = first.and_then(|first| moments.get(first)) {
            return Ok(Err(Duration::from_millis(oldest + MINUTE - now)));
        }
        moments.push(now);
        write(lock.file(), &moments)?;
        Ok(Ok(now))
    }

    /// Forgets a mail that has not gone out.
    pub(super) fn take_back(&self, moment: u64, deadline: Deadline) -> io::Result<()> {
        let mut lock = self.lock(deadline)?;
        let mut moments = read(lock.file())?;
        if let Some(index) = moments.iter().position(|other| *other == moment) {
            moments.remove(index);
            write(lock.file(), &moments)?;
        }
        Ok(())
    }

    fn lock(&self, deadline: Deadline) -> io::Result<FileLock> {
        loop {
            if let Some(lock) = FileLock::take(&self.path, self.owner)? {
                return Ok(lock);
            }
            if deadline.left().is_none() {
                return Err(io::Error::new(
                    ErrorKind::TimedOut,
                    "another process keeps the list of the last minute's mails locked",
                ));
            }
            thread::sleep(PAUSE);
        }
    }
}

/// The moments since this start of the machine.
fn read(file: &mut File) -> io::Result<Vec<u64>> {
    let mut bytes = Vec::new();
    file.take(MAX).read_to_end(&mut bytes)?;
    let text = String::from_utf8_lossy(&bytes);
    let mut lines = text.lines();
    let same = lines.next() == Some(boot_id().as_str());
    let moments = lines.filter_map(|line| line.parse().ok());
    Ok(if same { moments.collect() } else { Vec::new() })
}

fn write(file: &mut File, moments: &[u64]) -> io::Result<()> {
    let lines = moments.iter().map(|moment| format!("{moment}\n"));
    let text: String = std::iter::once(boot_id() + "\n").chain(lines).collect();
    file.write(text.as_bytes())
}
