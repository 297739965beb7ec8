//! Records on disk: what power loss, killed processes and strange files make of them.

mod files;
mod owner;
#[allow(dead_code)]
#[path = "../exchange/peer.rs"]
mod peer;
mod power;
mod room;
