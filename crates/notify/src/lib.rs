//! The notification core.
//!
//! Knows nothing of Perl and keeps no state of its own between calls, save one cache of parsed CA
//! certificates ([`tls`]). Every blocking call has a [`Deadline`], every buffer a bound; secrets
//! travel as [`Secret`]; every failure is an [`Error`] whose text tells an admin what happened, who
//! has to act and what to do. What differs between machines is a [`Host`] value that the entry point
//! makes.
#![forbid(unsafe_code)]
#![cfg_attr(
    not(test),
    deny(
        clippy::unwrap_used,
        clippy::expect_used,
        clippy::panic,
        clippy::indexing_slicing,
        clippy::string_slice
    )
)]

pub mod advice;
mod as_string;
mod clock;
pub mod config;
mod deadline;
pub mod deliver;
pub mod disk;
mod endpoint;
mod error;
mod flock;
mod hash;
mod hex;
mod host;
mod http;
mod mail;
pub mod matcher;
mod net;
mod notification;
pub mod oauth2;
pub mod outcome;
mod plain;
mod pool;
mod random;
mod redact;
mod secret;
mod severity;
mod shield;
pub mod smtp;
pub mod state;

pub mod template;
pub mod tls;
pub mod token;
pub mod upkeep;

pub use clock::{Clock, FixedClock, LocalTime, SystemClock};
pub use deadline::Deadline;
pub use error::Error;
pub use host::{Host, Lookup};
pub use notification::Notification;
pub use secret::Secret;
pub use severity::Severity;
