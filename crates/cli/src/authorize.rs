//! `authorize`: a person consents in a browser, wherever that is, and hands the answer in here.

use std::io::{IsTerminal, stdin};
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
use crate::terminal::{Event, Terminal};
use crate::text::left;

/// So often the time is looked at.
const TICK: Duration = Duration::from_secs(1);

pub fn run(machine: &Machine, args: &Authorize, out: &Out) -> Result<(), Failure> {
    let service = machine.read()?;
    let name = &name_of(&service, args.name.as_deref())?;
    let redeemed = match args.device {
        true => device::consent(&service, name, out)?,
        false => consent(&service, (name, args), out)?,
    };
    finish(&service, (name, args), redeemed, out)?;
    if args.test {
        service.test_target(name)?;
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
        [] => Err(Failure::here("no target logs in with OAuth2")),
        several => {
            let names: Vec<String> = several.iter().map(|name| format!("'{name}'")).collect();
            let cause = format!("several targets log in with OAuth2: {}", names.join(", "));
            let fix = "name one of them: pve-notify authorize NAME";
            Err(Failure::Here(Message::new(cause).fix(fix)))
        }
    }
}

fn consent(
    service: &Service,
    (name, args): (&str, &Authorize),
    out: &Out,
) -> Result<Redeemed, Failure> {
    if !args.paste && !stdin().is_terminal() {
        let message = Message::new("standard input is not a terminal")
            .fix("add --paste to take the answer from it, or --device");
        return Err(Failure::Here(message));
    }
    let consenting = Consenting::Target(name.to_owned());
    // before anything begins, so that Ctrl-C finds it
    let mut terminal = Terminal::open()?;
    let begun = service.authorize(&consenting, args.redirect_uri.as_deref(), BY)?;
    show(&begun, out);
    let answer = match answer(&mut terminal, &begun, out) {
        Ok(answer) => answer,
        Err(failure) => {
            drop(terminal);
            service.cancel_authorization(&begun.state, BY)?;
            return Err(failure);
        }
    };
    drop(terminal);
    out.say("redeeming the answer ...");
    let redeem = Redeem {
        state: begun.state.clone(),
        answer,
        name: Some(name.to_owned()),
        client_secret: None,
        given: Vec::new(),
    };
    service.redeem(&redeem, BY).map_err(|error| {
        // one that cannot be tried again is gone already
        let _ = service.cancel_authorization(&begun.state, BY);
        error.into()
    })
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
        Err(Failure::here(text))
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
    service: &Service,
    (name, args): (&str, &Authorize),
    redeemed: Redeemed,
    out: &Out,
) -> Result<(), Failure> {
    if let Some(warning) = &redeemed.warning {
        out.warning(&warning.to_string());
    }
    let stored = match &redeemed.handle {
        None => true,
        Some(handle) if args.any_mailbox => {
            let nothing = SmtpSettings::default();
            service.update_smtp(name, nothing, Some(handle.clone()), Vec::new(), None)?;
            service.check_handles(BY)?;
            service.apply_changes(BY)?;
            true
        }
        Some(handle) => {
            service.cancel_authorization(handle, BY)?;
            false
        }
    };
    let status = if stored { "stored" } else { "other-mailbox" };
    out.event(&json!({
        "event": "authorized",
        "name": name,
        "status": status,
        "mailbox": redeemed.mailbox,
    }));
    if !stored {
        out.tell(
            "Nothing was stored. To store it nevertheless, for a shared mailbox, run this again with \
             --any-mailbox.",
        );
        return Err(Failure::OtherMailbox);
    }
    let who = redeemed
        .mailbox
        .map(|mailbox| format!(" by {mailbox}"))
        .unwrap_or_default();
    out.tell(&format!("'{name}' is authorized{who}"));
    if !args.test {
        out.tell(&format!(
            "test it: pvesh create /cluster/notifications/targets/{name}/test"
        ));
    }
    Ok(())
}
