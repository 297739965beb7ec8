//! The exported Perl packages: conversions between Perl and the core, no policy.
//!
//! `PVE::RS::Notify` is one class made from several modules; each module answers for one group of
//! methods. Every method takes the object first, so `PVE::RS::Notify::digest($config)` and
//! `$config->digest` are the same call.

#![deny(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::string_slice
)]

mod authorize;
mod config;
mod device;
mod endpoints;
mod exception;
mod matchers;
mod oauth2;
mod object;
mod send;
mod shown;
mod upkeep;
