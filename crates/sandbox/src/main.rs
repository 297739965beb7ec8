//! A local OAuth2 provider and mail server that can be told to misbehave.
//!
//! It speaks like Google and like Microsoft, listens on loopback only, and makes a new certificate
//! authority, client secret and password at each start. It serves `make run`, `make serve` and the
//! fault tests; it is never part of a package.
#![forbid(unsafe_code)]

mod agent;
mod app;
mod cli;
mod consent;
mod control;
mod crew;
mod entropy;
mod fault;
mod form;
mod near;
mod pki;
mod provider;
mod published;
mod serve;
mod smtp;
mod wire;

use std::io::Write;
use std::process::ExitCode;

fn main() -> ExitCode {
    let outcome = match cli::parse(lexopt::Parser::from_env()) {
        Ok(cli::Command::Help) => say(cli::HELP.trim_end()),
        Ok(cli::Command::Serve(options)) => serve::run(&options),
        Ok(cli::Command::Pki { dir }) => pki::make(&dir).map(|_| ()),
        Ok(cli::Command::Consent(visit)) => consent::play(&visit).and_then(|url| say(&url)),
        Err(error) => Err(format!("{error} (see sandbox --help)")),
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            // a closed stderr must not become a panic
            let _ = writeln!(std::io::stderr(), "sandbox: {error}");
            ExitCode::FAILURE
        }
    }
}

/// Prints one line on standard output at once, so that a waiting parent sees it.
fn say(line: &str) -> Result<(), String> {
    let mut out = std::io::stdout();
    writeln!(out, "{line}")
        .and_then(|()| out.flush())
        .map_err(|error| format!("standard output cannot be written: {error}"))
}
