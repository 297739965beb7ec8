//! A TCP socket whose every read and write ends at one deadline, however slowly the peer drips.

use std::io::{Error, ErrorKind, Read, Result, Write};
use std::net::TcpStream;
use std::time::{Duration, Instant};

/// The longest single wait. Being the same most of the time, it costs no system call of its own.
const SLICE: Duration = Duration::from_secs(1);

pub struct Socket {
    tcp: TcpStream,
    end: Instant,
    /// The timeouts that the socket has.
    for_read: Duration,
    for_write: Duration,
}

impl Socket {
    pub fn new(tcp: TcpStream) -> Self {
        Self {
            tcp,
            end: Instant::now(),
            for_read: Duration::ZERO,
            for_write: Duration::ZERO,
        }
    }

    /// From now on reads and writes have this long, all together.
    pub fn allow(&mut self, time: Duration) {
        self.end = Instant::now() + time;
    }

    /// The end of the connection will be a reset instead of a goodbye.
    pub fn reset(&self) -> Result<()> {
        socket2::SockRef::from(&self.tcp).set_linger(Some(Duration::ZERO))
    }

    /// How long the next system call may wait.
    fn slice(&self) -> Result<Duration> {
        let left = self.end.saturating_duration_since(Instant::now());
        if left.is_zero() {
            // the one end that leaves OpenSSL able to go on: a peer that is late still gets an answer
            Err(Error::from(ErrorKind::WouldBlock))
        } else {
            Ok(left.min(SLICE))
        }
    }
}

fn goes_on(error: &Error) -> bool {
    matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut)
}

impl Read for Socket {
    fn read(&mut self, buffer: &mut [u8]) -> Result<usize> {
        loop {
            let slice = self.slice()?;
            if self.for_read != slice {
                self.tcp.set_read_timeout(Some(slice))?;
                self.for_read = slice;
            }
            match self.tcp.read(buffer) {
                Err(error) if goes_on(&error) => {}
                result => return result,
            }
        }
    }
}

impl Write for Socket {
    fn write(&mut self, buffer: &[u8]) -> Result<usize> {
        loop {
            let slice = self.slice()?;
            if self.for_write != slice {
                self.tcp.set_write_timeout(Some(slice))?;
                self.for_write = slice;
            }
            match self.tcp.write(buffer) {
                Err(error) if goes_on(&error) => {}
                result => return result,
            }
        }
    }

    fn flush(&mut self) -> Result<()> {
        self.tcp.flush()
    }
}
