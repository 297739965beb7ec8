//! This machine's own mail system, through the program that every one of them has.
//!
//! The program's exit status and error output decide. It gets the mail as a file in memory, so that
//! one which does not read it can neither block nor kill the caller, and it is killed with its whole
//! process group at the deadline.

mod process;
mod start;

use std::cell::RefCell;
use std::fs::File;
use std::io::{ErrorKind, Seek, Write};
use std::os::fd::OwnedFd;
use std::os::unix::process::ExitStatusExt;

use rustix::fs::{MemfdFlags, memfd_create};

use self::process::{End, run};
use self::start::{Fault, start};
use super::{Content, Report, Try, mail};
use crate::cause::Cause;
use crate::config::Sendmail;
use crate::mail::{Mail, Mailbox, Recipients};
use crate::message::Message;
use crate::net::Trip;
use crate::outcome::{Failure, Outcome};
use crate::{Deadline, Host};

pub(super) fn hand_in(
    item: &Sendmail,
    content: &Content<'_>,
    trip: &Trip,
    deadline: Deadline,
) -> Report {
    let from = sender(item, trip.host());
    let from = match from {
        Ok(from) => from,
        Err(why) => return Report::refused(why),
    };
    let recipients = Recipients::collect(trip.host(), &item.mailto, &item.mailto_user, true);
    let author = item.author.as_deref();
    let notes = RefCell::new(Vec::new());
    // a mail system that is merely slow would get the mail twice if it were hurried
    let attempt = |to: &[Mailbox], mail: &Mail<'_>, this: Try| {
        let (outcome, note) = hand_over(trip, &from, to, mail, this.whole());
        notes.borrow_mut().extend(note);
        vec![outcome; to.len()]
    };
    let mut report = mail::for_each(trip, content, &from, author, recipients, deadline, attempt);
    report.warnings.append(&mut notes.borrow_mut());
    report
}

/// The sender of a target, or what is wrong with it.
pub(crate) fn sender(item: &Sendmail, host: &Host) -> Result<Mailbox, Message> {
    match &item.from_address {
        Some(from) => mail::sender(from),
        None => {
            let from = host.email_from().map_err(|error| error.message())?;
            mail::sender(&from)
        }
    }
}

/// What became of the mail, and what the program said although it took it.
fn hand_over(
    trip: &Trip,
    from: &Mailbox,
    to: &[Mailbox],
    mail: &Mail<'_>,
    deadline: Deadline,
) -> (Outcome, Option<String>) {
    let program = trip.host().sendmail();
    let mut arguments = vec![
        "-B".to_owned(),
        "8BITMIME".to_owned(),
        "-f".to_owned(),
        from.to_string(),
        "--".to_owned(),
    ];
    arguments.extend(to.iter().map(ToString::to_string));
    let started = input(mail)
        .map_err(Fault::from)
        .and_then(|input| start(program, &arguments, input));
    let program = program.display();
    let outcome = match started {
        Ok(started) => match run(started, deadline) {
            End::Exited(status, said) if status.success() => {
                let note = (!said.is_empty()).then(|| format!("{program} says: {said}"));
                return (Outcome::Sent, note);
            }
            end => failure(&program.to_string(), end),
        },
        Err(fault) => not_started(&program.to_string(), &fault),
    };
    (outcome, None)
}

/// What it means that the program did not start.
fn not_started(program: &str, fault: &Fault) -> Outcome {
    let (cause, why) = match fault {
        Fault::Program(error) => match absent(program, error) {
            Some(why) => (Cause::Settings, why),
            None => {
                let what = format!("it cannot be started: {error}");
                let why = told(program, what, "check memory and limits of this machine");
                (Cause::Busy, why)
            }
        },
        Fault::Machine(error) => {
            let cause = match error.kind() {
                ErrorKind::NotFound | ErrorKind::PermissionDenied => Cause::Settings,
                _ => Cause::Busy,
            };
            let what = format!("this machine cannot start it: {error}");
            let cure = "check permissions, memory and limits of this machine";
            (cause, told(program, what, cure))
        }
    };
    Failure::new(cause, why).outcome()
}

