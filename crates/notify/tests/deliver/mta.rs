//! A mail server and a token endpoint for many mails: the server may misbehave once in each
//! connection, and keeps a journal of what it really took.

use std::io::{self, BufRead, BufReader, ErrorKind, Read, Write};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

use crate::peer::{CANARY, Server, close, json, read_request};

/// One misbehaviour: at `GREETING`, at a command, or at the final `DOT`.
#[derive(Clone, Copy, Debug)]
pub struct Fault {
    pub at: &'static str,
    pub kind: Kind,
    /// Whether a message is taken, where it is silence or a lost connection that follows the dot.
    pub takes: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// F-34, F-35: this reply.
    Reply(&'static str),
    /// F-34: a challenge with the reason, then 535.
    Reason,
    /// F-33.
    Silence,
    /// F-33.
    Drip,
    /// F-33.
    EndlessLine,
    /// F-33.
    Continuation,
    /// F-33.
    Challenge,
    /// F-36 behind the dot.
    Close,
}

/// A message that came to its final dot.
#[derive(Clone, Debug)]
pub struct Entry {
    pub subject: String,
    pub id: String,
    pub to: Vec<String>,
    pub fate: Fate,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fate {
    /// Taken, and the client was told.
    Taken,
    /// Taken, and the client was not told.
    TakenUntold,
    /// Not taken, and the client was not told.
    LeftUntold,
    /// Not taken, and the client was told.
    Refused,
}

impl Fate {
    pub fn is_taken(self) -> bool {
        matches!(self, Self::Taken | Self::TakenUntold)
    }
}

pub type Journal = Arc<Mutex<Vec<Entry>>>;

struct Talk<'a, S: Read + Write> {
    stream: BufReader<&'a mut S>,
    fault: Option<Fault>,
    journal: &'a Journal,
}

/// One connection: `offers` follow EHLO; `at_dot` runs before the reply to a whole message.
pub fn converse<S: Read + Write>(
    stream: &mut S,
    offers: &str,
    fault: Option<Fault>,
    journal: &Journal,
    at_dot: impl Fn(),
) {
    let mut talk = Talk {
        stream: BufReader::new(stream),
        fault,
        journal,
    };
    // a client that goes away is no fault of a test
    let _ = talk.run(offers, at_dot);
}

impl<S: Read + Write> Talk<'_, S> {
    fn run(&mut self, offers: &str, at_dot: impl Fn()) -> io::Result<()> {
        self.answer("GREETING", "220 mail.example.org ESMTP")?;
        let (mut has_sender, mut to) = (false, Vec::new());
        loop {
            let line = self.line()?;
            let verb = line.split([' ', ':']).next().unwrap_or_default();
            match verb {
                "EHLO" => self.answer(verb, &format!("250-mail.example.org{offers}\r\n250 OK"))?,
                "AUTH" => self.answer(verb, "235 2.7.0 welcome")?,
                "MAIL" => {
                    has_sender = self.fault.is_none_or(|fault| fault.at != "MAIL");
                    self.answer(verb, "250 ok")?;
                }
                "RCPT" if !has_sender => self.answer("", "503 5.5.1 no MAIL")?,
                "RCPT" => {
                    if self.fault.is_none_or(|fault| fault.at != "RCPT") {
                        let address = line.trim_start_matches("RCPT TO:<").trim_end_matches('>');
                        to.push(address.to_owned());
                    }
                    self.answer(verb, "250 ok")?;
                }
                "DATA" if to.is_empty() => self.answer("", "554 5.5.1 no recipients")?,
                "DATA" => {
                    let fails = self.fault.is_some_and(|fault| fault.at == "DATA");
                    self.answer(verb, "354 go on")?;
                    if !fails {
                        self.message(std::mem::take(&mut to), &at_dot)?;
                    }
                }
                "QUIT" => return self.say("221 bye\r\n"),
                _ => self.answer(verb, "502 5.5.1 no such command")?,
            }
        }
    }

