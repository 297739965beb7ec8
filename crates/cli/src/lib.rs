//! The program `pve-notify`: what the API does about OAuth2 logins, on the same files and with the same
//! answers, without Perl and without a server.
//!
//! `args` is what can be asked for, `machine` reads the configuration, a module for each command calls
//! `notify::service`, `out` says what has come of it, `terminal` waits for a person.
#![forbid(unsafe_code)]

pub mod args;
mod authorize;
mod device;
mod discover;
mod doctor;
mod exchange;
mod failure;
mod machine;
mod out;
mod qr;
mod refresh;
mod revoke;
mod status;
mod terminal;
mod text;

use args::{Command, Options};
use clap::Parser;
use machine::Machine;
use out::Out;

/// Runs the command of the process's arguments; its exit status.
#[must_use]
pub fn run() -> u8 {
    let options = Options::parse();
    let out = Out::new(options.json);
    let done = Machine::of(&options).and_then(|machine| match &options.command {
        Command::Authorize(args) => authorize::run(&machine, args, &out),
        Command::Status(args) => status::run(&machine, args, &out),
        Command::Doctor(args) => doctor::run(&machine, args, &out),
        Command::Refresh => refresh::run(&machine, &out),
        Command::Revoke(args) => revoke::run(&machine, args, &out),
        Command::Discover(args) => discover::run(&machine, args, &out),
        Command::Exchange(args) => exchange::run(&machine, args, &out),
    });
    match done {
        Ok(()) => 0,
        Err(failure) => {
            out.failure(&failure);
            failure.status()
        }
    }
}
