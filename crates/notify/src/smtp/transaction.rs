//! MAIL, RCPT, DATA and the message: what becomes of each recipient.
//!
//! Where the server has PIPELINING (RFC 2920) the commands go out together, some dozens at a time, so
//! that neither side ever waits for the other to read.

use lettre::address::Envelope;

use super::body::Body;
use super::reply::Raw;
use super::session::Session;
use super::{Error, Step};
use crate::cause::{Cause, Snag};
use crate::outcome::{Failure, Outcome};
use crate::parameter::Parameter;

/// The most commands in one write: their replies fit into the socket's buffers.
const GROUP: usize = 50;

/// A recipient, and what became of it as soon as that is known.
struct Recipient {
    address: String,
    outcome: Option<Outcome>,
}

/// What became of the mail, and of the connection.
pub(super) struct Done {
    pub(super) outcomes: Vec<(String, Outcome)>,
    pub(super) is_open: bool,
}

/// Makes sure, before anything is sent, that the addresses can be put on the wire.
pub(super) fn check(envelope: &Envelope) -> Result<(), Error> {
    let is_bad = |address: &lettre::Address| {
        AsRef::<str>::as_ref(address).contains(|c: char| c.is_control() || matches!(c, '<' | '>'))
    };
    let fault = |name| {
        let reason = "must not have control characters or angle brackets";
        Err(Error::Parameter(Parameter::new(name, reason)))
    };
    if envelope.from().is_some_and(is_bad) {
        fault("from-address")
    } else if envelope.to().iter().any(is_bad) {
        fault("mailto")
    } else {
        Ok(())
    }
}

/// Sends the mail. An error means that nothing was sent to anybody.
pub(super) fn run(session: &mut Session, envelope: &Envelope, body: &Body) -> Result<Done, Error> {
    let from = envelope.from().map(ToString::to_string).unwrap_or_default();
    let mail = mail_command(session, &from, envelope, body)?;
    let utf8 = session.extensions.utf8;
    let mut recipients: Vec<Recipient> = envelope
        .to()
        .iter()
        .map(|address| Recipient {
            outcome: (!utf8 && !is_ascii(address)).then(|| {
                let offered = session.extensions.names();
                session.lacking(Snag::NoUtf8, offered).outcome()
            }),
            address: address.to_string(),
        })
        .collect();
    let mut open: Vec<_> = recipients
        .iter_mut()
        .filter(|recipient| recipient.outcome.is_none())
        .collect();
    let mut is_open = true;
    if !open.is_empty() {
        match transact(session, mail, &mut open, body) {
            Err(error) if error.step() == Some(Step::Mail) => return Err(error),
            Err(error) => {
                settle(&mut open, &error.outcome());
                is_open = error.leaves_open();
            }
            Ok(()) => {}
        }
    }
    let outcomes = recipients.into_iter().map(|recipient| {
        let outcome = recipient.outcome.unwrap_or(Outcome::Sent);
        (recipient.address, outcome)
    });
    Ok(Done {
        outcomes: outcomes.collect(),
        is_open,
    })
}

fn is_ascii(address: &lettre::Address) -> bool {
    AsRef::<str>::as_ref(address).is_ascii()
}

/// MAIL with the parameters that the message needs, if the server has them.
fn mail_command(
    session: &Session,
    from: &str,
    envelope: &Envelope,
    body: &Body,
) -> Result<String, Error> {
    let offers = &session.extensions;
    let needs_utf8 = body.has_utf8_header || !from.is_ascii();
    let may_use_utf8 = needs_utf8 || !envelope.to().iter().all(is_ascii);
    if needs_utf8 && !offers.utf8 {
        return Err(session.lacking(Snag::NoUtf8, offers.names()));
    }
    if body.is_eight_bit && !offers.eight_bit {
        return Err(session.lacking(Snag::NoEightBit, offers.names()));
    }
    if let Some(limit) = offers.limit.filter(|&limit| body.size as u64 > limit) {
        let offered = format!("{limit} bytes for a mail of {}", body.size);
        return Err(session.lacking(Snag::TooLarge, offered));
    }
    let mut command = format!("MAIL FROM:<{from}>");
    if offers.size {
        command.push_str(&format!(" SIZE={}", body.size));
    }
    if body.is_eight_bit {
        command.push_str(" BODY=8BITMIME");
    }
    if may_use_utf8 && offers.utf8 {
        command.push_str(" SMTPUTF8");
    }
    command.push_str("\r\n");
    Ok(command)
}

