//! A mail server of the configuration.

mod credentials;
mod pace;

use lettre::Address;
use lettre::address::Envelope;

use super::{Content, Report, Try, mail};
use crate::config::Smtp;
use crate::mail::{Mail, Mailbox, Recipients};
use crate::outcome::Outcome;
use crate::smtp::Server;
use crate::token::Keeper;
use crate::{Deadline, Host};
use credentials::Credentials;

pub(super) fn submit(
    item: &Smtp,
    content: &Content<'_>,
    host: &Host,
    keeper: &Keeper<'_>,
    deadline: Deadline,
) -> Report {
    let (credentials, from) = match (Credentials::of(host, item, keeper), sender(item)) {
        (Ok(credentials), Ok(from)) => (credentials, from),
        (Err(reason), _) | (_, Err(reason)) => return Report::refused(reason),
    };
    let mode = item.mode.unwrap_or_default();
    let server = Server {
        name: item.server.clone(),
        port: item.port.unwrap_or(mode.default_port()),
        mode,
    };
    let recipients = Recipients::collect(host, &item.mailto, &item.mailto_user, false);
    let author = item.author.as_deref();
    let attempt = |to: &[Mailbox], mail: &Mail<'_>, this: Try| {
        let to: Vec<Address> = to.iter().filter_map(Mailbox::full).cloned().collect();
        let count = to.len();
        let result = Envelope::new(from.full().cloned(), to)
            .map_err(|error| Outcome::Refused {
                reason: error.to_string(),
            })
            .and_then(|envelope| credentials.submit(host, &server, &envelope, &mail.wire(), this));
        match result {
            Ok(outcomes) => outcomes.into_iter().map(|(_, outcome)| outcome).collect(),
            Err(outcome) => vec![outcome; count],
        }
    };
    let mut report = mail::for_each(host, content, &from, author, recipients, deadline, attempt);
    report.warnings.extend(item.warning().map(str::to_owned));
    report.warnings.extend(credentials.warning());
    report
}

fn sender(item: &Smtp) -> Result<Mailbox, String> {
    match mail::sender(&item.from_address)? {
        Mailbox::Local(name) => Err(format!(
            "Invalid input: from-address '{name}' has no domain; an administrator has to correct it"
        )),
        full => Ok(full),
    }
}
