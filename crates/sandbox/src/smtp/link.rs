//! One connection, in the clear or with TLS: whole lines in, replies out in as few writes as possible.

use std::io::{Error, ErrorKind, Read, Result, Write};
use std::net::TcpStream;
use std::ops::Range;
use std::time::Duration;

use openssl::ssl::{Ssl, SslContext};

use crate::wire::{Socket, Stream};

/// How long a client may take for one command.
const PATIENCE: Duration = Duration::from_secs(30);
/// The most that is read at a time, in octets.
const CHUNK: usize = 16 * 1024;
/// The longest line that is read at all, in octets: RFC 4954 allows this much for a response.
const MAX_LINE: usize = 12_288;

enum Wire {
    Clear(Socket),
    Tls(Stream),
    /// Between the two, or after the end.
    Gone,
}

pub struct Link {
    wire: Wire,
    tls: SslContext,
    pub is_tls: bool,
    input: Vec<u8>,
    /// The line that came last.
    line: Range<usize>,
    /// Where the next bytes are read to.
    chunk: Vec<u8>,
    output: Vec<u8>,
}

impl Link {
    pub fn new(tcp: TcpStream, tls: SslContext) -> Result<Self> {
        // small replies must not wait for the acknowledgement of the last ones
        tcp.set_nodelay(true)?;
        Ok(Self {
            wire: Wire::Clear(Socket::new(tcp)),
            tls,
            is_tls: false,
            input: Vec::new(),
            line: 0..0,
            chunk: vec![0; CHUNK],
            output: Vec::new(),
        })
    }

    /// Everything from here on is said over TLS; what was read ahead in the clear is dropped.
    pub fn secure(&mut self) -> Result<()> {
        self.flush()?;
        self.input.clear();
        self.line = 0..0;
        let Wire::Clear(mut socket) = std::mem::replace(&mut self.wire, Wire::Gone) else {
            return Err(ErrorKind::NotConnected.into());
        };
        socket.allow(PATIENCE);
        let mut stream = Stream::new(Ssl::new(&self.tls)?, socket)?;
        let agreed = stream.accept();
        agreed.map_err(|error| error.into_io_error().unwrap_or_else(Error::other))?;
        self.wire = Wire::Tls(stream);
        self.is_tls = true;
        Ok(())
    }

    /// Lets reads and writes take this long from now on.
    pub fn allow(&mut self, time: Duration) {
        match &mut self.wire {
            Wire::Clear(socket) => socket.allow(time),
            Wire::Tls(stream) => stream.get_mut().allow(time),
            Wire::Gone => {}
        }
    }

    /// The next line with its end; `None` at the end of the connection or beyond all measure.
    pub fn line(&mut self) -> Result<Option<Vec<u8>>> {
        Ok(self.next()?.then(|| self.current().to_vec()))
    }

    /// The line that came last, with its end.
    pub fn current(&self) -> &[u8] {
        self.input.get(self.line.clone()).unwrap_or_default()
    }

    /// Waits for the next line; `false` at the end of the connection or beyond all measure.
    pub fn next(&mut self) -> Result<bool> {
        self.line.start = self.line.end;
        let (mut searched, mut waits) = (self.line.start, false);
        loop {
            let rest = self.input.get(searched..).unwrap_or_default();
            if let Some(end) = rest.iter().position(|&byte| byte == b'\n') {
                self.line.end = searched + end + 1;
                return Ok(true);
            }
            if self.input.len() - self.line.start > MAX_LINE {
                return Ok(false);
            }
            if !waits {
                self.allow(PATIENCE);
                waits = true;
            }
            self.input.drain(..self.line.start);
            self.line = 0..0;
            searched = self.input.len();
            // nothing more to do before the client speaks again: it wants to see all replies
            self.flush()?;
            if !self.fill()? {
                return Ok(false);
            }
        }
    }

    /// Reads what has come; `false` at the end of the connection.
    fn fill(&mut self) -> Result<bool> {
        let mut chunk = std::mem::take(&mut self.chunk);
        let count = self.read(&mut chunk);
        let read = count.map(|count| chunk.get(..count).unwrap_or_default());
        let read = read.map(|bytes| {
            self.input.extend_from_slice(bytes);
            !bytes.is_empty()
        });
        self.chunk = chunk;
        read
    }

    /// Puts bytes in line to be sent.
    pub fn say(&mut self, bytes: &[u8]) {
        self.output.extend_from_slice(bytes);
    }

    pub fn flush(&mut self) -> Result<()> {
        if self.output.is_empty() {
            return Ok(());
        }
        let written = match &mut self.wire {
            Wire::Clear(socket) => socket.write_all(&self.output),
            Wire::Tls(stream) => stream.write_all(&self.output).and_then(|()| stream.flush()),
            Wire::Gone => Err(ErrorKind::NotConnected.into()),
        };
        self.output.clear();
        written
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
            Wire::Tls(stream) => stream.get_ref().reset(),
            Wire::Gone => Ok(()),
        }
    }
}
