//! What is kept of every OAuth2 target: one record, one file, one lock.
//!
//! Order of locks: this machine's lock of a target, then the cluster's lock of the same target, then
//! nothing. Whoever holds one never asks for a second target's, nor for a lock of the configuration;
//! and since a provider may be waited for under these, nobody asks for them who holds one of the
//! configuration's.

mod error;
mod lock;
mod parts;
mod peer;
mod record;
mod store;

pub use error::Error;
pub use lock::{Guard, HOLD, Lock};
pub use parts::{
    Change, ClientAuths, GrantEnd, Identity, Orphaned, Other, Refused, Standing, Told, Trouble,
    Warned,
};
pub use peer::Peer;
pub use record::Record;
pub use store::{Mark, Reserved, Store};

/// 16 hexadecimal digits from the operating system.
pub(crate) fn random() -> Result<String, Error> {
    let mut bytes = [0; 8];
    crate::random::fill(&mut bytes).map_err(|_| Error::Random)?;
    Ok(format!("{:016x}", u64::from_ne_bytes(bytes)))
}
