//! Submission of mails through the public interface, against scripted servers on loopback.
#![allow(
    clippy::print_stdout,
    reason = "skips are told, and a child to its parent"
)]

mod auth;
mod fate;
mod fuzz;
mod hostile;
mod mta;
mod names;
#[path = "../exchange/peer.rs"]
#[allow(dead_code)]
mod peer;
mod refusals;
mod way;
mod wire;
