//! `refresh`: what the daily run does, by hand.

use crate::failure::Failure;
use crate::machine::Machine;
use crate::out::Out;

pub fn run(machine: &Machine, out: &Out) -> Result<(), Failure> {
    let service = machine.read()?;
    out.progress("refreshing the tokens that are due ...");
    let run = service.refresh();
    out.progress("");
    let mut failed = false;
    for kept in &run.targets {
        out.event(&serde_json::to_value(kept).unwrap_or_default());
        match (&kept.error, kept.refreshed) {
            (Some(error), _) => {
                failed = true;
                out.tell(&format!("{}: failed: {error}", kept.target));
            }
            (None, true) => out.tell(&format!("{}: refreshed", kept.target)),
            (None, false) => out.tell(&format!("{}: not due", kept.target)),
        }
    }
    if run.targets.is_empty() {
        out.tell("no target logs in with OAuth2");
    }
    for line in &run.log {
        out.warning(&line.text);
    }
    match failed {
        true => Err(Failure::Attention),
        false => Ok(()),
    }
}
