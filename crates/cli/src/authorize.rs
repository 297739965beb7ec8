//! `authorize`: a person consents in a browser, wherever that is, and hands the answer in here.
//!
//! A person takes minutes, so the configuration is read again before each step that depends on it.

use std::io::{IsTerminal, stdin};
use std::thread;
use std::time::Duration;

use notify::Secret;
use notify::config::SmtpSettings;
use notify::message::Message;
use notify::service::{Authorization, Consenting, Redeem, Redeemed, Service};
use notify::upkeep::Condition;
use serde_json::json;

use crate::args::Authorize;
use crate::device;
use crate::failure::Failure;
use crate::machine::{BY, Machine};
use crate::out::Out;
use crate::revoke;
use crate::terminal::{Event, Terminal};
use crate::text::left;

/// So often the time is looked at.
const TICK: Duration = Duration::from_secs(1);
/// So often a token is handed to its target whose record somebody else has, and how long between two tries.
const TRIES: usize = 3;
const PAUSE: Duration = Duration::from_secs(5);

pub fn run(machine: &Machine, args: &Authorize, out: &Out) -> Result<(), Failure> {
    let name = &name_of(&machine.read()?, args.name.as_deref())?;
    if !args.paste && !args.device && !stdin().is_terminal() {
        let message = Message::new("standard input is not a terminal")
            .fix("add --paste to take the answer from it, or --device");
        return Err(Failure::Usage(message));
    }
    // before anything begins, so that Ctrl-C finds it, and until the end, so that nothing is left half done
    let mut terminal = Terminal::open()?;
    let redeemed = match args.device {
        true => device::consent(machine, name, &mut terminal, out)?,
        false => consent(machine, (name, args), &mut terminal, out)?,
    };
    finish(machine, (name, args), &redeemed, out)?;
    drop(terminal);
    if args.test {
        out.progress("sending the test notification ...");
        let sent = machine.read()?.test_target(name);
        out.progress("");
        sent?;
        out.event(&json!({ "event": "test", "status": "sent" }));
        out.tell("the test notification was sent");
    }
    Ok(())
}

/// The target that is named, or the only one that can be meant.
fn name_of(service: &Service, named: Option<&str>) -> Result<String, Failure> {
    if let Some(name) = named {
        return Ok(name.to_owned());
    }
    let all = service.status();
    let lacking: Vec<&String> = all
        .iter()
        .filter(|(_, health)| health.condition == Condition::AuthorizeAgain)
        .map(|(name, _)| name)
        .collect();
    let meant = match lacking.as_slice() {
        [] => all.keys().collect(),
        _ => lacking,
    };
    match meant.as_slice() {
        [one] => Ok((*one).clone()),
        [] => Err(Failure::Wrong(
            Message::new("no target logs in with OAuth2").fix("set auth-method of an SMTP target"),
        )),
        several => {
            let names: Vec<String> = several.iter().map(|name| format!("'{name}'")).collect();
            let cause = format!("several targets log in with OAuth2: {}", names.join(", "));
            let fix = "name one of them: pve-notify authorize NAME";
            Err(Failure::Usage(Message::new(cause).fix(fix)))
        }
    }
}

fn consent(
    machine: &Machine,
    (name, args): (&str, &Authorize),
    terminal: &mut Terminal,
    out: &Out,
) -> Result<Redeemed, Failure> {
    let consenting = Consenting::Target(name.to_owned());
    let begun = machine
        .read()?
        .authorize(&consenting, args.redirect_uri.as_deref(), BY)?;
    show(&begun, out);
    let redeemed = answered(machine, name, &begun, terminal, out);
    if redeemed.is_err() {
        // one that cannot be tried again is gone already
        let _ = machine
            .read()
            .map(|service| service.cancel_authorization(&begun.state, BY));
    }
    redeemed
}

/// Asks until an answer can be redeemed; a program has one try.
fn answered(
    machine: &Machine,
    name: &str,
    begun: &Authorization,
    terminal: &mut Terminal,
    out: &Out,
) -> Result<Redeemed, Failure> {
    loop {
        let redeem = Redeem {
            state: begun.state.clone(),
            answer: answer(terminal, begun, out)?,
            name: Some(name.to_owned()),
            client_secret: None,
            given: Vec::new(),
        };
        out.say("redeeming the answer ...");
        match machine.read()?.redeem(&redeem, BY) {
            Ok(redeemed) => return Ok(redeemed),
            Err(error) if terminal.is_a_persons() && is_of_answer(&error) => {
                out.failure(&error.into());
            }
            Err(error) => return Err(error.into()),
        }
    }
}