/// MAIL to the final dot. Recipients whose outcome this leaves open have got the mail; an error is the
/// outcome of all that are left, unless it came at MAIL.
fn transact(
    session: &mut Session,
    mail: String,
    open: &mut Vec<&mut Recipient>,
    body: &Body,
) -> Result<(), Error> {
    let asked = announce(session, mail, open)?;
    open.retain(|recipient| recipient.outcome.is_none());
    if open.is_empty() {
        return call_off(session, asked);
    }
    if !asked {
        session.send(Step::Data, b"DATA\r\n")?;
    }
    let reply = session.read(Step::Data)?;
    session.demand(reply, 3, Step::Data)?;
    // until its last byte has left this machine, the server cannot take the mail over
    session.send(Step::Message, &body.wire)?;
    match session.read(Step::Message) {
        Ok(reply) if reply.class() != 3 => session.demand(reply, 2, Step::Message),
        other => {
            settle(open, &unknown(session, other.err()));
            Err(session.broken(Step::Message, Snag::LostAfterDot, None))
        }
    }
}

/// MAIL and RCPT, and DATA where it goes out in the same write; says whether it did.
fn announce(
    session: &mut Session,
    mut commands: String,
    open: &mut [&mut Recipient],
) -> Result<bool, Error> {
    let pipelining = session.extensions.pipelining;
    let size = if pipelining { GROUP } else { 1 };
    let groups = open.len().div_ceil(size);
    if !pipelining {
        session.send(Step::Mail, commands.as_bytes())?;
        let reply = session.read(Step::Mail)?;
        session.demand(reply, 2, Step::Mail)?;
        commands.clear();
    }
    for (number, group) in open.chunks_mut(size).enumerate() {
        let begins = !commands.is_empty();
        for recipient in group.iter() {
            commands.push_str(&format!("RCPT TO:<{}>\r\n", recipient.address));
        }
        if pipelining && number + 1 == groups {
            commands.push_str("DATA\r\n");
        }
        let step = if begins { Step::Mail } else { Step::Rcpt };
        session.send(step, commands.as_bytes())?;
        commands.clear();
        if begins {
            let reply = session.read(Step::Mail)?;
            session.demand(reply, 2, Step::Mail)?;
        }
        for recipient in group {
            let reply = session.read(Step::Rcpt)?;
            recipient.outcome = verdict(session, &reply)?;
        }
    }
    Ok(pipelining)
}

/// What RCPT's reply means: `None` where the recipient is accepted.
fn verdict(session: &Session, reply: &Raw) -> Result<Option<Outcome>, Error> {
    match (reply.code, reply.class()) {
        (421, _) => Err(session.refused(Step::Rcpt, reply)),
        (_, 2) => Ok(None),
        (_, 4 | 5) => Ok(Some(session.refused(Step::Rcpt, reply).outcome())),
        _ => Err(session.broken(Step::Rcpt, Snag::Nonsense, None)),
    }
}

/// No recipient was accepted. A server that takes DATA all the same must not get a message: that is
/// an error, so that the connection ends without one.
fn call_off(session: &mut Session, asked: bool) -> Result<(), Error> {
    if !asked {
        return Ok(());
    }
    let reply = session.read(Step::Data)?;
    match reply.class() {
        4 | 5 if reply.code != 421 => Ok(()),
        _ => Err(session.broken(Step::Data, Snag::Nonsense, None)),
    }
}

fn settle(open: &mut [&mut Recipient], outcome: &Outcome) {
    for recipient in open {
        recipient.outcome.get_or_insert_with(|| outcome.clone());
    }
}

/// The mail is out whole, and no reply says what became of it.
fn unknown(session: &Session, error: Option<Error>) -> Outcome {
    let mut message = session
        .broken(Step::Message, Snag::LostAfterDot, None)
        .message();
    if let Some(cause) = error.as_ref().and_then(Error::advice) {
        let details = message.details.get_or_insert_default();
        details.push_str("; ");
        details.push_str(cause.what);
    }
    Failure::new(Cause::Snag(Snag::LostAfterDot), message).outcome()
}
