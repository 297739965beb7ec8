//! The seam between ureq, which frames HTTP, and our own connections.
//!
//! ureq's own connectors know nothing of the host's lookup, trust store and proxy, and their timeouts
//! do not name the phase. Here ureq gets a transport that is already connected by [`crate::net`];
//! errors pass through it as [`Error`] and come out whole.

use std::net::{Ipv4Addr, SocketAddr};

use ::oauth2::http::Uri;
use ureq::config::Config;
use ureq::unversioned::resolver::{ResolvedSocketAddrs, Resolver};
use ureq::unversioned::transport::{
    Buffers, ConnectionDetails, Connector, LazyBuffers, NextTimeout, Transport,
};

use crate::net::{self, Peer, TlsStream};
use crate::{Deadline, Error, Host};

/// Connects to one peer, whatever ureq is asked for.
#[derive(Debug)]
pub(super) struct Wire {
    pub(super) host: Host,
    pub(super) peer: Peer,
    pub(super) deadline: Deadline,
}

impl Connector<()> for Wire {
    type Out = Line;

    fn connect(
        &self,
        details: &ConnectionDetails,
        _chained: Option<()>,
    ) -> Result<Option<Line>, ureq::Error> {
        let stream = net::connect_tls(&self.host, &self.peer, self.deadline).map_err(pass)?;
        let config = details.config;
        let buffers = LazyBuffers::new(config.input_buffer_size(), config.output_buffer_size());
        Ok(Some(Line { stream, buffers }))
    }
}

/// One connection.
#[derive(Debug)]
pub(super) struct Line {
    stream: TlsStream,
    buffers: LazyBuffers,
}

impl Transport for Line {
    fn buffers(&mut self) -> &mut dyn Buffers {
        &mut self.buffers
    }

    fn transmit_output(&mut self, amount: usize, _: NextTimeout) -> Result<(), ureq::Error> {
        let output = self.buffers.output();
        self.stream
            .send(output.get(..amount).unwrap_or_default())
            .map_err(pass)
    }

    fn await_input(&mut self, _: NextTimeout) -> Result<bool, ureq::Error> {
        let count = self
            .stream
            .receive(self.buffers.input_append_buf())
            .map_err(pass)?;
        self.buffers.input_appended(count);
        Ok(count > 0)
    }

    // nothing is kept: a forked child would talk on its parent's connection
    fn is_open(&mut self) -> bool {
        false
    }

    fn is_tls(&self) -> bool {
        true
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
