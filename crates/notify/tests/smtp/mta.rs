//! A scripted mail server: it behaves, except where the script says otherwise, and keeps what it saw.

use std::collections::HashMap;
use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::{Arc, Mutex, OnceLock};
use std::time::Duration;

use lettre::Address;
use lettre::address::Envelope;
use notify::config::SmtpMode;
use notify::outcome::Outcome;
use notify::smtp::{Body, Error, Login, submit};
use notify::{Deadline, Host, Secret};
use openssl::ssl::SslContext;

use crate::peer::{CANARY, Folder, Pki, Server, Tls, accept};

/// What a server of today offers.
pub const MODERN: &[&str] = &[
    "PIPELINING",
    "SIZE 35882577",
    "STARTTLS",
    "AUTH PLAIN LOGIN XOAUTH2 OAUTHBEARER",
    "8BITMIME",
    "SMTPUTF8",
    "ENHANCEDSTATUSCODES",
];
/// A server that can do nothing but the RFC's minimum.
pub const BARE: &[&str] = &[];

/// In the place of a reply: the connection is closed.
pub const CLOSE: &str = "<close>";
/// In the place of a reply: the connection is reset.
pub const RESET: &str = "<reset>";
/// In the place of a reply: nothing more, until the client goes away.
pub const SILENCE: &str = "<silence>";

pub const MESSAGE: &[u8] = b"Subject: test\r\n\r\nhello\r\n";

/// What a server saw, line by line; a message is one line `DATA n` and is kept apart.
#[derive(Default)]
pub struct Seen {
    pub lines: Vec<String>,
    pub messages: Vec<Vec<u8>>,
}

/// The script of a server.
#[derive(Clone)]
pub struct Mta {
    offers: Vec<String>,
    /// What it offers after STARTTLS, where that differs.
    offers_tls: Option<Vec<String>>,
    tls_at_once: bool,
    /// By the beginning of what the client says, upper case; `GREETING` and `DOT` for the two that
    /// answer no line.
    replies: HashMap<String, String>,
    seen: Arc<Mutex<Seen>>,
}

impl Mta {
    pub fn new(offers: &[&str]) -> Self {
        Self {
            offers: offers.iter().map(ToString::to_string).collect(),
            offers_tls: None,
            tls_at_once: false,
            replies: HashMap::new(),
            seen: Arc::default(),
        }
    }

    /// Says `reply` (one or several lines) to lines that begin with `prefix`.
    pub fn with(mut self, prefix: &str, reply: &str) -> Self {
        self.replies.insert(prefix.to_owned(), reply.to_owned());
        self
    }

    pub fn offering_over_tls(mut self, offers: &[&str]) -> Self {
        self.offers_tls = Some(offers.iter().map(ToString::to_string).collect());
        self
    }

    pub fn tls_at_once(mut self) -> Self {
        self.tls_at_once = true;
        self
    }

    pub fn start(self) -> Running {
        self.start_on(TcpListener::bind("127.0.0.1:0").unwrap())
    }

    pub fn start_on(self, listener: TcpListener) -> Running {
        let seen = Arc::clone(&self.seen);
        let server = Server::on(listener, move |tcp, _| {
            // what the client makes of it is what the test looks at
            let _ = self.serve(tcp);
        });
        Running { server, seen }
    }

    fn serve(&self, tcp: TcpStream) -> io::Result<()> {
        tcp.set_nodelay(true)?;
        let mut link = BufReader::new(Link::Clear(tcp));
        let mut is_tls = self.tls_at_once;
        if is_tls {
            link = BufReader::new(link.into_inner().secure()?);
        }
        if !self.say(&mut link, "GREETING", "220 mta.example.org ESMTP")? {
            return Ok(());
        }
        let mut line = Vec::new();
        loop {
            line.clear();
            if link.read_until(b'\n', &mut line)? == 0 {
                return Ok(());
            }
            let text = String::from_utf8(line.clone()).unwrap();
            let text = text.strip_suffix("\r\n").expect("CRLF").to_owned();
            self.seen.lock().unwrap().lines.push(text.clone());
            let verb = text.split(' ').next().unwrap_or_default();
            let usual = match verb {
                "EHLO" => self.capabilities(is_tls),
                "HELO" => "250 mta.example.org".to_owned(),
                "AUTH" => "235 2.7.0 welcome".to_owned(),
                "DATA" => "354 go ahead".to_owned(),
                "STARTTLS" => "220 2.0.0 ready".to_owned(),
                "QUIT" => "221 2.0.0 bye".to_owned(),
                _ => "250 2.0.0 ok".to_owned(),
            };
            if !self.say(&mut link, &text, &usual)? {
                return Ok(());
            }
            match verb {
                "STARTTLS" if self.last_was_positive(&text) => {
                    link = BufReader::new(link.into_inner().secure()?);
                    is_tls = true;
                }
                "DATA" if self.reply(&text).is_none_or(|reply| reply.starts_with('3')) => {
                    let message = message(&mut link)?;
                    self.seen.lock().unwrap().messages.push(message);
                    if !self.say(&mut link, "DOT", "250 2.0.0 queued")? {
                        return Ok(());
                    }
                }
                "QUIT" => return Ok(()),
                _ => {}
            }
        }
    }

