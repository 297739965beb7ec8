//! What both kinds of mail target share: recipients, the message, and a line for each recipient in
//! the report.
//!
//! An address with letters beyond ASCII makes the whole mail one that goes only through servers with
//! SMTPUTF8 (RFC 6531). So such recipients get a mail of their own, and the others depend on nothing.

use super::{Content, Doubt, Recipient, Report, Try, twice};
use crate::Deadline;
use crate::cause::Cause;
use crate::host::is_everybodys;
use crate::mail::{self, Head, Mail, Mailbox, NOBODY, Recipients};
use crate::message::Message;
use crate::net::Trip;
use crate::outcome::{Failure, Outcome};

/// The display name where the target sets none.
const AUTHOR: &str = "Proxmox VE";

/// Sends the mail to all recipients. `attempt` hands it in for some of them and answers in their order.
pub(super) fn for_each(
    trip: &Trip,
    content: &Content<'_>,
    from: &Mailbox,
    author: Option<&str>,
    recipients: Recipients,
    deadline: Deadline,
    attempt: impl Fn(&[Mailbox], &Mail<'_>, Try) -> Vec<Outcome>,
) -> Report {
    let Recipients {
        mut good,
        bad,
        warnings,
    } = recipients;
    let mut report = Report {
        warnings,
        ..Report::default()
    };
    if good.is_empty() && bad.is_empty() {
        return Report {
            warnings: report.warnings,
            ..Report::refused(Message::new(NOBODY))
        };
    }
    if !good.is_empty() {
        good.sort_by_key(|to| !to.is_ascii());
        let mail = |to: &[Mailbox]| match to {
            [] => Ok(None),
            to => compose(trip, content, from, author, to).map(Some),
        };
        let (outcomes, attempts) = match by_letters(&good).map(mail) {
            [Ok(ascii), Ok(other)] => {
                let mails = [ascii, other];
                twice(&good, deadline, Doubt::TryAgain, |some, this| {
                    let parts = by_letters(some).into_iter().zip(&mails);
                    parts
                        .filter(|(to, _)| !to.is_empty())
                        .filter_map(|(to, mail)| Some(attempt(to, mail.as_ref()?, this)))
                        .flatten()
                        .collect()
                })
            }
            [Err(reason), _] | [_, Err(reason)] => {
                (vec![refused(Message::new(reason)); good.len()], 0)
            }
        };
        report.attempts = attempts;
        let lines = good.iter().zip(outcomes).map(|(to, outcome)| Recipient {
            recipient: Some(to.to_string()),
            outcome,
        });
        report.recipients.extend(lines);
    }
    let lines = bad.into_iter().map(|(to, reason)| Recipient {
        recipient: Some(to),
        outcome: refused(reason),
    });
    report.recipients.extend(lines);
    report
}

/// Those in ASCII, which come first, and the others.
fn by_letters(to: &[Mailbox]) -> [&[Mailbox]; 2] {
    let (ascii, other) = to.split_at(to.partition_point(Mailbox::is_ascii));
    [ascii, other]
}

fn compose<'a>(
    trip: &Trip,
    content: &'a Content<'_>,
    from: &Mailbox,
    author: Option<&str>,
    to: &[Mailbox],
) -> Result<Mail<'a>, &'static str> {
    let body = content.mail.as_ref().ok_or("the mail has no body")?;
    let head = Head {
        author: author.unwrap_or(AUTHOR),
        from,
        to,
        subject: &content.subject,
        timestamp: content.notification.timestamp,
        offset: content.offset,
        domain: &domain(trip, from),
    };
    mail::message(&head, body)
}

/// What makes a Message-ID one of this machine: its full name, else the sender's domain, else its bare
/// name. No name that every machine has.
fn domain(trip: &Trip, from: &Mailbox) -> String {
    let node = trip.host().node();
    let sender = from.full().map(lettre::Address::domain);
    let mut names = [trip.fqdn(), sender, Some(node.as_str())]
        .into_iter()
        .flatten();
    names
        .find(|name| !is_everybodys(name))
        .unwrap_or("unnamed.invalid")
        .to_owned()
}

fn refused(why: Message) -> Outcome {
    Failure::new(Cause::Settings, why).outcome()
}

/// The sender's address, or why it is none.
pub(super) fn sender(text: &str) -> Result<Mailbox, Message> {
    Mailbox::parse(text).map_err(|reason| {
        let shown = text.escape_debug();
        Message::new(format!("from-address '{shown}' {reason}"))
            .fix("set from-address to a valid address")
    })
}
