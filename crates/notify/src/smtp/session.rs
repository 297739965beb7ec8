//! The connection to a server: greeting, EHLO, STARTTLS, one command and its reply, QUIT.
//!
//! Failures come out as [`Error`] with the step named; every text of the server passes the redactor
//! on its way into one.

use std::net::IpAddr;
use std::time::Duration;

use super::extensions::Extensions;
use super::reply::{Inbox, Missing, Raw};
use super::{Error, Reply, Server, Step};
use crate::advice::{self, Snag};
use crate::config::SmtpMode;
use crate::net::{self, Peer, Stream, is_timeout};
use crate::redact::Redactor;
use crate::tls::Client;
use crate::{Deadline, Host};

/// How long the goodbye of a server is waited for. The mail's fate is known by then; the wait lets
/// both sides close in order.
const GOODBYE: Duration = Duration::from_millis(250);

/// A connection on which the server has greeted and said what it can.
pub(super) struct Session {
    stream: Stream,
    inbox: Inbox,
    pub(super) server: String,
    pub(super) redactor: Redactor,
    pub(super) extensions: Extensions,
}

impl Session {
    /// Connects, greets, and begins TLS as the mode demands.
    pub(super) fn open(
        host: &Host,
        server: &Server,
        redactor: Redactor,
        deadline: Deadline,
    ) -> Result<Self, Error> {
        let peer = Peer {
            host: server.name.clone(),
            port: server.port,
            is_proxy: false,
        };
        match server.mode {
            SmtpMode::Insecure => Self::agree(host, server, peer, redactor, deadline, None),
            SmtpMode::Starttls | SmtpMode::Tls => net::trusting(
                host,
                |host, client| {
                    let (peer, redactor) = (peer.clone(), redactor.clone());
                    Self::agree(host, server, peer, redactor, deadline, Some(client))
                },
                way,
            ),
        }
    }

    fn agree(
        host: &Host,
        server: &Server,
        peer: Peer,
        redactor: Redactor,
        deadline: Deadline,
        client: Option<&Client>,
    ) -> Result<Self, Error> {
        let mut stream = net::connect_clear(host, &peer, deadline).map_err(way)?;
        let name = own_name(host, &stream);
        let mut later = None;
        match (server.mode, client) {
            (SmtpMode::Tls, Some(client)) => {
                stream = stream
                    .start_tls(client, &peer)
                    .map_err(|e| at_once(&peer, e))?;
            }
            (_, client) => later = client,
        }
        let mut session = Self {
            stream,
            inbox: Inbox::default(),
            server: peer.name(),
            redactor,
            extensions: Extensions::default(),
        };
        let greeting = session.read(Step::Greeting)?;
        session.demand(greeting, 2, Step::Greeting)?;
        session.hello(&name)?;
        match later {
            None => Ok(session),
            Some(client) => {
                session.ask_for_tls()?;
                session.stream = session.stream.start_tls(client, &peer).map_err(way)?;
                // what was said in the clear no longer counts (RFC 3207 section 4.2)
                session.hello(&name)?;
                Ok(session)
            }
        }
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
        let Err(error) = self.stream.write_all(bytes) else {
            return Ok(());
        };
        if is_timeout(&error) {
            return Err(self.broken(step, Snag::LateSending, None));
        }
        match self.inbox.reply(&mut self.stream) {
            Ok(reply) if reply.class() >= 4 => Err(self.refused(step, &reply)),
            _ => Err(self.broken(step, Snag::Lost, Some(error))),
        }
    }

    /// Reads one reply, whatever it says.
    pub(super) fn read(&mut self, step: Step) -> Result<Raw, Error> {
        self.inbox
            .reply(&mut self.stream)
            .map_err(|missing| match missing {
                Missing::Closed => self.broken(step, Snag::Closed, None),
                Missing::Garbled => self.broken(step, Snag::Garbled, None),
                Missing::Io(error) if !is_timeout(&error) => {
                    self.broken(step, Snag::Lost, Some(error))
                }
                Missing::Io(_) if step == Step::Greeting => {
                    self.broken(step, Snag::LateGreeting, None)
                }
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

    /// Says goodbye; what the server makes of it no longer matters.
    pub(super) fn quit(mut self, deadline: Deadline) {
        let left = deadline.left().unwrap_or_default();
        self.stream.hurry(Deadline::after(left.min(GOODBYE)));
        if self.stream.write_all(b"QUIT\r\n").is_ok() {
            let _ = self.inbox.reply(&mut self.stream);
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
            advice: advice::for_smtp(&reply, step, None),
            reply,
        }
    }

    pub(super) fn broken(&self, step: Step, snag: Snag, source: Option<std::io::Error>) -> Error {
        Error::Broken {
            server: self.server.clone(),
            step,
            advice: snag.advice(),
            source,
        }
    }

    pub(super) fn lacking(&self, snag: Snag, offered: String) -> Error {
        Error::Lacking {
            server: self.server.clone(),
            advice: snag.advice(),
            offered: self.redactor.clean(&offered),
        }
    }
}

fn way(error: crate::Error) -> Error {
    Error::Way(Box::new(error))
}

/// A handshake that failed where TLS begins at once: a server that speaks first in the clear has a
/// cure of its own.
fn at_once(peer: &Peer, error: crate::Error) -> Error {
    match error {
        crate::Error::Way { advice, source, .. } if advice.key == "not-tls" => Error::Broken {
            server: peer.name(),
            step: Step::Greeting,
            advice: Snag::NotTls.advice(),
            source,
        },
        other => way(other),
    }
}

/// The argument of EHLO: the full name, else an address literal (RFC 5321 section 4.1.3).
fn own_name(host: &Host, stream: &Stream) -> String {
    if let Some(name) = host.fqdn() {
        return name;
    }
    match stream.local_address() {
        Some(IpAddr::V6(address)) => format!("[IPv6:{address}]"),
        Some(IpAddr::V4(address)) => format!("[{address}]"),
        None => "[127.0.0.1]".to_owned(),
    }
}
