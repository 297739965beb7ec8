//! The connection to a server: greeting, EHLO, STARTTLS, one command and its reply, QUIT.
//!
//! Failures come out as [`Error`] with the step named; every text of the server passes the redactor
//! on its way into one.

use std::net::IpAddr;
use std::time::Duration;

use super::extensions::Extensions;
use super::reply::{Inbox, Missing, Raw};
use super::{Error, Reply, Server, Step, refusal};
use crate::Deadline;
use crate::cause::{Loss, Snag};
use crate::config::SmtpMode;
use crate::deadline::Ends;
use crate::net::{self, Peer, Stream, Trip, is_timeout, wants_certificate};
use crate::redact::Redactor;
use crate::tls::Client;
use crate::transcript::{Listener, Speaker};

/// How long a server that does not read may keep a goodbye from going out.
const GOODBYE: Duration = Duration::from_millis(250);

/// How much of the time a server may take to greet where its name has no other address. Some do so on purpose
/// and for long, which keeps off senders who do not wait; RFC 5321 section 4.5.3.2.1 grants 5 minutes.
const PATIENCE: f32 = 0.85;

/// A connection on which the server has greeted and said what it can.
pub(super) struct Session {
    stream: Stream,
    inbox: Inbox,
    pub(super) server: String,
    pub(super) redactor: Redactor,
    pub(super) extensions: Extensions,
    /// The mechanisms of AUTH that it offered before STARTTLS.
    pub(super) before_tls: Option<String>,
    listener: Listener,
}

impl Session {
    /// Connects, greets, and begins TLS as the mode demands.
    pub(super) fn open(
        trip: &Trip,
        server: &Server,
        redactor: Redactor,
        ends: Ends,
    ) -> Result<Self, Error> {
        let peer = Peer {
            host: server.name.clone(),
            port: server.port,
            is_proxy: false,
        };
        match server.mode {
            SmtpMode::Insecure => Self::agree(trip, server, peer, redactor, ends, None),
            SmtpMode::Starttls | SmtpMode::Tls => net::trusting(trip, |trip, client| {
                let (peer, redactor) = (peer.clone(), redactor.clone());
                Self::agree(trip, server, peer, redactor, ends, Some(client))
            }),
        }
    }

    fn agree(
        trip: &Trip,
        server: &Server,
        peer: Peer,
        redactor: Redactor,
        ends: Ends,
        client: Option<&Client>,
    ) -> Result<Self, Error> {
        let (mut stream, has_others) = net::connect_clear(trip, &peer, ends.early)?;
        let name = own_name(trip, &stream);
        let mut later = None;
        match (server.mode, client) {
            (SmtpMode::Tls, Some(client)) => {
                stream = stream
                    .start_tls(client, &peer)
                    .map_err(|error| not_tls(&peer, error))?;
            }
            (_, client) => later = client,
        }
        let mut session = Self {
            stream,
            inbox: Inbox::default(),
            server: peer.name(),
            redactor,
            extensions: Extensions::default(),
            before_tls: None,
            listener: trip.listener().clone(),
        };
        session.note("connected");
        session.await_greeting(ends, has_others)?;
        session.hello(&name)?;
        match later {
            None => Ok(session),
            Some(client) => {
                session.before_tls = Some(session.extensions.mechanism_names());
                session.ask_for_tls()?;
                session.stream = session.stream.start_tls(client, &peer)?;
                session.note("TLS begins");
                // what was said in the clear no longer counts (RFC 3207 section 4.2)
                session.hello(&name)?;
                Ok(session)
            }
        }
    }

    /// A server that does not greet loses its chance to another address where there is one, else nearly all
    /// the time. One that was late would be so again, hence the whole rest is for this conversation.
    fn await_greeting(&mut self, ends: Ends, has_others: bool) -> Result<(), Error> {
        let left = ends.whole.left().unwrap_or_default();
        let patient = ends.early.max(Deadline::after(left.mul_f32(PATIENCE)));
        let end = if has_others { ends.early } else { patient };
        self.stream.end_at(end);
        let greeting = self.read(Step::Greeting)?;
        self.demand(greeting, 2, Step::Greeting)?;
        let is_early = ends.early.left().is_some();
        let end = if is_early { ends.early } else { ends.whole };
        self.stream.end_at(end);
        Ok(())
    }

