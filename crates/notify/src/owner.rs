//! Whose files these are.
//!
//! On a machine that is not a PVE node an ordinary user owns the folder of the configuration and runs
//! the server; root's commands use the same folders. What root does there with a file it does as that
//! user: what it makes is that user's, and no link in a folder that the user may write leads root to
//! what is not that user's.

use std::fs;
use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::Path;

use rustix::fs::{Gid, Uid};
use rustix::process::{getegid, geteuid, getgroups};
use rustix::thread::{set_thread_groups, set_thread_res_gid, set_thread_res_uid};

/// An ordinary user in whose folders root works.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Owner {
    uid: Uid,
    gid: Gid,
}

impl Owner {
    /// The owner of this folder; `None` unless the caller is root and the folder somebody else's.
    pub(crate) fn of(folder: &Path) -> Option<Self> {
        if !geteuid().is_root() {
            return None;
        }
        let about = fs::metadata(folder).ok()?;
        (about.uid() != 0).then(|| Self {
            uid: Uid::from_raw(about.uid()),
            gid: Gid::from_raw(about.gid()),
        })
    }

    /// Whether a file of this user is as good as one of the caller's own.
    pub(crate) fn is(owner: Option<Self>, uid: u32) -> bool {
        uid == owner.map_or_else(geteuid, |owner| owner.uid).as_raw()
    }

    /// Runs the code, this thread alone being that user.
    pub(crate) fn act<T>(
        owner: Option<Self>,
        code: impl FnOnce() -> io::Result<T>,
    ) -> io::Result<T> {
        let Some(owner) = owner else { return code() };
        let _acting = Acting::start(owner)?;
        code()
    }
}

/// Ends with the drop. The real and the saved user stay root, so that nobody else may send signals.
struct Acting {
    gid: Gid,
    groups: Vec<Gid>,
}

impl Acting {
    fn start(owner: Owner) -> io::Result<Self> {
        let acting = Self {
            gid: getegid(),
            groups: getgroups()?,
        };
        set_thread_groups(&[owner.gid])?;
        set_thread_res_gid(None, owner.gid, None)?;
        set_thread_res_uid(None, owner.uid, None)?;
        Ok(acting)
    }
}

impl Drop for Acting {
    fn drop(&mut self) {
        // root may do these; a thread that could not would be refused what it tries next
        let _ = set_thread_res_uid(None, Uid::ROOT, None);
        let _ = set_thread_res_gid(None, self.gid, None);
        let _ = set_thread_groups(&self.groups);
    }
}
