//! One connection, in the clear or with TLS: whole lines in, replies out in as few writes as possible.

use std::io::{Error, ErrorKind, Read, Result, Write};
use std::net::TcpStream;
use std::sync::Arc;
use std::time::Duration;

use rustls::{ServerConfig, ServerConnection};

use crate::wire::{Socket, Stream};

/// How long a client may take for one command.
const PATIENCE: Duration = Duration::from_secs(30);
/// The longest line that is read at all, in octets: RFC 4954 allows this much for a response.
const MAX_LINE: usize = 12_288;

enum Wire {
    Clear(Socket),
    Tls(Box<Stream>),
    /// Between the two, or after the end.
    Gone,
}

pub struct Link {
    wire: Wire,
    tls: Arc<ServerConfig>,
    pub is_tls: bool,
    input: Vec<u8>,
    used: usize,
    output: Vec<u8>,
}

impl Link {
    pub fn new(tcp: TcpStream, tls: Arc<ServerConfig>) -> Result<Self> {
        // small replies must not wait for the acknowledgement of the last ones
        tcp.set_nodelay(true)?;
        Ok(Self {
            wire: Wire::Clear(Socket::new(tcp)),
            tls,
            is_tls: false,
            input: Vec::new(),
            used: 0,
            output: Vec::new(),
        })
    }

    /// Everything from here on is said over TLS; what was read ahead in the clear is dropped.
    pub fn secure(&mut self) -> Result<()> {
        self.flush()?;
        self.input.clear();
        self.used = 0;
        let Wire::Clear(mut socket) = std::mem::replace(&mut self.wire, Wire::Gone) else {
            return Err(ErrorKind::NotConnected.into());
        };
        socket.allow(PATIENCE);
        let connection = ServerConnection::new(self.tls.clone()).map_err(Error::other)?;
        let mut stream = Stream::new(connection, socket);
        while stream.conn.is_handshaking() {
            stream.conn.complete_io(&mut stream.sock)?;
        }
        self.wire = Wire::Tls(Box::new(stream));
        self.is_tls = true;
        Ok(())
    }

    /// Lets reads and writes take this long from now on.
    pub fn allow(&mut self, time: Duration) {
        match &mut self.wire {
            Wire::Clear(socket) => socket.allow(time),
            Wire::Tls(stream) => stream.sock.allow(time),
            Wire::Gone => {}
        }
    }

    /// The next line with its end; `None` at the end of the connection or beyond all measure.
    pub fn line(&mut self) -> Result<Option<Vec<u8>>> {
        self.allow(PATIENCE);
        loop {
            let rest = self.input.get(self.used..).unwrap_or_default();
            if let Some(end) = rest.iter().position(|&byte| byte == b'\n') {
                let line = rest.get(..=end).unwrap_or_default().to_vec();
                self.used += end + 1;
                return Ok(Some(line));
            }
            if rest.len() > MAX_LINE {
                return Ok(None);
            }
            self.input.drain(..self.used);
            self.used = 0;
            // nothing more to do before the client speaks again: it wants to see all replies
            self.flush()?;
            let mut chunk = [0; 16 * 1024];
            let count = self.read(&mut chunk)?;
            if count == 0 {
                return Ok(None);
            }
            self.input
                .extend_from_slice(chunk.get(..count).unwrap_or_default());
        }
    }

    /// Puts bytes in line to be sent.
    pub fn say(&mut self, bytes: &[u8]) {
        self.output.extend_from_slice(bytes);
    }

    pub fn flush(&mut self) -> Result<()> {
        let output = std::mem::take(&mut self.output);
        if output.is_empty() {
            return Ok(());
        }
        match &mut self.wire {
            Wire::Clear(socket) => socket.write_all(&output),
            Wire::Tls(stream) => stream.write_all(&output).and_then(|()| stream.flush()),
            Wire::Gone => Err(ErrorKind::NotConnected.into()),
        }
    }

    pub fn read(&mut self, buffer: &mut [u8]) -> Result<usize> {
        match &mut self.wire {
            Wire::Clear(socket) => socket.read(buffer),
            Wire::Tls(stream) => stream.read(buffer),
            Wire::Gone => Ok(0),
        }
    }

    /// The end of the connection will be a reset instead of a goodbye.
    pub fn reset(&mut self) -> Result<()> {
        match &self.wire {
            Wire::Clear(socket) => socket.reset(),
            Wire::Tls(stream) => stream.sock.reset(),
            Wire::Gone => Ok(()),
        }
    }
}
