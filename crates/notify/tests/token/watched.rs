//! The machine's disk, and something that is told of each look at it.

use std::fmt;
use std::io;
use std::path::Path;

use notify::disk::{Disk, Draft, Found, Stamp, SystemDisk};

/// How somebody looks at a file.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Glance {
    Read,
    Stamp,
}

pub struct Watched<F>(pub F);

impl<F> fmt::Debug for Watched<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Watched")
    }
}

impl<F: Fn(Glance, &Path) + Send + Sync> Disk for Watched<F> {
    fn read(&self, path: &Path) -> io::Result<Option<Found>> {
        self.0(Glance::Read, path);
        SystemDisk.read(path)
    }
    fn stamp(&self, path: &Path) -> io::Result<Option<Stamp>> {
        self.0(Glance::Stamp, path);
        SystemDisk.stamp(path)
    }
    fn create(&self, path: &Path) -> io::Result<Box<dyn Draft>> {
        SystemDisk.create(path)
    }
    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        SystemDisk.rename(from, to)
    }
    fn remove(&self, path: &Path) -> io::Result<()> {
        SystemDisk.remove(path)
    }
    fn sync_dir(&self, dir: &Path) -> io::Result<()> {
        SystemDisk.sync_dir(dir)
    }
    fn names(&self, dir: &Path) -> io::Result<Vec<String>> {
        SystemDisk.names(dir)
    }
    fn make_dir(&self, dir: &Path) -> io::Result<()> {
        SystemDisk.make_dir(dir)
    }
}
