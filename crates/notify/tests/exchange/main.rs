//! The exchange of a code through the public interface, against scripted peers on loopback.

mod answers;
mod custom;
mod grant;
mod input;
mod machine;
mod peer;
mod proxy;
mod way;
mod words;
