//! `doctor`: a target step by step, each step as it is done.

use notify::doctor::{Grade, Step};
use notify::transcript::Transcript;

use crate::args::Doctor;
use crate::failure::Failure;
use crate::machine::Machine;
use crate::out::Out;
use crate::text::wrap;

pub fn run(machine: &Machine, args: &Doctor, out: &Out) -> Result<(), Failure> {
    let service = machine.read()?;
    let names: Vec<String> = match &args.name {
        Some(name) => vec![name.clone()],
        None => {
            let config = service.config();
            let targets = config.targets();
            targets
                .iter()
                .map(|target| target.name.to_owned())
                .collect()
        }
    };
    if names.is_empty() {
        out.tell("there is no target");
    }
    let mut failed = false;
    for name in names {
        out.say(&format!("{name}:"));
        let transcript = args.transcript.then(Transcript::new);
        out.progress("  examining ...");
        let watch = |step: &Step| {
            out.progress("");
            out.say(&shown(step));
            out.progress("  examining ...");
        };
        let checkup = service.check(&name, &watch, transcript.as_ref());
        out.progress("");
        let checkup = checkup?;
        failed |= checkup.result == Grade::Failed;
        let mut event = serde_json::to_value(&checkup).unwrap_or_default();
        if let Some(transcript) = transcript {
            let lines = transcript.texts();
            for line in &lines {
                out.say(&format!("  {line}"));
            }
            event["transcript"] = lines.into();
        }
        out.event(&event);
    }
    match failed {
        true => Err(Failure::Attention),
        false => Ok(()),
    }
}

/// Result, step and time; what was seen; the fix and the other side's words on lines of their own.
fn shown(step: &Step) -> String {
    let result = match step.result {
        Grade::Ok => "ok",
        Grade::Warning => "warning",
        Grade::Failed => "failed",
        Grade::NotTried => "not tried",
    };
    let head = format!("  {:<11}{result:<11}", step.step);
    let time = match step.milliseconds {
        0..=99 => String::new(),
        ms => format!(" ({}.{} s)", ms / 1000, ms % 1000 / 100),
    };
    let seen = step.seen.as_deref().unwrap_or_default();
    let indent = " ".repeat(24);
    let first = format!("{head}{seen}{time}");
    let mut lines = vec![wrap(first.trim_end(), &indent)];
    for (title, text) in [("fix", &step.fix), ("details", &step.details)] {
        let line = text.as_ref().map(|text| format!("{indent}{title}: {text}"));
        lines.extend(line.map(|line| wrap(&line, &indent)));
    }
    lines.join("\n")
}
