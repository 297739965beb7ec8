//! One template file: bounded, and stamped so that a change is noticed.

use std::fs::File;
use std::io::{ErrorKind, Read};
use std::os::unix::fs::MetadataExt;
use std::path::Path;

use crate::plain;

/// The largest file that is read, in bytes.
pub(super) const MAX: u64 = 1024 * 1024;
/// A change within this many seconds of the last one may leave the stamp as it is: pmxcfs knows
/// whole seconds only.
const SETTLING: i64 = 2;

/// What tells one content of a file from another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Stamp {
    device: u64,
    inode: u64,
    size: u64,
    modified: (i64, i64),
}

impl Stamp {
    /// Whether a later change is sure to show.
    pub(super) fn is_settled(&self, now: i64) -> bool {
        self.modified.0.saturating_add(SETTLING) < now
    }
}

/// An opened file.
#[derive(Debug)]
pub(super) struct Source {
    file: File,
    /// Taken from the opened file.
    pub(super) stamp: Stamp,
}

/// Opens a file; `None` if there is none.
pub(super) fn open(path: &Path) -> Result<Option<Source>, String> {
    let Some((file, about)) = plain::open(path)? else {
        return Ok(None);
    };
    let stamp = Stamp {
        device: about.dev(),
        inode: about.ino(),
        size: about.len(),
        modified: (about.mtime(), about.mtime_nsec()),
    };
    Ok(Some(Source { file, stamp }))
}

impl Source {
    /// The whole text.
    pub(super) fn read(self) -> Result<String, String> {
        let mut text = String::new();
        let read = self.file.take(MAX + 1).read_to_string(&mut text);
        match read {
            Ok(_) if text.len() as u64 > MAX => Err("larger than 1 MiB".to_owned()),
            Ok(_) => Ok(text),
            Err(error) if error.kind() == ErrorKind::InvalidData => Err("not UTF-8".to_owned()),
            Err(error) => Err(format!("cannot read it: {error}")),
        }
    }
}
