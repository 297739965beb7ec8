//! Access tokens through the public interface, against a provider on loopback that rotates refresh
//! tokens and revokes the grant when a spent one comes back.

mod again;
mod app;
mod breach;
mod client_auth;
mod clock;
mod disk;
mod early;
mod fork;
mod health;
mod kill;
mod lenient;
mod newer;
mod nodes;
mod order;
#[allow(dead_code)]
#[path = "../exchange/peer.rs"]
mod peer;
mod peer_of_grant;
mod pitfalls;
mod pmxcfs;
mod provider;
mod queue;
mod refresh;
mod secrets;
mod site;
mod sweep;
mod together;
mod turns;
mod watched;
