//! Submission of one mail over SMTP (RFC 5321, RFC 6409): one connection, one message, an outcome for
//! each recipient.
//!
//! Name look-up, TCP, TLS and dialogue share one deadline. A login never goes out in the clear unless
//! the admin chose the mode `insecure` and a password; a token never does.

mod auth;
mod body;
mod error;
mod extensions;
mod probe;
mod refusal;
mod reply;
mod session;
mod transaction;

use lettre::address::Envelope;

pub use body::Body;
pub use error::{AuthRefused, Error, Step};
pub use reply::Reply;

pub(crate) use probe::Probe;
use session::Session;

use crate::config::SmtpMode;
use crate::deadline::Ends;
use crate::net::Trip;
use crate::outcome::Outcome;
use crate::{Deadline, Host, Secret};

/// Where a mail is handed in.
#[derive(Clone, Debug)]
pub struct Server {
    /// Name or address, IPv6 without brackets; also the name that its certificate must have.
    pub name: String,
    /// The port.
    pub port: u16,
    /// How the way there is protected.
    pub mode: SmtpMode,
}

/// Who hands it in.
#[derive(Clone, Debug)]
pub enum Login {
    /// Nobody in particular.
    None,
    /// AUTH PLAIN or LOGIN.
    Password {
        /// The login name.
        user: String,
        /// Its password.
        password: Secret,
    },
    /// AUTH XOAUTH2 or OAUTHBEARER; never without TLS.
    Token {
        /// The login name: the mailbox.
        user: String,
        /// The access token.
        token: Secret,
    },
}

/// Hands the message in and says what became of it for each recipient, in the envelope's order.
///
/// # Errors
/// An error means that nothing was sent to anybody: the connection, the greeting, the login or the
/// sender was refused. See [`Error`].
pub fn submit(
    host: &Host,
    server: &Server,
    login: &Login,
    envelope: &Envelope,
    message: &Body,
    deadline: &Deadline,
) -> Result<Vec<(String, Outcome)>, Error> {
    let ends = Ends::from(*deadline);
    submit_on(&Trip::new(host), server, login, envelope, message, ends)
}

/// The same as a part of a delivery.
pub(crate) fn submit_on(
    trip: &Trip,
    server: &Server,
    login: &Login,
    envelope: &Envelope,
    message: &Body,
    ends: Ends,
) -> Result<Vec<(String, Outcome)>, Error> {
    auth::check(server, login)?;
    transaction::check(envelope)?;
    let mut session = Session::open(trip, server, auth::redactor(login), ends)?;
    let result = auth::login(&mut session, server, login)
        .and_then(|_| transaction::run(&mut session, envelope, message));
    match result {
        Ok(done) => {
            if done.is_open {
                session.quit(ends.whole);
            }
            Ok(done.outcomes)
        }
        Err(error) => {
            if error.leaves_open() {
                session.quit(ends.whole);
            }
            Err(error)
        }
    }
}
