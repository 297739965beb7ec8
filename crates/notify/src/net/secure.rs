//! TLS over a socket with a deadline.

use std::io::{self, ErrorKind, Read, Write};
use std::net::IpAddr;
use std::sync::{Arc, Mutex, PoisonError};

use openssl::error::ErrorStack;
use openssl::nid::Nid;
use openssl::ssl::{self, ErrorCode, Ssl, SslStream, SslVerifyMode};
use openssl::x509::X509NameRef;

use super::refusal::{self, Refused};
use super::stream::Timed;
use super::{Error, Peer};
use crate::cause::Loss;
use crate::tls::{self, Client, seconds};

/// As many of a peer's first bytes as tell TLS from other protocols.
const FIRST: usize = 8;
/// So many characters of a name in a certificate are shown.
const MAX_NAME: usize = 100;

/// A socket, and the first that came over it.
#[derive(Debug)]
struct Heard {
    socket: Timed,
    first: Vec<u8>,
}

impl Read for Heard {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.socket.read(buffer)?;
        let wanted = count.min(FIRST.saturating_sub(self.first.len()));
        self.first
            .extend_from_slice(buffer.get(..wanted).unwrap_or_default());
        Ok(count)
    }
}

impl Write for Heard {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.socket.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.socket.flush()
    }
}

/// A certificate for a person's eyes.
#[derive(Debug)]
pub(crate) struct Certificate {
    pub(crate) subject: String,
    /// The last one of its chain, which this machine trusts.
    pub(crate) authority: String,
    /// When it ends, in seconds since the epoch.
    pub(crate) ends: i64,
}

/// The common name, else the organisation; bounded and free of control characters.
fn name(name: &X509NameRef) -> String {
    let of = |nid| name.entries_by_nid(nid).next();
    let entry = of(Nid::COMMONNAME).or_else(|| of(Nid::ORGANIZATIONNAME));
    let text = entry.and_then(|entry| entry.data().to_string().ok());
    let text = text.unwrap_or_default();
    let shown: String = text
        .chars()
        .filter(|c| !c.is_control())
        .take(MAX_NAME)
        .collect();
    match shown.as_str() {
        "" => "(no name)".to_owned(),
        _ => format!("'{shown}'"),
    }
}

/// A TLS connection.
#[derive(Debug)]
pub(crate) struct TlsStream(SslStream<Heard>);

impl TlsStream {
    /// Agrees on TLS with the peer over a connected socket.
    pub(super) fn open(socket: Timed, client: &Client, peer: &Peer) -> Result<Self, Error> {
        let refused = Arc::new(Mutex::new(None));
        let ssl = prepare(client, peer, &refused)?;
        let heard = Heard {
            socket,
            first: Vec::new(),
        };
        let mut stream =
            SslStream::new(ssl, heard).map_err(|stack| unusable(peer, Loss::Tls, &stack))?;
        let Err(error) = stream.connect() else {
            return Ok(Self(stream));
        };
        let refused = refused
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .take();
        if refused.as_ref().is_some_and(Refused::depends_on_store) {
            client.miss();
        }
        Err(refusal::explain(
            peer,
            error,
            refused,
            &stream.get_ref().first,
        ))
    }

    pub(super) fn write_all(&mut self, mut bytes: &[u8]) -> io::Result<()> {
        while !bytes.is_empty() {
            let count = self.0.ssl_write(bytes).map_err(plain)?;
            bytes = bytes.get(count..).unwrap_or_default();
        }
        Ok(())
    }

    /// 0 where the peer has closed TLS in order. The connection's end alone is a failure: what came
    /// may have been cut short.
    pub(super) fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        match self.0.ssl_read(buffer) {
            Err(error) if error.code() == ErrorCode::ZERO_RETURN => Ok(0),
            result => result.map_err(plain),
        }
    }

    /// What was agreed on: the version and the suite.
    pub(super) fn agreed(&self) -> String {
        let ssl = self.0.ssl();
        let suite = ssl.current_cipher().map_or("", |cipher| cipher.name());
        format!("{} {suite}", ssl.version_str())
    }

    /// What the server's certificate says, and who is trusted for it.
    pub(super) fn certificate(&self) -> Option<Certificate> {
        let ssl = self.0.ssl();
        let certificate = ssl.peer_certificate()?;
        let chain = ssl.verified_chain()?;
        let authority = chain.iter().last()?;
        Some(Certificate {
            subject: name(certificate.subject_name()),
            authority: name(authority.subject_name()),
            ends: seconds(certificate.not_after())?,
        })
    }

    pub(super) fn socket(&self) -> &Timed {
        &self.0.get_ref().socket
    }

    pub(super) fn socket_mut(&mut self) -> &mut Timed {
        &mut self.0.get_mut().socket
    }
}

/// The state of a connection that is about to begin. Why a certificate is refused is noted in passing;
/// the verdict is OpenSSL's.
fn prepare(
    client: &Client,
    peer: &Peer,
    refused: &Arc<Mutex<Option<Refused>>>,
) -> Result<Ssl, Error> {
    let unset = |stack| unusable(peer, Loss::Tls, &stack);
    let unnamed = |stack| unusable(peer, Loss::CertificateName, &stack);
    let mut ssl = Ssl::new(client.context()).map_err(unset)?;
    if let Ok(address) = peer.host.parse::<IpAddr>() {
        ssl.param_mut().set_ip(address).map_err(unset)?;
    } else {
        // a certificate's name has no dot at its end, and OpenSSL compares to the letter
        ssl.param_mut().set_host(&peer.host).map_err(unnamed)?;
        let name = peer.host.strip_suffix('.').unwrap_or(&peer.host);
        ssl.set_hostname(name).map_err(unnamed)?;
    }
    let note = Arc::clone(refused);
    ssl.set_verify_callback(SslVerifyMode::PEER, move |accepted, context| {
        if !accepted {
            let found = Refused {
                verdict: context.error(),
                depth: context.error_depth(),
            };
            *note.lock().unwrap_or_else(PoisonError::into_inner) = Some(found);
        }
        accepted
    });
    Ok(ssl)
}

fn unusable(peer: &Peer, loss: Loss, stack: &ErrorStack) -> Error {
    peer.lost(loss, Some(tls::failure(stack)))
}

/// A failure of an agreed connection in the system's words.
fn plain(error: ssl::Error) -> io::Error {
    match error.into_io_error() {
        Ok(error) => error,
        Err(error) => match error.ssl_error() {
            Some(stack) if !refusal::is_end(stack) => refusal::words(stack),
            _ => ErrorKind::UnexpectedEof.into(),
        },
    }
}
