//! This machine's own mail system: whether its program is there, and who would get a mail.

use std::io::ErrorKind;
use std::os::unix::fs::PermissionsExt;

use super::Doctor;
use super::steps::{Seen, Steps};
use crate::config::Sendmail;
use crate::endpoint::sendmail;
use crate::mail::{NOBODY, Recipients};
use crate::message::Message;

/// Anybody may execute it.
const EXECUTABLE: u32 = 0o111;

pub(super) fn examine(doctor: &Doctor<'_>, item: &Sendmail, steps: &mut Steps<'_>) {
    steps.plan(&["program", "sender", "recipients"]);
    let host = doctor.trip.host();
    let program = host.sendmail();
    steps.take("program", || {
        let shown = program.display().to_string();
        let found = std::fs::metadata(program).and_then(|found| {
            match found.permissions().mode() & EXECUTABLE {
                0 => Err(ErrorKind::PermissionDenied.into()),
                _ => Ok(()),
            }
        });
        match found {
            Ok(()) => Ok(((), Seen::new(shown))),
            Err(error) => Err(sendmail::absent(&shown, &error).unwrap_or_else(|| {
                Message::new(error.to_string())
                    .about(shown)
                    .fix("check this machine's file system")
            })),
        }
    });
    steps.take("sender", || {
        let mailbox = sendmail::sender(item, host)?;
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