    fn last_was_positive(&self, text: &str) -> bool {
        self.reply(text).is_none_or(|reply| reply.starts_with('2'))
    }

    fn capabilities(&self, is_tls: bool) -> String {
        let offers = match &self.offers_tls {
            Some(offers) if is_tls => offers,
            _ => &self.offers,
        };
        let mut lines = vec!["250-mta.example.org".to_owned()];
        lines.extend(offers.iter().map(|offer| format!("250-{offer}")));
        let last = lines.pop().unwrap();
        lines.push(last.replacen("250-", "250 ", 1));
        lines.join("\r\n")
    }

    /// The longest prefix decides.
    fn reply(&self, said: &str) -> Option<&String> {
        let fitting = self.replies.iter().filter(|(p, _)| said.starts_with(*p));
        fitting
            .max_by_key(|(prefix, _)| prefix.len())
            .map(|(_, reply)| reply)
    }

    fn say(&self, link: &mut BufReader<Link>, said: &str, usual: &str) -> io::Result<bool> {
        let reply = self.reply(said).map_or(usual, String::as_str);
        let socket = link.get_mut();
        match reply {
            CLOSE => {
                let _ = socket.tcp().shutdown(Shutdown::Write);
                io::copy(link, &mut io::sink())?;
                Ok(false)
            }
            RESET => {
                socket2::SockRef::from(socket.tcp()).set_linger(Some(Duration::ZERO))?;
                Ok(false)
            }
            SILENCE => {
                io::copy(link, &mut io::sink())?;
                Ok(false)
            }
            _ => {
                let bytes = format!("{reply}\r\n");
                socket.write_all(bytes.as_bytes())?;
                socket.flush()?;
                if reply.starts_with("421") {
                    let _ = socket.tcp().shutdown(Shutdown::Write);
                    io::copy(link, &mut io::sink())?;
                    return Ok(false);
                }
                Ok(true)
            }
        }
    }
}

/// The bytes up to the final dot, as they came.
fn message(link: &mut impl BufRead) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    loop {
        let start = bytes.len();
        if link.read_until(b'\n', &mut bytes)? == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        if bytes[start..] == *b".\r\n" {
            return Ok(bytes);
        }
    }
}

/// A connection of a server, in the clear or not.
pub enum Link {
    Clear(TcpStream),
    Tls(Box<Tls>),
}

impl Link {
    pub fn secure(self) -> io::Result<Self> {
        static CONFIG: OnceLock<SslContext> = OnceLock::new();
        let config = CONFIG.get_or_init(|| {
            Pki::shared().server(|params| {
                let address = rcgen::SanType::IpAddress(std::net::Ipv6Addr::LOCALHOST.into());
                params.subject_alt_names.push(address);
            })
        });
        let Self::Clear(tcp) = self else {
            return Ok(self);
        };
        let tls = accept(config, tcp).ok_or(io::ErrorKind::ConnectionAborted)?;
        Ok(Self::Tls(Box::new(tls)))
    }

    pub fn tcp(&self) -> &TcpStream {
        match self {
            Self::Clear(tcp) => tcp,
            Self::Tls(tls) => tls.get_ref(),
        }
    }
}

impl Read for Link {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        match self {
            Self::Clear(tcp) => tcp.read(buffer),
            Self::Tls(tls) => tls.read(buffer),
        }
    }
}

impl Write for Link {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match self {
            Self::Clear(tcp) => tcp.write(bytes),
            Self::Tls(tls) => tls.write(bytes),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        match self {
            Self::Clear(tcp) => tcp.flush(),
            Self::Tls(tls) => tls.flush(),
        }
    }
}

