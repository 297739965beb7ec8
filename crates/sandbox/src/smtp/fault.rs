//! Misbehaviour of the mail server: what can be ordered, and how it is put on the wire.

use std::io::Result;
use std::time::Duration;

use serde::Deserialize;

use super::Wording;
use super::link::Link;

/// No misbehaviour goes on for longer than this.
const LONGEST: Duration = Duration::from_secs(120);

/// One misbehaviour, as the control URL takes it in JSON
/// (`{"at": "RCPT TO:<full@", "kind": "reply", "text": "452 4.2.2 full", "times": 2}`).
#[derive(Deserialize, Clone)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Fault {
    /// The beginning of the command it answers, or `GREETING`, `BODY` (within the message) or `DOT`.
    at: String,
    kind: Kind,
    /// The lines of `reply`; what `inject` sends.
    #[serde(default)]
    text: String,
    /// The pause of `delay`, or between two bytes of `drip`.
    #[serde(default)]
    ms: u64,
    #[serde(default = "once")]
    pub times: u32,
    /// Whether a message that comes to its dot is kept although its reply goes astray.
    #[serde(default = "yes")]
    takes: bool,
}

#[derive(Deserialize, Clone, Copy, PartialEq, Eq)]
#[serde(rename_all = "kebab-case")]
enum Kind {
    /// This reply instead of the true one.
    Reply,
    /// What the wording's server says to a client that does too much.
    Throttle,
    /// The true reply after a pause.
    Delay,
    /// Nothing at all, until the client goes away.
    Silence,
    /// A line without end, byte by byte.
    Drip,
    /// A line without end, as fast as it is taken.
    EndlessLine,
    /// A million lines that each promise another.
    Continuation,
    /// A challenge to this and to all that follows.
    Challenge,
    /// The true reply, and behind it `text` in the same write.
    Inject,
    /// The connection is closed.
    Close,
    /// The connection is reset.
    Reset,
}

fn once() -> u32 {
    1
}

fn yes() -> bool {
    true
}

/// How the conversation goes on after a fault.
pub enum Next {
    /// The true reply follows, then these bytes.
    True(String),
    /// The client has its reply.
    Replied,
    /// The connection is over.
    End,
}

impl Fault {
    pub fn is_for(&self, said: &str) -> bool {
        let begin = said.get(..self.at.len());
        self.times > 0 && begin.is_some_and(|begin| begin.eq_ignore_ascii_case(&self.at))
    }

    /// Whether the server has done what it was asked before it misbehaves: a message is then kept.
    pub fn has_true_effect(&self) -> bool {
        self.takes && !matches!(self.kind, Kind::Reply | Kind::Throttle)
    }

    pub fn play(&self, link: &mut Link, wording: Wording) -> Result<Next> {
        link.allow(LONGEST);
        let reply = match self.kind {
            Kind::Reply => self.text.as_str(),
            Kind::Throttle => wording.throttled(),
            Kind::Delay => {
                link.flush()?;
                std::thread::sleep(Duration::from_millis(self.ms).min(LONGEST));
                return Ok(Next::True(String::new()));
            }
            Kind::Inject => return Ok(Next::True(self.text.clone())),
            Kind::Silence => {
                link.flush()?;
                while link.read(&mut [0; 512])? > 0 {}
                return Ok(Next::End);
            }
            Kind::Drip => {
                link.say(b"250-");
                loop {
                    link.say(b"x");
                    link.flush()?;
                    std::thread::sleep(Duration::from_millis(self.ms).min(LONGEST));
                }
            }
            Kind::EndlessLine => {
                link.say(b"250-");
                return flood(link, &[b'x'; 16 * 1024], 1 << 16);
            }
            Kind::Continuation => return flood(link, &b"250-more\r\n".repeat(1000), 1000),
            Kind::Challenge => {
                // as a client that has learnt nothing would hear it
                for _ in 0..1000 {
                    link.say(b"334 bW9yZQ==\r\n");
                    if link.line()?.is_none() {
                        break;
                    }
                }
                return Ok(Next::End);
            }
            Kind::Close => return link.flush().map(|()| Next::End),
            Kind::Reset => return link.reset().map(|()| Next::End),
        };
        link.say(format!("{reply}\r\n").as_bytes());
        if reply.starts_with("421") {
            link.flush()?;
            return Ok(Next::End);
        }
        Ok(Next::Replied)
    }
}

fn flood(link: &mut Link, block: &[u8], times: u32) -> Result<Next> {
    for _ in 0..times {
        link.say(block);
        link.flush()?;
    }
    Ok(Next::End)
}
