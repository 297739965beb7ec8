//! This machine's own mail system: whether its program is there, and who would get a mail.

use std::os::unix::fs::PermissionsExt;

use super::Doctor;
use super::steps::{Seen, Steps};
use crate::config::Sendmail;
use crate::mail::{Mailbox, NOBODY, Recipients};
use crate::message::Message;

/// Anybody may execute it.
const EXECUTABLE: u32 = 0o111;

pub(super) fn examine(doctor: &Doctor<'_>, item: &Sendmail, steps: &mut Steps<'_>) {
    steps.plan(&["program", "sender", "recipients"]);
    let host = doctor.trip.host();
    let program = host.sendmail();
    steps.take("program", || {
        let shown = program.display().to_string();
        let found = std::fs::metadata(program).map_err(|error| {
            Message::new("the program does not exist")
                .about(&*shown)
                .fix("install a mail system, for instance postfix, or use another target")
                .details(Some(format!("system says: \"{error}\"")))
        })?;
        if found.permissions().mode() & EXECUTABLE == 0 {
            return Err(Message::new("the program cannot be executed")
                .about(shown)
                .fix("check its permissions"));
        }
        Ok(((), Seen::new(shown)))
    });
    steps.take("sender", || {
        let from = match &item.from_address {
            Some(from) => from.clone(),
            None => host.email_from().map_err(|error| error.message())?,
        };
        let mailbox = Mailbox::parse(&from).map_err(|reason| {
            let shown = from.escape_debug();
            Message::new(format!("from-address '{shown}' {reason}"))
                .fix("set from-address to a valid address")
        })?;
        Ok(((), Seen::new(mailbox.to_string())))
    });
    steps.take("recipients", || {
        let Recipients {
            good,
            bad,
            warnings,
        } = Recipients::collect(host, &item.mailto, &item.mailto_user, true);
        let all: Vec<String> = good.iter().map(ToString::to_string).collect();
        let first_bad = bad.into_iter().next().map(|(to, why)| why.about(to));
        match (all.is_empty(), first_bad) {
            (true, Some(why)) => Err(why),
            (true, None) => Err(Message::new(NOBODY).fix("set mailto, or the address of a user")),
            (false, why) => {
                let warning = why.or_else(|| warnings.first().map(Message::new));
                Ok(((), Seen::new(all.join(", ")).warn(warning)))
            }
        }
    });
}
