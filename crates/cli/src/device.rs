//! `authorize --device`: a person enters a code on another device, for a machine without a browser at hand.

use std::time::Duration;

use notify::message::Message;
use notify::service::{Answered, Consenting, DeviceAuthorization, Redeemed};
use serde_json::json;

use crate::failure::Failure;
use crate::machine::{BY, Machine};
use crate::out::Out;
use crate::qr;
use crate::revoke;
use crate::terminal::{Event, Terminal};
use crate::text::left;

/// So often the progress is shown.
const TICK: Duration = Duration::from_secs(1);

pub fn consent(
    machine: &Machine,
    name: &str,
    terminal: &mut Terminal,
    out: &Out,
) -> Result<Redeemed, Failure> {
    out.say("asking the provider for a code ...");
    let consenting = Consenting::Target(name.to_owned());
    let begun = machine.read()?.authorize_device(&consenting, None, BY)?;
    show(&begun, out);
    let answer = wait(machine, name, &begun, terminal, out);
    out.progress("");
    if matches!(answer, Err(Failure::Cancelled)) {
        out.say("cancelling ...");
        if let Some(is_back) = machine.read()?.cancel_device(&begun.id, None, BY)? {
            out.tell(revoke::told(is_back));
        }
    }
    answer
}

fn show(begun: &DeviceAuthorization, out: &Out) {
    out.event(&json!({
        "event": "device",
        "user-code": begun.user_code,
        "verification-uri": begun.verification_uri,
        "verification-uri-complete": begun.verification_uri_complete,
        "expires": begun.expires,
    }));
    let page = begun
        .verification_uri_complete
        .as_ref()
        .unwrap_or(&begun.verification_uri);
    if out.is_terminal() {
        if let Some(code) = qr::code(page) {
            out.say(&format!("\n{code}"));
        }
    }
    out.say(&format!(
        "On any device, open:   {}",
        begun.verification_uri
    ));
    out.say(&format!(
        "and enter this code:\n\n{}\n",
        large(&begun.user_code)
    ));
}

/// The code so that it is seen from afar.
fn large(code: &str) -> String {
    let spaced: Vec<String> = code.chars().map(String::from).collect();
    let spaced = spaced.join(" ");
    let line = "─".repeat(spaced.chars().count() + 6);
    format!("  ┌{line}┐\n  │   {spaced}   │\n  └{line}┘")
}

fn wait(
    machine: &Machine,
    name: &str,
    begun: &DeviceAuthorization,
    terminal: &mut Terminal,
    out: &Out,
) -> Result<Redeemed, Failure> {
    let mut pause = begun.interval;
    loop {
        for _ in 0..pause.max(1) {
            let seconds = left(begun.expires);
            if seconds == 0 {
                return Err(late());
            }
            out.progress(&format!(
                "waiting for the consent, {}:{:02} left; Ctrl-C cancels",
                seconds / 60,
                seconds % 60
            ));
            match terminal.wait(TICK)? {
                Event::Cancel => return Err(Failure::Cancelled),
                Event::Line(_) | Event::Nothing | Event::Closed => {}
            }
        }
        match machine.read()?.poll_device(&begun.id, Some(name), None, BY) {
            Ok(Answered::Pending(interval)) => pause = interval,
            Ok(Answered::Done(redeemed)) => return Ok(*redeemed),
            // nobody answers for a moment: the code is good still
            Err(error) if error.code() >= 500 && left(begun.expires) > 0 => {
                out.progress("");
                out.warning(&error.to_string());
            }
            Err(error) => return Err(error.into()),
        }
    }
}

fn late() -> Failure {
    Failure::Wrong(Message::new("the code was not entered in time").fix("run this again"))
}

#[cfg(test)]
mod tests {
    #[test]
    fn a_code_stands_in_a_box() {
        let shown = super::large("AB-1");
        let widths: Vec<_> = shown.lines().map(|line| line.chars().count()).collect();
        assert_eq!(widths, [17, 17, 17]);
        assert!(shown.contains("A B - 1"));
    }
}