    fn message(&mut self, to: Vec<String>, at_dot: impl Fn()) -> io::Result<()> {
        let (mut subject, mut id) = (String::new(), String::new());
        loop {
            let line = self.line()?;
            if line == "." {
                break;
            }
            if let Some(text) = line.strip_prefix("Subject: ") {
                subject = text.to_owned();
            } else if let Some(text) = line.strip_prefix("Message-ID: ") {
                id = text.to_owned();
            }
        }
        let fate = match self.fault.filter(|fault| fault.at == "DOT") {
            None => Fate::Taken,
            Some(Fault {
                kind: Kind::Reply(_),
                ..
            }) => Fate::Refused,
            Some(Fault { takes: true, .. }) => Fate::TakenUntold,
            Some(Fault { takes: false, .. }) => Fate::LeftUntold,
        };
        self.journal.lock().unwrap().push(Entry {
            subject,
            id,
            to,
            fate,
        });
        at_dot();
        self.answer("DOT", "250 2.0.0 taken")
    }

    fn line(&mut self) -> io::Result<String> {
        let mut line = String::new();
        if self.stream.read_line(&mut line)? == 0 {
            return Err(ErrorKind::UnexpectedEof.into());
        }
        Ok(line.trim_end_matches("\r\n").to_owned())
    }

    fn say(&mut self, text: &str) -> io::Result<()> {
        self.stream.get_mut().write_all(text.as_bytes())?;
        self.stream.get_mut().flush()
    }

    /// The true reply, or the fault that is due here; an error ends the connection.
    fn answer(&mut self, at: &str, reply: &str) -> io::Result<()> {
        match self.fault.take_if(|fault| fault.at == at) {
            None => self.say(&format!("{reply}\r\n")),
            Some(fault) => self.misbehave(fault.kind),
        }
    }

    fn misbehave(&mut self, kind: Kind) -> io::Result<()> {
        let over = || Err(ErrorKind::ConnectionAborted.into());
        match kind {
            Kind::Reply(text) => {
                self.say(&format!("{text}\r\n"))?;
                if text.starts_with("421") {
                    over()
                } else {
                    Ok(())
                }
            }
            Kind::Reason => {
                // {"status":"401"}
                self.say("334 eyJzdGF0dXMiOiI0MDEifQ==\r\n")?;
                self.line()?;
                self.say("535 5.7.3 Authentication unsuccessful\r\n")
            }
            Kind::Silence => {
                while !self.line()?.is_empty() {}
                over()
            }
            Kind::Drip => loop {
                self.say("x")?;
                thread::sleep(Duration::from_millis(50));
            },
            Kind::EndlessLine => self.flood(&"x".repeat(16 * 1024), 4096),
            Kind::Continuation => self.flood(&"250-more\r\n".repeat(1000), 1000),
            Kind::Challenge => {
                for _ in 0..100 {
                    self.say("334 bW9yZQ==\r\n")?;
                    self.line()?;
                }
                over()
            }
            Kind::Close => over(),
        }
    }

    fn flood(&mut self, text: &str, times: u32) -> io::Result<()> {
        for _ in 0..times {
            self.say(text)?;
        }
        Err(ErrorKind::ConnectionAborted.into())
    }
}

/// A token endpoint that gives everybody a token of their own.
pub fn token_endpoint(scope: &'static str) -> Server {
    let next = AtomicUsize::new(0);
    Server::tls(move |tls, _| {
        read_request(tls);
        let number = next.fetch_add(1, Ordering::SeqCst);
        let body = format!(
            r#"{{"access_token":"{CANARY}-access-{number}","token_type":"Bearer",
            "expires_in":3599,"scope":"{scope}","refresh_token":"{CANARY}-refresh-{number}"}}"#
        );
        let _ = tls.write_all(&json("200 OK", body));
        close(tls);
    })
}
