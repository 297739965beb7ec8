//! The exchange of a code through the public interface, against scripted peers on loopback.

mod answers;
mod authorities;
mod client_auth;
mod custom;
mod grant;
mod input;
mod machine;
mod mint;
// the tests of tokens and of deliveries use more of it
#[allow(dead_code)]
mod peer;
mod proxy;
mod trust;
mod verdicts;
mod way;
mod words;
