//! A mail server of the configuration.

use lettre::Address;
use lettre::address::Envelope;

use super::{Content, Report, mail};
use crate::config::{Smtp, SmtpMode};
use crate::mail::{Mailbox, Recipients};
use crate::outcome::Outcome;
use crate::smtp::{Login, Server, submit};
use crate::{Deadline, Host};

pub(super) fn deliver(
    item: &Smtp,
    content: &Content<'_>,
    host: &Host,
    deadline: Deadline,
) -> Report {
    let (login, from) = match (login(item), sender(item)) {
        (Ok(login), Ok(from)) => (login, from),
        (Err(reason), _) | (_, Err(reason)) => return Report::refused(reason),
    };
    let mode = item.mode.unwrap_or_default();
    let server = Server {
        name: item.server.clone(),
        port: item.port.unwrap_or(match mode {
            SmtpMode::Insecure => 25,
            SmtpMode::Starttls => 587,
            SmtpMode::Tls => 465,
        }),
        mode,
    };
    let recipients = Recipients::collect(host, &item.mailto, &item.mailto_user, false);
    let author = item.author.as_deref();
    let attempt = |to: &[Mailbox], message: &[u8], end| {
        let to: Vec<Address> = to.iter().filter_map(Mailbox::full).cloned().collect();
        let count = to.len();
        let result = Envelope::new(from.full().cloned(), to)
            .map_err(|error| Outcome::Refused {
                reason: error.to_string(),
            })
            .and_then(|envelope| {
                submit(host, &server, &login, &envelope, message, &end)
                    .map_err(|error| error.outcome())
            });
        match result {
            Ok(outcomes) => outcomes.into_iter().map(|(_, outcome)| outcome).collect(),
            Err(outcome) => vec![outcome; count],
        }
    };
    let mut report = mail::deliver(host, content, &from, author, recipients, deadline, attempt);
    report.warnings.extend(item.warning().map(str::to_owned));
    report
}

/// How to log in.
fn login(item: &Smtp) -> Result<Login, String> {
    match item.auth_method.as_deref() {
        None | Some("plain") => {}
        Some(method) => {
            return Err(format!(
                "auth-method {method} needs an access token, and there is none; an administrator \
                 has to choose the auth-method plain, if the server accepts passwords"
            ));
        }
    }
    match (&item.username, &item.password) {
        (Some(user), Some(password)) => Ok(Login::Password {
            user: user.clone(),
            password: password.clone(),
        }),
        (Some(_), None) => Err(
            "username is set but no password was provided; an administrator has to set the \
             password, or remove the username"
                .to_owned(),
        ),
        (None, _) => Ok(Login::None),
    }
}

fn sender(item: &Smtp) -> Result<Mailbox, String> {
    match mail::sender(&item.from_address)? {
        Mailbox::Local(name) => Err(format!(
            "Invalid input: from-address '{name}' has no domain; an administrator has to correct it"
        )),
        full => Ok(full),
    }
}
