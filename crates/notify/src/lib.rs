//! The notification core.
//!
//! Knows nothing of Perl and keeps no state of its own between calls, save one cache of parsed CA
//! certificates ([`tls`]). Every blocking call has a [`Deadline`], every buffer a bound; secrets
//! travel as [`Secret`]; every failure is an [`Error`] whose text tells an admin what happened, who
//! has to act and what to do. What differs between machines is a [`Host`] value that the entry point
//! makes.
//!
//! A caller needs the [`service`] and what it takes and gives; all else is public for tests.
//!
//! ```
//! use notify::config::{GotifySettings, Raw};
//! use notify::service::{Memory, Service};
//! use notify::{Host, Secret};
//!
//! # fn main() -> Result<(), notify::Error> {
//! let host = Host::standalone("/etc/pve-notify-host");
//! let service = Service::read(Raw::default(), host, Memory::new())?;
//! let phone = GotifySettings {
//!     server: Some("https://push.example.org".to_owned()),
//!     token: Some(Secret::new("an application's token")),
//!     ..GotifySettings::default()
//! };
//! service.add("phone", phone)?;
//! assert!(service.write()?.public.contains("gotify: phone"));
//! # Ok(())
//! # }
//! ```
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

pub mod account;
pub mod advice;
mod as_string;
pub mod cause;
mod clock;
pub mod config;
mod deadline;
pub mod deliver;
pub mod disk;
pub mod doctor;
mod endpoint;
mod error;
mod flock;
mod hash;
mod hex;
mod host;
mod http;
mod mail;
pub mod matcher;
pub mod message;
pub mod net;
mod notification;
pub mod oauth2;
pub mod outcome;
mod owner;
mod parameter;
pub mod pending;
pub mod plain;
mod pool;
mod random;
mod redact;
mod secret;
pub mod service;
mod severity;
mod shield;
pub mod smtp;
pub mod state;

pub mod template;
pub mod tls;
pub mod token;
pub mod transcript;
pub mod upkeep;
pub mod verdict;

pub use clock::{Clock, FixedClock, LocalTime, SystemClock};
pub use deadline::Deadline;
pub use error::Error;
pub use host::{Host, Lookup};
pub use notification::Notification;
pub use parameter::Parameter;
pub use plain::Unusable;
pub use secret::Secret;
pub use severity::Severity;
