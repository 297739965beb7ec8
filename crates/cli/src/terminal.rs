//! A person at a terminal: a line that is not shown, and Ctrl-C, which is no end but an answer.

use std::io::{self, IsTerminal, stdin};
use std::ops::Range;
use std::os::fd::AsFd;
use std::time::Duration;

use nix::sys::signal::{SigSet, Signal};
use nix::sys::signalfd::{SfdFlags, SignalFd};
use notify::Secret;
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::termios::{LocalModes, OptionalActions, Termios, tcgetattr, tcsetattr};
use zeroize::Zeroizing;

/// The longest line, in bytes.
const MAX: usize = 64 * 1024;

/// What a person has done.
#[derive(Debug)]
pub enum Event {
    /// A line, without its end.
    Line(Secret),
    /// Ctrl-C, or the wish of another process that this one ends.
    Cancel,
    /// Nothing for that long.
    Nothing,
    /// Nobody can answer any more.
    Closed,
}

/// Standard input, and the signals that would end the process.
pub struct Terminal {
    signals: SignalFd,
    blocked: SigSet,
    /// What the terminal is set back to.
    before: Option<Termios>,
    line: Zeroizing<Vec<u8>>,
    /// What was read, and how much of it was looked at.
    bytes: Zeroizing<[u8; 1024]>,
    unread: Range<usize>,
    /// Within a sequence that a key sends, or the terminal around what is pasted.
    in_sequence: bool,
    is_open: bool,
}

impl Terminal {
    /// From now on signals are events, and what is typed is not shown. The terminal's own line of 4,096 bytes is
    /// too short for some codes, hence a line is put together here.
    pub fn open() -> io::Result<Self> {
        let mut set = SigSet::empty();
        for signal in [Signal::SIGINT, Signal::SIGTERM, Signal::SIGHUP] {
            set.add(signal);
        }
        set.thread_block()?;
        let signals = SignalFd::with_flags(&set, SfdFlags::SFD_CLOEXEC | SfdFlags::SFD_NONBLOCK)?;
        let mut before = None;
        if stdin().is_terminal() {
            let now = tcgetattr(stdin())?;
            let mut hidden = now.clone();
            hidden.local_modes -= LocalModes::ECHO | LocalModes::ICANON;
            tcsetattr(stdin(), OptionalActions::Flush, &hidden)?;
            before = Some(now);
        }
        Ok(Self {
            signals,
            blocked: set,
            before,
            // as long as it may get: no copy is left behind where it grows
            line: Zeroizing::new(Vec::with_capacity(MAX)),
            bytes: Zeroizing::new([0; 1024]),
            unread: 0..0,
            in_sequence: false,
            is_open: true,
        })
    }

    /// Whether a person sits there.
    pub fn is_a_persons(&self) -> bool {
        self.before.is_some()
    }

    /// Waits for what a person does.
    pub fn wait(&mut self, longest: Duration) -> io::Result<Event> {
        if let Some(event) = self.next() {
            return Ok(event);
        }
        let stdin = stdin();
        let mut fds = vec![PollFd::from_borrowed_fd(
            self.signals.as_fd(),
            PollFlags::IN,
        )];
        if self.is_open {
            fds.push(PollFd::from_borrowed_fd(stdin.as_fd(), PollFlags::IN));
        }
        let time = Timespec {
            tv_sec: i64::try_from(longest.as_secs()).unwrap_or(i64::MAX),
            tv_nsec: longest.subsec_nanos().into(),
        };
        match poll(&mut fds, Some(&time)) {
            Ok(_) | Err(rustix::io::Errno::INTR) => {}
            Err(error) => return Err(error.into()),
        }
        let is_ready = |index: usize| fds.get(index).is_some_and(|fd| !fd.revents().is_empty());
        let (signal, input) = (is_ready(0), is_ready(1));
        drop(fds);
        if signal && self.signals.read_signal()?.is_some() {
            return Ok(Event::Cancel);
        }
        match input {
            true => self.read(),
            false => Ok(Event::Nothing),
        }
    }

    /// Takes what is there, once all of before was looked at.
    fn read(&mut self) -> io::Result<Event> {
        // past the buffer of the standard library, of which poll knows nothing
        let count = match rustix::io::read(stdin(), &mut *self.bytes) {
            Err(rustix::io::Errno::INTR) => return Ok(Event::Nothing),
            count => count?,
        };
        if count == 0 {
            self.is_open = false;
            return Ok(match self.line.is_empty() {
                true => Event::Closed,
                false => self.take_line(),
            });
        }
        self.unread = 0..count;
        Ok(self.next().unwrap_or(Event::Nothing))
    }

    /// What follows from what was read, a byte at a time where a person types.
    fn next(&mut self) -> Option<Event> {
        let is_typed = self.is_a_persons();
        while let Some(byte) = self
            .unread
            .next()
            .and_then(|at| self.bytes.get(at).copied())
        {
            match byte {
                // ends with a letter or a tilde; the bracket is its beginning
                byte if self.in_sequence => {
                    self.in_sequence = !matches!(byte, b'@'..=b'Z' | b'a'..=b'~');
                }
                b'\n' | b'\r' => return Some(self.take_line()),
                27 if is_typed => self.in_sequence = true,
                // end of input at the terminal
                4 if is_typed => {
                    self.is_open = false;
                    return Some(Event::Closed);
                }
                8 | 127 if is_typed => {
                    self.line.pop();
                }
                // the line or the word is taken back
                21 | 23 if is_typed => self.line.clear(),
                byte if self.line.len() < MAX => self.line.push(byte),
                _ => {}
            }
        }
        None
    }

    fn take_line(&mut self) -> Event {
        let line = Secret::new(String::from_utf8_lossy(&self.line));
        self.line.clear();
        Event::Line(line)
    }
}

impl Drop for Terminal {
    fn drop(&mut self) {
        if let Some(before) = &self.before {
            let _ = tcsetattr(stdin(), OptionalActions::Flush, before);
        }
        // the work is done, hence nobody has to end it any more
        while matches!(self.signals.read_signal(), Ok(Some(_))) {}
        let _ = self.blocked.thread_unblock();
    }
}
