//! A mail server of the configuration.

mod credentials;
mod pace;

use lettre::Address;
use lettre::address::Envelope;

use super::{Content, Report, Try, mail};
use crate::Deadline;
use crate::cause::Cause;
use crate::config::{self, Smtp};
use crate::mail::{Mail, Mailbox, Recipients};
use crate::message::Message;
use crate::net::Trip;
use crate::outcome::Failure;
use crate::smtp::Server;
use crate::token::Keeper;
use credentials::Credentials;
pub(crate) use credentials::password;

pub(super) fn submit(
    item: &Smtp,
    content: &Content<'_>,
    trip: &Trip,
    keeper: &Keeper<'_>,
    deadline: Deadline,
) -> Report {
    let (credentials, from) = match (Credentials::of(trip, item, keeper), sender(item)) {
        (Ok(credentials), Ok(from)) => (credentials, from),
        (Err(why), _) | (_, Err(why)) => return Report::refused(why),
    };
    let server = server(item);
    let recipients = Recipients::collect(trip.host(), &item.mailto, &item.mailto_user, false);
    let author = item.author.as_deref();
    let attempt = |to: &[Mailbox], mail: &Mail<'_>, this: Try| {
        let to: Vec<Address> = to.iter().filter_map(Mailbox::full).cloned().collect();
        let count = to.len();
        let result = Envelope::new(from.full().cloned(), to)
            .map_err(|error| {
                Failure::new(Cause::Settings, Message::new(error.to_string())).outcome()
            })
            .and_then(|envelope| credentials.submit(trip, &server, &envelope, &mail.wire(), this));
        match result {
            Ok(outcomes) => outcomes.into_iter().map(|(_, outcome)| outcome).collect(),
            Err(outcome) => vec![outcome; count],
        }
    };
    let mut report = mail::for_each(trip, content, &from, author, recipients, deadline, attempt);
    report.warnings.extend(item.warning().map(str::to_owned));
    report.warnings.extend(credentials.warning());
    report
}

/// The server of a target.
pub(crate) fn server(item: &Smtp) -> Server {
    let mode = item.mode.unwrap_or_default();
    Server {
        name: config::without_brackets(&item.server).to_owned(),
        port: item.port.unwrap_or(mode.default_port()),
        mode,
    }
}

/// The sender of a target, or what is wrong with it.
pub(crate) fn sender(item: &Smtp) -> Result<Mailbox, Message> {
    match mail::sender(&item.from_address)? {
        Mailbox::Local(name) => Err(Message::new(format!(
            "Invalid input: from-address '{name}' has no domain"
        ))
        .fix("set from-address to an address with a domain")),
        full => Ok(full),
    }
}
