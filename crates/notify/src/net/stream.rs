//! Connections, in the clear and with TLS, whose every read and write ends at the deadline.
//!
//! The socket's own timeouts count from the last byte, so a peer that drips bytes would hold them for
//! ever: here each system call gets what is left of the one budget.

use std::io::{self, ErrorKind, Read, Write};
use std::net::{IpAddr, TcpStream};
use std::time::Duration;

use super::secure::{Certificate, TlsStream};
use super::{Error, Peer, is_timeout};
use crate::Deadline;
use crate::tls::Client;

/// The longest single wait. The kernel may end a socket's timeout an eighth late, 20 s after 22.5 s;
/// so the wait is made of short ones.
const SLICE: Duration = Duration::from_secs(1);

/// A socket with a deadline.
#[derive(Debug)]
pub(crate) struct Timed {
    tcp: TcpStream,
    deadline: Deadline,
    /// The timeouts that the socket has, so that only a change costs a system call.
    for_read: Option<Duration>,
    for_write: Option<Duration>,
}

impl Timed {
    /// A socket that has no timeouts yet.
    pub(super) fn new(tcp: TcpStream, deadline: Deadline) -> Self {
        Self {
            tcp,
            deadline,
            for_read: None,
            for_write: None,
        }
    }

    /// How long the next system call may wait.
    fn slice(&self) -> io::Result<Option<Duration>> {
        let left = self.deadline.left().ok_or(ErrorKind::TimedOut)?;
        Ok(Some(left.min(SLICE)))
    }
}

/// The end of a slice, or a signal of the host program, which does not shorten the call.
fn goes_on(error: &io::Error) -> bool {
    is_timeout(error) || error.kind() == ErrorKind::Interrupted
}

impl Read for Timed {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        loop {
            let slice = self.slice()?;
            if self.for_read != slice {
                self.tcp.set_read_timeout(slice)?;
                self.for_read = slice;
            }
            match self.tcp.read(buffer) {
                Err(error) if goes_on(&error) => {}
                result => return result,
            }
        }
    }
}

impl Write for Timed {
    // write_vectored stays at its default, which ends here: std sends with MSG_NOSIGNAL only in
    // `write`, and a host program may leave SIGPIPE at its deadly default
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        loop {
            let slice = self.slice()?;
            if self.for_write != slice {
                self.tcp.set_write_timeout(slice)?;
                self.for_write = slice;
            }
            match self.tcp.write(bytes) {
                Err(error) if goes_on(&error) => {}
                result => return result,
            }
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// A connection that may begin in the clear. Its failures are the system's, for a protocol that tells
/// them in its own words; it ends for good at the deadline.
#[derive(Debug)]
pub(crate) enum Stream {
    Clear(Timed),
    Tls(Box<TlsStream>),
}

impl Stream {
    /// Sends all bytes. An error means that the last of them has not left this machine.
    pub(crate) fn write_all(&mut self, bytes: &[u8]) -> io::Result<()> {
        match self {
            Self::Clear(socket) => socket.write_all(bytes),
            Self::Tls(stream) => stream.write_all(bytes),
        }
    }

    /// Reads what has come, at least one byte; 0 at the end.
    pub(crate) fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        match self {
            Self::Clear(socket) => socket.read(buffer),
            Self::Tls(stream) => stream.read(buffer),
        }
    }

    /// The version and the suite of TLS; `None` in the clear.
    pub(crate) fn agreed(&self) -> Option<String> {
        match self {
            Self::Clear(_) => None,
            Self::Tls(stream) => Some(stream.agreed()),
        }
    }

    /// The server's certificate; `None` without TLS.
    pub(crate) fn certificate(&self) -> Option<Certificate> {
        match self {
            Self::Clear(_) => None,
            Self::Tls(stream) => stream.certificate(),
        }
    }

    /// The same connection with TLS from here on.
    pub(crate) fn start_tls(self, client: &Client, peer: &Peer) -> Result<Self, Error> {
        match self {
            Self::Clear(socket) => {
                TlsStream::open(socket, client, peer).map(|tls| Self::Tls(Box::new(tls)))
            }
            tls @ Self::Tls(_) => Ok(tls),
        }
    }

    /// Ends then, not when it was planned.
    pub(crate) fn end_at(&mut self, deadline: Deadline) {
        self.socket_mut().deadline = deadline;
    }

    /// The address of this machine on the way to the peer.
    pub(crate) fn local_address(&self) -> Option<IpAddr> {
        let socket = match self {
            Self::Clear(socket) => socket,
            Self::Tls(stream) => stream.socket(),
        };
        let address = socket.tcp.local_addr().ok()?;
        Some(address.ip().to_canonical())
    }

    fn socket_mut(&mut self) -> &mut Timed {
        match self {
            Self::Clear(socket) => socket,
            Self::Tls(stream) => stream.socket_mut(),
        }
    }
}