/// A server at work.
pub struct Running {
    pub server: Server,
    seen: Arc<Mutex<Seen>>,
}

impl Running {
    pub fn port(&self) -> u16 {
        self.server.address.port()
    }

    /// What clients have said to the end: they do not wait for the server to read a goodbye.
    pub fn lines(&self) -> Vec<String> {
        self.server.settle();
        self.seen.lock().unwrap().lines.clone()
    }

    pub fn messages(&self) -> Vec<Vec<u8>> {
        self.seen.lock().unwrap().messages.clone()
    }

    /// The beginnings of what the client said.
    pub fn verbs(&self) -> Vec<String> {
        let verb = |line: &String| line.split(' ').next().unwrap_or_default().to_owned();
        self.lines().iter().map(verb).collect()
    }
}

/// A mail on its way, with settings that a test changes.
pub struct Mail {
    pub host: Host,
    pub server: notify::smtp::Server,
    pub login: Login,
    pub from: String,
    pub to: Vec<String>,
    pub message: Vec<u8>,
    pub budget: Duration,
    folder: Folder,
}

impl Mail {
    /// To one recipient, without login, in the clear.
    pub fn to(running: &Running) -> Self {
        Self::to_port(running.port())
    }

    pub fn to_port(port: u16) -> Self {
        let folder = Folder::new();
        std::fs::write(folder.0.join("ca.crt"), Pki::shared().bundle()).unwrap();
        let host = Host::standalone(&folder.0)
            .with_ca_bundle(folder.0.join("ca.crt"))
            .with_fqdn("pve.example.org")
            .with_lookup(|_, port| Ok(vec![([127, 0, 0, 1], port).into()]));
        Self {
            host,
            server: notify::smtp::Server {
                name: "localhost".to_owned(),
                port,
                mode: SmtpMode::Insecure,
            },
            login: Login::None,
            from: "pve@example.org".to_owned(),
            to: vec!["admin@example.org".to_owned()],
            message: MESSAGE.to_vec(),
            budget: Duration::from_secs(10),
            folder,
        }
    }

    pub fn mode(mut self, mode: SmtpMode) -> Self {
        self.server.mode = mode;
        self
    }

    pub fn password(mut self) -> Self {
        self.login = Login::Password {
            user: "user@example.org".to_owned(),
            password: Secret::new(format!("{CANARY}-password")),
        };
        self
    }

    pub fn token(mut self) -> Self {
        self.login = token(&format!("{CANARY}-access.token_1234567890"));
        self
    }

    pub fn recipients(mut self, to: &[&str]) -> Self {
        self.to = to.iter().map(ToString::to_string).collect();
        self
    }

    /// Hands it in and makes sure that no error shows a secret.
    pub fn submit(&self) -> Result<Vec<(String, Outcome)>, Error> {
        assert!(self.folder.0.exists());
        let address = |text: &String| text.parse::<Address>().unwrap();
        let from = (!self.from.is_empty()).then(|| address(&self.from));
        let envelope = Envelope::new(from, self.to.iter().map(address).collect()).unwrap();
        assert!(!format!("{:?}", self.login).contains(CANARY));
        let result = submit(
            &self.host,
            &self.server,
            &self.login,
            &envelope,
            &Body::new(&self.message),
            &Deadline::after(self.budget),
        );
        let mut texts = vec![format!("{result:?}")];
        match &result {
            Ok(outcomes) => {
                texts.extend(outcomes.iter().filter_map(|(_, o)| o.reason()));
            }
            Err(error) => texts.push(error.to_string()),
        }
        for text in texts {
            assert!(!text.contains(CANARY), "a secret in {text}");
            assert!(
                !text.contains(char::is_control),
                "control character in {text:?}"
            );
        }
        result
    }

    /// The words of all outcomes.
    pub fn outcomes(&self) -> Vec<&'static str> {
        let outcomes = self.submit().unwrap();
        outcomes
            .iter()
            .map(|(_, outcome)| outcome.as_str())
            .collect()
    }

    pub fn refusal(&self) -> Error {
        self.submit().expect_err("nothing should have been sent")
    }
}

pub fn token(text: &str) -> Login {
    Login::Token {
        user: "user@example.org".to_owned(),
        token: Secret::new(text),
    }
}

/// The row of advice that an error was made of.
pub fn key(error: &Error) -> &'static str {
    error.advice().map_or("", |advice| advice.key)
}