    /// The version and the suite of TLS.
    pub(super) fn agreed(&self) -> Option<String> {
        self.stream.agreed()
    }

    /// The server's certificate.
    pub(super) fn certificate(&self) -> Option<net::Certificate> {
        self.stream.certificate()
    }

    fn note(&self, what: &str) {
        self.listener.hear(&self.server, Speaker::Note, || {
            let agreed = self.stream.agreed().map(|agreed| format!(" ({agreed})"));
            format!("{what}{}", agreed.unwrap_or_default())
        });
    }

    /// EHLO, or HELO where the server does not know it.
    fn hello(&mut self, name: &str) -> Result<(), Error> {
        self.send(Step::Ehlo, format!("EHLO {name}\r\n").as_bytes())?;
        let reply = self.read(Step::Ehlo)?;
        if reply.class() == 5 {
            self.extensions = Extensions::default();
            self.send(Step::Ehlo, format!("HELO {name}\r\n").as_bytes())?;
            let reply = self.read(Step::Ehlo)?;
            return self.demand(reply, 2, Step::Ehlo);
        }
        self.extensions = Extensions::of(&reply);
        self.demand(reply, 2, Step::Ehlo)
    }

    fn ask_for_tls(&mut self) -> Result<(), Error> {
        if !self.extensions.starttls {
            let offered = self.extensions.names();
            return Err(self.lacking(Snag::NoStartTls, offered));
        }
        self.send(Step::StartTls, b"STARTTLS\r\n")?;
        let reply = self.read(Step::StartTls)?;
        self.demand(reply, 2, Step::StartTls)?;
        if self.inbox.is_empty() {
            Ok(())
        } else {
            Err(self.broken(Step::StartTls, Snag::Injected, None))
        }
    }

    /// Sends bytes. Where the server has hung up and left a refusal behind, that is the error. One
    /// that replies before it is asked is out of step: no later reply would be to its command.
    pub(super) fn send(&mut self, step: Step, bytes: &[u8]) -> Result<(), Error> {
        if !self.inbox.is_empty() {
            return Err(match self.inbox.reply(&mut self.stream) {
                Ok(reply) if reply.class() >= 4 => self.refused(step, &reply),
                _ => self.broken(step, Snag::Nonsense, None),
            });
        }
        self.listener
            .hear(&self.server, Speaker::Us, || self.told(step, bytes));
        let Err(error) = self.stream.write_all(bytes) else {
            return Ok(());
        };
        if is_timeout(&error) {
            return Err(self.broken(step, Snag::LateSending, None));
        }
        match self.inbox.reply(&mut self.stream) {
            Ok(reply) if reply.class() >= 4 => Err(self.refused(step, &reply)),
            Err(Missing::Io(error)) if wants_certificate(&error) => Err(self.shut_out(error)),
            _ => Err(self.broken(step, Snag::Lost, Some(error))),
        }
    }

    /// Reads one reply, whatever it says.
    pub(super) fn read(&mut self, step: Step) -> Result<Raw, Error> {
        let reply = self.inbox.reply(&mut self.stream);
        if let Ok(reply) = &reply {
            self.listener
                .hear(&self.server, Speaker::Peer, || self.heard(step, reply));
        }
        reply.map_err(|missing| match missing {
            Missing::Closed => self.broken(step, Snag::Closed, None),
            Missing::Garbled => self.broken(step, Snag::Garbled, None),
            Missing::Io(error) if wants_certificate(&error) => self.shut_out(error),
            Missing::Io(error) if !is_timeout(&error) => self.broken(step, Snag::Lost, Some(error)),
            Missing::Io(_) if step == Step::Greeting => self.broken(step, Snag::LateGreeting, None),
            Missing::Io(_) => self.broken(step, Snag::LateReply, None),
        })
    }

