//! One conversation (RFC 5321): strict about order, length and line ends of commands.

use std::io::Result;
use std::time::Duration;

use super::Settings;
use super::auth::{self, Verdict};
use super::fault::{Fault, Next};
use super::link::Link;
use super::mailbox::Mail;
use super::message::{self, Message};
use crate::app::{App, lock};

/// The longest command line with its end, in octets (RFC 5321 section 4.5.3.1.4).
const MAX_COMMAND: usize = 512;
/// The most recipients of a mail.
const MAX_RECIPIENTS: usize = 1000;

pub struct Session<'a> {
    pub app: &'a App,
    pub settings: Settings,
    may_start_tls: bool,
    helo: String,
    is_extended: bool,
    login: Option<(String, &'static str)>,
    from: Option<String>,
    to: Vec<String>,
}

/// Talks to one client until either side ends it.
pub fn converse(app: &App, link: &mut Link, tls_at_once: bool, may_start_tls: bool) -> Result<()> {
    let settings = {
        let mut sink = lock(&app.sink);
        sink.count("connections");
        sink.settings.clone()
    };
    if tls_at_once {
        link.secure()?;
    }
    let mut session = Session {
        app,
        settings,
        may_start_tls,
        helo: String::new(),
        is_extended: false,
        login: None,
        from: None,
        to: Vec::new(),
    };
    if !session.turn(link, None)? {
        return link.flush();
    }
    while let Some(line) = link.line()? {
        match command(&line) {
            Ok(said) if session.turn(link, Some(&said))? => {}
            Ok(_) => return link.flush(),
            Err(reply) => session.reply(link, reply),
        }
    }
    Ok(())
}

/// The text of a command line.
fn command(line: &[u8]) -> std::result::Result<String, &'static str> {
    let Some(text) = line.strip_suffix(b"\r\n") else {
        return Err("500 5.5.2 a line ends in CR LF");
    };
    if line.len() > MAX_COMMAND {
        return Err("500 5.5.6 line too long");
    }
    if text.contains(&b'\r') {
        return Err("500 5.5.2 bare CR");
    }
    String::from_utf8(text.to_vec()).map_err(|_| "500 5.5.2 this is not UTF-8")
}

