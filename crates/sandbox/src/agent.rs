//! ureq over OpenSSL: for the person who consents, for tests, and for what benchmarks compare with.

use std::io::{self, Read, Write};
use std::path::Path;

use openssl::error::ErrorStack;
use openssl::ssl::{self, Ssl, SslContext, SslMethod, SslStream, SslVerifyMode};
use ureq::config::Config;
use ureq::unversioned::resolver::DefaultResolver;
use ureq::unversioned::transport::{
    Buffers, ConnectionDetails, Connector, LazyBuffers, NextTimeout, TcpConnector, Transport,
    TransportAdapter,
};
use ureq::{Agent, Error};

/// An agent that trusts the certificates of this file and no others.
pub fn trusting(bundle: &Path, config: Config) -> Result<Agent, ErrorStack> {
    let mut tls = SslContext::builder(SslMethod::tls_client())?;
    tls.set_ca_file(bundle)?;
    tls.set_verify(SslVerifyMode::PEER);
    let connector = ().chain(TcpConnector::default()).chain(OverTls(tls.build()));
    let resolver = DefaultResolver::default();
    Ok(Agent::with_parts(config, connector, resolver))
}

#[derive(Debug)]
struct OverTls(SslContext);

impl<In: Transport> Connector<In> for OverTls {
    type Out = Line<In>;

    fn connect(
        &self,
        details: &ConnectionDetails,
        chained: Option<In>,
    ) -> Result<Option<Line<In>>, Error> {
        let Some(tcp) = chained else {
            return Ok(None);
        };
        let name = details.uri.host().unwrap_or_default();
        let mut tcp = TransportAdapter::new(tcp, details.current_time.clone());
        tcp.set_timeout(details.timeout);
        let mut stream = self.stream(name, tcp).map_err(io::Error::from)?;
        stream.connect().map_err(told)?;
        let config = details.config;
        let buffers = LazyBuffers::new(config.input_buffer_size(), config.output_buffer_size());
        Ok(Some(Line { stream, buffers }))
    }
}

impl OverTls {
    fn stream<S: Read + Write>(&self, name: &str, tcp: S) -> Result<SslStream<S>, ErrorStack> {
        let mut ssl = Ssl::new(&self.0)?;
        ssl.set_hostname(name)?;
        ssl.param_mut().set_host(name)?;
        SslStream::new(ssl, tcp)
    }
}

struct Line<In: Transport> {
    stream: SslStream<TransportAdapter<In>>,
    buffers: LazyBuffers,
}

impl<In: Transport> std::fmt::Debug for Line<In> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Line")
    }
}

impl<In: Transport> Transport for Line<In> {
    fn buffers(&mut self) -> &mut dyn Buffers {
        &mut self.buffers
    }

    fn transmit_output(&mut self, amount: usize, timeout: NextTimeout) -> Result<(), Error> {
        self.stream.get_mut().set_timeout(timeout);
        let output = self.buffers.output().get(..amount).unwrap_or_default();
        Ok(self.stream.write_all(output)?)
    }

    fn await_input(&mut self, timeout: NextTimeout) -> Result<bool, Error> {
        self.stream.get_mut().set_timeout(timeout);
        let count = self.stream.read(self.buffers.input_append_buf())?;
        self.buffers.input_appended(count);
        Ok(count > 0)
    }

    fn is_open(&mut self) -> bool {
        self.stream.get_mut().get_mut().is_open()
    }

    fn is_tls(&self) -> bool {
        true
    }
}

fn told(error: ssl::Error) -> Error {
    let error = error.into_io_error().unwrap_or_else(io::Error::other);
    error.into()
}