/// That the program is not there, or that nobody may execute it, where this is what the system says.
pub(crate) fn absent(program: &str, error: &std::io::Error) -> Option<Message> {
    match error.kind() {
        ErrorKind::NotFound => Some(told(
            program,
            "the program does not exist",
            "install a mail system, for instance postfix, or use another target",
        )),
        ErrorKind::PermissionDenied => Some(told(
            program,
            format!("it cannot be executed: {error}"),
            "check its permissions",
        )),
        _ => None,
    }
}

/// What happened to the program, and what fixes it.
fn told(program: &str, what: impl Into<String>, fix: &str) -> Message {
    Message::new(what).about(program).fix(fix)
}

/// The mail, to be read from the start.
fn input(mail: &Mail<'_>) -> std::io::Result<OwnedFd> {
    let mut file = File::from(memfd_create("mail", MemfdFlags::CLOEXEC)?);
    for part in mail.local() {
        file.write_all(&part)?;
    }
    file.rewind()?;
    Ok(file.into())
}

/// What fixes an end that says too little.
const LOG: &str = "check the log of the mail system";

/// What an end means that was not the wanted one.
fn failure(program: &str, end: End) -> Outcome {
    let (cause, why, said) = match end {
        End::Late => {
            let what = "it was stopped at the deadline; the mail may or may not be delivered";
            (Cause::Ended, told(program, what, LOG), String::new())
        }
        End::Lost(error) => {
            let what = format!("its exit status was lost: {error}");
            (Cause::Ended, told(program, what, LOG), String::new())
        }
        End::Exited(status, said) => match (status.code(), status.signal()) {
            (Some(code), _) => {
                let (meaning, fix) = meaning(code);
                let what = format!("sendmail failed (exit status {code}{meaning})");
                (Cause::Exit(code), told(program, what, fix), said)
            }
            (None, signal) => {
                let what = format!("it was ended by signal {}", signal.unwrap_or_default());
                let fix = "check the system log for the reason";
                (Cause::Ended, told(program, what, fix), said)
            }
        },
    };
    let said = (!said.is_empty()).then(|| format!("sendmail says: \"{said}\""));
    Failure::new(cause, why.details(said)).outcome()
}

/// What sysexits.h calls a status, where it says something, and what fixes it.
fn meaning(code: i32) -> (&'static str, &'static str) {
    match code {
        64 => (
            ": unknown options",
            "install a mail system, for instance postfix",
        ),
        65 => (": mail not accepted", LOG),
        67 => (": unknown recipient", "fix or delete the recipient"),
        68 => (
            ": unknown host of a recipient",
            "fix or delete the recipient",
        ),
        69 => (
            ": service not available",
            "check that the mail system is running",
        ),
        71 => (": error of the operating system", "check the system log"),
        73 => (
            ": cannot create a file",
            "check disk space and permissions of the mail system",
        ),
        74 => (": input or output error", "check the disks of this machine"),
        75 => (
            ": temporary failure",
            "check the log of the mail system if this lasts",
        ),
        77 => (
            ": permission denied",
            "check the permissions of the mail system",
        ),
        78 => (
            ": wrong configuration",
            "fix the configuration of the mail system",
        ),
        _ => ("", LOG),
    }
}

#[cfg(test)]
mod tests {
    use std::io::Error;

    use super::*;

    #[test]
    fn only_what_the_program_lacks_is_told_of_the_program() {
        let machine = "this machine cannot start it: /dev/null: denied";
        for (fault, outcome, cause) in [
            (
                Fault::Program(ErrorKind::NotFound.into()),
                "refused",
                "the program does not exist",
            ),
            (
                Fault::Program(ErrorKind::PermissionDenied.into()),
                "refused",
                "it cannot be executed: permission denied",
            ),
            (
                Fault::Program(ErrorKind::OutOfMemory.into()),
                "unsent",
                "it cannot be started: out of memory",
            ),
            (
                Fault::Machine(Error::new(ErrorKind::PermissionDenied, "/dev/null: denied")),
                "refused",
                machine,
            ),
            (
                Fault::Machine(Error::new(ErrorKind::NotFound, "/dev/null: denied")),
                "refused",
                machine,
            ),
            (
                Fault::Machine(Error::other("/dev/null: denied")),
                "unsent",
                machine,
            ),
        ] {
            let told = not_started("/usr/sbin/sendmail", &fault);
            let why = told.why().unwrap();
            assert_eq!((told.as_str(), why.cause.as_str()), (outcome, cause));
            assert_eq!(why.about, "/usr/sbin/sendmail");
        }
    }
}