/// Nothing was asked for with it: a person may paste another one.
fn is_of_answer(error: &notify::Error) -> bool {
    let parameter = error.parameter();
    parameter.is_some_and(|parameter| parameter.name == "authorization-code")
}

fn show(begun: &Authorization, out: &Out) {
    out.event(&json!({
        "event": "consent",
        "url": begun.url,
        "redirect-uri": begun.redirect_uri,
        "redirect-uris": begun.redirect_uris,
        "scopes": begun.scopes,
        "expires": begun.expires,
    }));
    out.say("Open this page in a browser and consent:\n");
    out.say(&format!("{}\n", begun.url));
    let unusable = begun
        .redirect_uris
        .iter()
        .find(|one| one.uri == begun.redirect_uri);
    if let Some(reason) = unusable.and_then(|one| one.reason) {
        out.warning(&format!("redirect URI '{}': {reason}", begun.redirect_uri));
    }
    out.tell(&format!(
        "It leads to {} afterwards, which must be registered as a redirect URI. The browser may show an \
         error there: that is expected. Copy the whole address from its address bar.\n",
        begun.redirect_uri
    ));
}

/// The line that a person pastes.
fn answer(terminal: &mut Terminal, begun: &Authorization, out: &Out) -> Result<Secret, Failure> {
    out.prompt("Paste the address (it is not shown) and press Enter: ");
    let ended = |text: &str| {
        out.prompt("\n");
        Err(Failure::Wrong(Message::new(text).fix("run this again")))
    };
    loop {
        match terminal.wait(TICK)? {
            Event::Line(line) if line.expose().trim().is_empty() => {}
            Event::Line(line) => {
                out.prompt(&format!("({} characters)\n", line.expose().trim().len()));
                return Ok(line);
            }
            Event::Cancel => {
                out.prompt("\n");
                return Err(Failure::Cancelled);
            }
            Event::Closed => return ended("no address was entered"),
            Event::Nothing if left(begun.expires) == 0 => {
                return ended("the time for the consent is over (10 minutes)");
            }
            Event::Nothing => {}
        }
    }
}

/// Tells what has come of it; another mailbox is stored only where that was asked for.
fn finish(
    machine: &Machine,
    (name, args): (&str, &Authorize),
    redeemed: &Redeemed,
    out: &Out,
) -> Result<(), Failure> {
    if let Some(warning) = &redeemed.warning {
        out.warning(&warning.to_string());
    }
    let is_meant = redeemed.warning.is_none() || args.any_mailbox;
    let left = match &redeemed.handle {
        None => None,
        Some(handle) if is_meant => {
            store(machine, name, handle, redeemed.unstored.as_ref(), out)?;
            None
        }
        Some(handle) => Some(machine.read()?.discard_handle(handle, BY)),
    };
    out.event(&json!({
        "event": "authorized",
        "name": name,
        "status": if left.is_none() { "stored" } else { "other-mailbox" },
        "mailbox": redeemed.mailbox,
    }));
    if let Some(discarded) = left {
        out.tell(
            "Nothing was stored. To store it nevertheless, for a shared mailbox, run this again with \
             --any-mailbox.",
        );
        out.tell(revoke::told(matches!(discarded, Ok(true))));
        return Err(Failure::OtherMailbox);
    }
    let mailbox = redeemed.mailbox.as_ref();
    let who = mailbox.map(|mailbox| format!(" by {mailbox}"));
    out.tell(&format!(
        "'{name}' is authorized{}",
        who.unwrap_or_default()
    ));
    if !args.test {
        out.tell(&format!(
            "test it: pvesh create /cluster/notifications/targets/{name}/test"
        ));
    }
    Ok(())
}

/// Hands the token to its target; somebody else may have its record for a moment.
fn store(
    machine: &Machine,
    name: &str,
    handle: &Secret,
    unstored: Option<&Message>,
    out: &Out,
) -> Result<(), Failure> {
    if let Some(why) = unstored {
        out.warning(&why.to_string());
        out.say("trying again ...");
    }
    for tries in 1.. {
        let service = machine.read()?;
        let nothing = SmtpSettings::default();
        service.update_smtp(name, nothing, Some(handle.clone()), Vec::new(), None)?;
        service.check_handles(BY)?;
        match service.apply_changes(BY) {
            Ok(_) => break,
            Err(error) if tries < TRIES && error.code() >= 500 => {
                out.warning(&error.to_string());
                thread::sleep(PAUSE);
            }
            Err(error) => {
                // nobody knows the handle
                let _ = service.discard_handle(handle, BY);
                return Err(error.into());
            }
        }
    }
    Ok(())
}