impl Session<'_> {
    pub fn fault(&self, said: &str) -> Option<Fault> {
        lock(&self.app.sink).next_fault(said)
    }

    pub fn offers_mechanism(&self, mechanism: &str, is_tls: bool) -> bool {
        let offers = lock(&self.app.sink).offers(is_tls, self.may_start_tls);
        let auth = offers.iter().find(|offer| offer.starts_with("AUTH "));
        auth.is_some_and(|auth| auth.split(' ').skip(1).any(|word| word == mechanism))
    }

    fn reply(&self, link: &mut Link, reply: &str) {
        if self.settings.delay_ms > 0 {
            std::thread::sleep(Duration::from_millis(self.settings.delay_ms.min(10_000)));
        }
        link.say(reply.as_bytes());
        link.say(b"\r\n");
    }

    /// Replies to a command, or greets where there is none; `false` ends the connection.
    fn turn(&mut self, link: &mut Link, said: Option<&str>) -> Result<bool> {
        let next = match self.fault(said.unwrap_or("GREETING")) {
            Some(fault) => fault.play(link, self.settings.wording)?,
            None => Next::True(String::new()),
        };
        match (next, said) {
            (Next::End, _) => Ok(false),
            (Next::Replied, _) => Ok(true),
            (Next::True(more), Some(said)) => self.answer(link, said, &more),
            (Next::True(more), None) => {
                self.reply(link, self.settings.wording.greeting());
                link.say(more.as_bytes());
                Ok(true)
            }
        }
    }

    /// Does what a command asks and replies, `more` behind it in the same write; `false` ends.
    fn answer(&mut self, link: &mut Link, said: &str, more: &str) -> Result<bool> {
        let (verb, rest) = said.split_once(' ').unwrap_or((said, ""));
        let reply = match verb.to_ascii_uppercase().as_str() {
            "EHLO" | "HELO" if rest.is_empty() => "501 5.5.4 a name is missing".to_owned(),
            "EHLO" => self.ehlo(link, rest),
            "HELO" => {
                self.helo = rest.to_owned();
                "250 sandbox.example.org".to_owned()
            }
            "STARTTLS" if link.is_tls || !self.may_start_tls => "503 5.5.1 not here".to_owned(),
            "STARTTLS" => {
                self.reply(link, "220 2.0.0 go ahead");
                link.say(more.as_bytes());
                link.secure()?;
                (self.helo, self.login, self.from) = (String::new(), None, None);
                return Ok(true);
            }
            "AUTH" => return self.auth(link, rest),
            "MAIL" => self.mail(rest),
            "RCPT" => self.rcpt(rest),
            "DATA" => return self.data(link),
            "RSET" => {
                self.from = None;
                "250 2.0.0 ok".to_owned()
            }
            "NOOP" => "250 2.0.0 ok".to_owned(),
            "QUIT" => {
                self.reply(link, "221 2.0.0 bye");
                return Ok(false);
            }
            _ => "500 5.5.2 unknown command".to_owned(),
        };
        self.reply(link, &reply);
        link.say(more.as_bytes());
        Ok(true)
    }

    fn ehlo(&mut self, link: &Link, name: &str) -> String {
        self.helo = name.to_owned();
        self.is_extended = true;
        self.from = None;
        let offers = lock(&self.app.sink).offers(link.is_tls, self.may_start_tls);
        let mut lines = vec!["sandbox.example.org".to_owned()];
        lines.extend(offers);
        let last = lines.len() - 1;
        let line = |(number, line): (usize, &String)| {
            format!("250{}{line}", if number == last { ' ' } else { '-' })
        };
        let lines: Vec<String> = lines.iter().enumerate().map(line).collect();
        lines.join("\r\n")
    }

    fn auth(&mut self, link: &mut Link, rest: &str) -> Result<bool> {
        if !self.is_extended || self.login.is_some() || self.from.is_some() {
            self.reply(link, "503 5.5.1 not now");
            return Ok(true);
        }
        let (reply, counter) = match auth::run(self, link, rest)? {
            Verdict::Welcome(user, mechanism) => {
                self.login = Some((user, mechanism));
                ("235 2.7.0 welcome", "logins")
            }
            Verdict::Refused(reply) => (reply, "refused-logins"),
            Verdict::Gone => return Ok(false),
        };
        lock(&self.app.sink).count(counter);
        self.reply(link, reply);
        Ok(true)
    }

    fn mail(&mut self, rest: &str) -> String {
        if self.helo.is_empty() || self.from.is_some() {
            return "503 5.5.1 not now".to_owned();
        }
        if self.settings.login_required && self.login.is_none() {
            return "530 5.7.0 authentication required".to_owned();
        }
        let Some((from, parameters)) = path(rest, "FROM:") else {
            return "501 5.5.4 malformed sender".to_owned();
        };
        let known = |word: &str| {
            let word = word.to_ascii_uppercase();
            ["BODY=8BITMIME", "BODY=7BIT", "SMTPUTF8"].contains(&word.as_str())
                || word.starts_with("SIZE=")
        };
        if !parameters.split_whitespace().all(known)
            || (!self.is_extended && !parameters.is_empty())
        {
            return "555 5.5.4 unknown parameter".to_owned();
        }
        self.from = Some(from.to_owned());
        self.to.clear();
        "250 2.1.0 ok".to_owned()
    }

    fn rcpt(&mut self, rest: &str) -> String {
        if self.from.is_none() {
            return "503 5.5.1 MAIL first".to_owned();
        }
        match path(rest, "TO:") {
            Some((to, "")) if to.contains('@') && self.to.len() < MAX_RECIPIENTS => {
                self.to.push(to.to_owned());
                "250 2.1.5 ok".to_owned()
            }
            Some((to, "")) if to.contains('@') => "452 4.5.3 too many recipients".to_owned(),
            Some(_) => "553 5.1.3 malformed address".to_owned(),
            None => "501 5.5.4 malformed recipient".to_owned(),
        }
    }

    fn data(&mut self, link: &mut Link) -> Result<bool> {
        if self.to.is_empty() || self.from.is_none() {
            self.reply(link, "554 5.5.1 no valid recipients");
            return Ok(true);
        }
        self.reply(link, "354 go ahead");
        let raw = match message::read(self, link)? {
            Message::Whole(raw) => raw,
            Message::Bad(reply) => {
                self.from = None;
                self.reply(link, reply);
                return Ok(true);
            }
            Message::Gone => return Ok(false),
        };
        let mail = Mail {
            from: self.from.take().unwrap_or_default(),
            to: std::mem::take(&mut self.to),
            helo: self.helo.clone(),
            is_tls: link.is_tls,
            login: self.login.clone(),
            raw,
        };
        let fault = {
            let mut sink = lock(&self.app.sink);
            let fault = sink.next_fault("DOT");
            if fault.as_ref().is_none_or(Fault::has_true_effect) {
                sink.count("mails");
                sink.mails.push(mail);
            }
            fault
        };
        let next = match fault {
            Some(fault) => fault.play(link, self.settings.wording)?,
            None => Next::True(String::new()),
        };
        match next {
            Next::End => return Ok(false),
            Next::Replied => {}
            Next::True(_) => self.reply(link, "250 2.0.0 kept"),
        }
        Ok(true)
    }
}

/// The address between angle brackets behind `keyword`, and what follows it.
fn path<'a>(rest: &'a str, keyword: &str) -> Option<(&'a str, &'a str)> {
    let (begin, rest) = rest.split_at_checked(keyword.len())?;
    let (address, parameters) = rest.strip_prefix('<')?.split_once('>')?;
    let is_path = begin.eq_ignore_ascii_case(keyword) && !address.contains(char::is_whitespace);
    is_path.then_some((address, parameters.trim()))
}
