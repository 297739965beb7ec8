//! The seam between ureq, which frames HTTP, and our own connections.
//!
//! ureq's own connectors know nothing of the host's lookup, trust store and proxy, and their timeouts
//! do not name the phase. Here ureq gets a transport that is already connected by [`crate::net`];
//! errors pass through it as [`net::Error`] and come out whole.

use std::io::{self, ErrorKind};
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, OnceLock};

use oauth2::http::Uri;
use ureq::config::Config;
use ureq::unversioned::resolver::{ResolvedSocketAddrs, Resolver};
use ureq::unversioned::transport::{
    Buffers, ConnectionDetails, Connector, LazyBuffers, NextTimeout, Transport,
};

use crate::cause::{Loss, Phase};
use crate::deadline::Ends;
use crate::net::{self, Error, Peer, Relay, Stream, Trip, is_timeout, wants_certificate};

/// Connects to one peer, whatever ureq is asked for.
#[derive(Debug)]
pub(super) struct Wire {
    pub(super) trip: Trip,
    pub(super) peer: Peer,
    pub(super) tls: bool,
    pub(super) ends: Ends,
    /// Set as soon as something is sent.
    pub(super) gone: Arc<AtomicBool>,
    /// Host and port as the field `Host` has them.
    pub(super) authority: String,
    /// Set where a proxy passes requests on.
    pub(super) relay: Arc<OnceLock<Relay>>,
}

impl Connector<()> for Wire {
    type Out = Line;

    fn connect(
        &self,
        details: &ConnectionDetails,
        _chained: Option<()>,
    ) -> Result<Option<Line>, ureq::Error> {
        let (stream, relay) =
            net::connect_http(&self.trip, &self.peer, self.tls, self.ends).map_err(pass)?;
        let through = relay.clone().map(|relay| (relay, self.authority.clone()));
        if let Some(relay) = relay {
            let _ = self.relay.set(relay);
        }
        let config = details.config;
        let buffers = LazyBuffers::new(config.input_buffer_size(), config.output_buffer_size());
        Ok(Some(Line {
            stream,
            peer: self.peer.clone(),
            tls: self.tls,
            answered: false,
            gone: Arc::clone(&self.gone),
            through,
            buffers,
        }))
    }
}

/// One connection.
#[derive(Debug)]
pub(super) struct Line {
    stream: Stream,
    peer: Peer,
    tls: bool,
    /// Something of the answer has come.
    answered: bool,
    gone: Arc<AtomicBool>,
    /// The proxy that has to be told whom the request is for, until it is.
    through: Option<(Relay, String)>,
    buffers: LazyBuffers,
}

impl Transport for Line {
    fn buffers(&mut self) -> &mut dyn Buffers {
        &mut self.buffers
    }

    fn transmit_output(&mut self, amount: usize, _: NextTimeout) -> Result<(), ureq::Error> {
        self.gone.store(true, Ordering::Relaxed);
        let output = self.buffers.output().get(..amount).unwrap_or_default();
        let sent = match self.through.take() {
            // the first output has the whole line of the request: the buffer is made for that
            Some((relay, authority)) => self.stream.write_all(&relay.absolute(&authority, output)),
            None => self.stream.write_all(output),
        };
        sent.map_err(|error| {
            pass(if is_timeout(&error) {
                self.peer.late(Phase::Send)
            } else if wants_certificate(&error) {
                self.peer.lost(Loss::TlsAlert, Some(error))
            } else {
                self.peer.lost(Loss::LostSending, Some(error))
            })
        })
    }

    fn await_input(&mut self, _: NextTimeout) -> Result<bool, ureq::Error> {
        match self.stream.read(self.buffers.input_append_buf()) {
            Ok(count) => {
                self.buffers.input_appended(count);
                self.answered |= count > 0;
                Ok(count > 0)
            }
            Err(error) => Err(pass(self.unanswered(error))),
        }
    }

    // nothing is kept: a forked child would talk on its parent's connection
    fn is_open(&mut self) -> bool {
        false
    }

    fn is_tls(&self) -> bool {
        self.tls
    }
}

impl Line {
    fn unanswered(&self, error: io::Error) -> Error {
        let lost = |cause, source| self.peer.lost(cause, source);
        match (error.kind(), self.answered) {
            _ if is_timeout(&error) => self.peer.late(if self.answered {
                Phase::Read
            } else {
                Phase::Wait
            }),
            (_, false) if wants_certificate(&error) => lost(Loss::TlsAlert, Some(error)),
            (ErrorKind::UnexpectedEof, true) => lost(Loss::Unsealed, None),
            (ErrorKind::UnexpectedEof, false) => lost(Loss::LostWaiting, None),
            (_, true) => lost(Loss::LostReading, Some(error)),
            (_, false) => lost(Loss::LostWaiting, Some(error)),
        }
    }
}

/// ureq wants an address; [`Wire`] looks names up itself and does not use it.
#[derive(Debug)]
pub(super) struct NoLookup;

impl Resolver for NoLookup {
    fn resolve(
        &self,
        _: &Uri,
        _: &Config,
        _: NextTimeout,
    ) -> Result<ResolvedSocketAddrs, ureq::Error> {
        let mut addresses = self.empty();
        addresses.push(SocketAddr::from((Ipv4Addr::UNSPECIFIED, 0)));
        Ok(addresses)
    }
}

fn pass(error: Error) -> ureq::Error {
    ureq::Error::Other(Box::new(error))
}
