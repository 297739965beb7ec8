//! Clones of objects by Storable.
//!
//! `dclone` copies what perl sees of an object, which is not its Rust value. A
//! class takes part with two hooks; what goes through Storable between them is a
//! random name for a counted reference that is kept here, never an address:
//!
//! ```ignore
//! static CLONES: Snapshots<Config> = Snapshots::new();
//!
//! #[export(name = "STORABLE_freeze")]
//! fn storable_freeze(#[try_from_ref] this: &Object, cloning: bool) -> Result<String, Error> {
//!     CLONES.freeze(cloning, || Arc::new(this.snapshot()))
//! }
//!
//! #[export(name = "STORABLE_attach", raw_return)]
//! fn storable_attach(#[raw] class: Value, cloning: bool, name: &str) -> Result<Value, Error> {
//!     let snapshot = CLONES.attach(cloning, name)?;
//!     Ok(instantiate_magic!(&class, MAGIC => Box::new(Object::from(snapshot))))
//! }
//! ```
//!
//! Storable gives the class that was frozen, so that subclasses work.

use std::fmt::Write as _;
use std::fs::File;
use std::io::Read as _;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use crate::error::Error;

/// More snapshots than this do not wait at a time: objects in one `dclone`.
pub const MAX_PENDING: usize = 1024;
/// One that is not fetched for so long is dropped with the next that comes or goes.
pub const MAX_AGE: Duration = Duration::from_secs(60);

/// Values on their way through Storable.
#[derive(Debug)]
pub struct Snapshots<T>(Mutex<Vec<Pending<T>>>);

#[derive(Debug)]
struct Pending<T> {
    name: String,
    since: Instant,
    value: Arc<T>,
}

impl<T> Snapshots<T> {
    /// None yet.
    pub const fn new() -> Self {
        Self(Mutex::new(Vec::new()))
    }

    fn lock(&self) -> MutexGuard<'_, Vec<Pending<T>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Those that are not too old; the others are dropped before, as it is the
    /// caller's code, without the lock.
    fn fresh(&self) -> MutexGuard<'_, Vec<Pending<T>>> {
        let is_old = |entry: &Pending<T>| entry.since.elapsed() >= MAX_AGE;
        let mut pending = self.lock();
        let (old, fresh) = std::mem::take(&mut *pending).into_iter().partition(is_old);
        *pending = fresh;
        drop(pending);
        drop::<Vec<_>>(old);
        self.lock()
    }

    /// For `STORABLE_freeze`: keeps a snapshot and returns the name to freeze.
    ///
    /// # Errors
    /// When Storable is not cloning but storing, when [`MAX_PENDING`] snapshots wait
    /// already, or when the system has no random bytes.
    pub fn freeze(
        &self,
        cloning: bool,
        snapshot: impl FnOnce() -> Arc<T>,
    ) -> Result<String, Error> {
        if !cloning {
            return Error::fail("object cannot be stored, only cloned");
        }
        let name = random_name()?;
        // made before the lock is taken: it is the caller's code
        let value = snapshot();
        let mut pending = self.fresh();
        if pending.len() >= MAX_PENDING {
            return Error::fail("too many clones wait to be attached");
        }
        pending.push(Pending {
            name: name.clone(),
            since: Instant::now(),
            value,
        });
        Ok(name)
    }

    /// For `STORABLE_attach`: the snapshot of that name, once.
    ///
    /// # Errors
    /// When Storable is not cloning, or there is none of that name: it is forged,
    /// too old, or was attached before.
    pub fn attach(&self, cloning: bool, name: &str) -> Result<Arc<T>, Error> {
        if !cloning {
            return Error::fail("object cannot be retrieved, only cloned");
        }
        let mut pending = self.fresh();
        match pending.iter().position(|entry| entry.name == name) {
            Some(at) => Ok(pending.swap_remove(at).value),
            None => Error::fail("clone is unknown or was attached already"),
        }
    }
}

impl<T> Default for Snapshots<T> {
    fn default() -> Self {
        Self::new()
    }
}

/// 128 random bits as text.
fn random_name() -> Result<String, Error> {
    let mut bytes = [0_u8; 16];
    let read = File::open("/dev/urandom").and_then(|mut file| file.read_exact(&mut bytes));
    if let Err(err) = read {
        return Err(Error::new_owned(format!("no random bytes: {err}")));
    }
    Ok(bytes.iter().fold(String::new(), |mut name, byte| {
        // writing to a string cannot fail
        let _ = write!(name, "{byte:02x}");
        name
    }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_snapshot_is_attached_once() {
        let snapshots = Snapshots::new();
        let name = snapshots.freeze(true, || Arc::new(7)).unwrap();
        assert_eq!(snapshots.attach(true, &name).as_deref(), Ok(&7));
        let again = snapshots.attach(true, &name).unwrap_err().to_string();
        assert_eq!(again, "error: clone is unknown or was attached already");
        assert!(snapshots.attach(true, "00").is_err(), "forged");
    }

    #[test]
    fn only_clones_pass() {
        let snapshots = Snapshots::new();
        assert!(snapshots.freeze(false, || Arc::new(7)).is_err());
        let name = snapshots.freeze(true, || Arc::new(7)).unwrap();
        assert!(snapshots.attach(false, &name).is_err());
    }

    #[test]
    fn they_are_bounded_in_number_and_time() {
        let snapshots = Snapshots::new();
        for _ in 0..MAX_PENDING {
            snapshots.freeze(true, || Arc::new(7)).unwrap();
        }
        assert!(snapshots.freeze(true, || Arc::new(7)).is_err(), "too many");
        for entry in snapshots.0.lock().unwrap().iter_mut() {
            entry.since -= MAX_AGE;
        }
        snapshots.freeze(true, || Arc::new(7)).unwrap();
        assert_eq!(snapshots.0.lock().unwrap().len(), 1, "old ones are dropped");
    }
}