    /// Makes sure that a reply is of the class (2 or 3) that belongs there.
    pub(super) fn demand(&self, reply: Raw, class: u16, step: Step) -> Result<(), Error> {
        match reply.class() {
            found if found == class => Ok(()),
            4 | 5 => Err(self.refused(step, &reply)),
            _ => Err(self.broken(step, Snag::Nonsense, None)),
        }
    }

    /// Says goodbye and leaves: the mail's fate is known, and the reply says nothing about it. The connection
    /// ends behind the command, so that a server which reads on finds an end in order.
    pub(super) fn quit(mut self, deadline: Deadline) {
        let left = deadline.left().unwrap_or_default();
        self.stream.end_at(Deadline::after(left.min(GOODBYE)));
        self.listener.hear(&self.server, Speaker::Us, || "QUIT");
        let _ = self.stream.write_all(b"QUIT\r\n");
    }

    /// What goes out, without credentials.
    fn told(&self, step: Step, bytes: &[u8]) -> String {
        let text = String::from_utf8_lossy(bytes);
        let mut words = text.split_whitespace();
        match (step, words.next()) {
            (Step::Message, _) => format!("({} bytes of the message)", bytes.len()),
            (Step::Auth, Some("AUTH")) => {
                let mechanism = words.next().unwrap_or_default();
                let rest = words.next().map_or("", |_| " (credentials)");
                format!("AUTH {mechanism}{rest}")
            }
            (Step::Auth, None) => "(nothing)".to_owned(),
            (Step::Auth, Some("*")) => "*".to_owned(),
            (Step::Auth, Some(_)) => "(credentials)".to_owned(),
            _ => self.redactor.clean(&text),
        }
    }

    /// What came, with a challenge decoded.
    fn heard(&self, step: Step, reply: &Raw) -> String {
        match (step, reply.code) {
            (Step::Auth, 334) => {
                let challenge = super::auth::challenge(self, reply.first());
                format!("334 {}", challenge.unwrap_or_default())
            }
            _ => self.shown(reply).to_string(),
        }
    }

    pub(super) fn shown(&self, reply: &Raw) -> Reply {
        reply.shown(&self.redactor)
    }

    pub(super) fn refused(&self, step: Step, reply: &Raw) -> Error {
        let reply = self.shown(reply);
        Error::Refused {
            server: self.server.clone(),
            step,
            refusal: refusal::of(&reply, step, None),
            reply,
        }
    }

    pub(super) fn broken(&self, step: Step, snag: Snag, source: Option<std::io::Error>) -> Error {
        Error::Broken {
            server: self.server.clone(),
            step,
            snag,
            source,
        }
    }

    /// The server ends TLS for lack of a certificate of ours.
    fn shut_out(&self, alert: std::io::Error) -> Error {
        Error::Net(net::Error::Lost {
            peer: self.server.clone(),
            loss: Loss::TlsAlert,
            source: Some(alert),
        })
    }

    pub(super) fn lacking(&self, snag: Snag, offered: String) -> Error {
        Error::Lacking {
            server: self.server.clone(),
            snag,
            offered: self.redactor.clean(&offered),
        }
    }
}

/// A handshake that failed where TLS begins with the connection: a server that speaks first in the clear
/// has a cure of its own.
fn not_tls(peer: &Peer, error: net::Error) -> Error {
    match error {
        net::Error::Lost {
            loss: Loss::NotTls,
            source,
            ..
        } => Error::Broken {
            server: peer.name(),
            step: Step::Greeting,
            snag: Snag::NotTls,
            source,
        },
        other => other.into(),
    }
}

/// The argument of EHLO: the full name, else an address literal (RFC 5321 section 4.1.3).
fn own_name(trip: &Trip, stream: &Stream) -> String {
    if let Some(name) = trip.fqdn() {
        return name.to_owned();
    }
    match stream.local_address() {
        Some(IpAddr::V6(address)) => format!("[IPv6:{address}]"),
        Some(IpAddr::V4(address)) => format!("[{address}]"),
        None => "[127.0.0.1]".to_owned(),
    }
}
