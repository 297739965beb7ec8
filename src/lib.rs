//! The exported Perl packages: conversions between Perl and the core, no policy.
//!
//! `PVE::RS::Notify` is one class made from several modules; each module answers for one group of
//! methods. Every method takes the object first, so `PVE::RS::Notify::digest($config)` and
//! `$config->digest` are the same call.

mod config;
mod fault;
mod oauth2;
