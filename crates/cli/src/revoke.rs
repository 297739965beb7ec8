//! `revoke`: a grant is taken back, at the provider and here.

use std::io::{BufRead, IsTerminal, Read, stdin};

use notify::message::Message;
use serde_json::json;

use crate::args::Revoke;
use crate::failure::Failure;
use crate::machine::{BY, Machine};
use crate::out::Out;

/// The longest answer to a question, in bytes.
const MAX: u64 = 64;

/// What has come of a consent that nobody wants: whether it was taken back.
pub fn told(is_back: bool) -> &'static str {
    match is_back {
        true => "The consent was taken back at the provider.",
        false => {
            "The provider still knows the consent: it can be taken back on the account's page."
        }
    }
}

pub fn run(machine: &Machine, args: &Revoke, out: &Out) -> Result<(), Failure> {
    let service = machine.read()?;
    if !args.yes && !is_meant(&args.name, out)? {
        return Err(Failure::Cancelled);
    }
    out.progress("telling the provider ...");
    let revoked = service.revoke(&args.name, args.here_only, BY);
    out.progress("");
    if revoked.is_err() && !args.here_only {
        out.say("Nothing was deleted. With --here-only the tokens are deleted without telling the provider.");
    }
    let revoked = revoked?;
    out.event(&json!({
        "event": "revoked",
        "name": args.name,
        "at-provider": revoked.at_provider,
    }));
    out.tell(&match revoked.at_provider {
        true => format!(
            "the authorization of '{}' was revoked, its tokens are deleted",
            args.name
        ),
        false => format!("the tokens of '{}' are deleted", args.name),
    });
    if let Some(warning) = revoked.warning {
        out.warning(&warning.to_string());
    }
    Ok(())
}

/// Asks a person; a program has to say `--yes`.
fn is_meant(name: &str, out: &Out) -> Result<bool, Failure> {
    if out.is_json() || !stdin().is_terminal() {
        let message = Message::new("nobody can be asked whether that is meant").fix("add --yes");
        return Err(Failure::Usage(message));
    }
    out.prompt(&format!(
        "Mails to '{name}' fail until it is authorized again. Revoke? [y/N] "
    ));
    let mut line = String::new();
    stdin().lock().take(MAX).read_line(&mut line)?;
    Ok(["y", "yes"].contains(&line.trim().to_lowercase().as_str()))
}
