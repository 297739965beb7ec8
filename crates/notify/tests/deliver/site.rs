//! A machine with a configuration, and what its targets saw.

use std::collections::BTreeMap;
use std::fs;
use std::net::SocketAddr;
use std::os::unix::fs::symlink;
use std::path::PathBuf;
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use notify::Severity;
use notify::account;
use notify::config::{Config, Entity, Raw};
use notify::deliver::Error;
use notify::deliver::{Delivery, Level, Sender};
use notify::state::{Lock, Standing, Store, Trouble};
use notify::template::Templates;
use notify::token::{Cache, Keeper};
use notify::upkeep::{self, Health};
use notify::{Clock, Deadline, FixedClock, Host, LocalTime, Notification, Secret};
use serde_json::{Value, json};

use crate::peer::{CANARY, Folder, Pki, Server, read_request};

/// When every notification of these tests was made.
pub const NOW: i64 = 1_700_000_000;
const CLOCK: FixedClock = FixedClock {
    now: NOW,
    offset: 0,
};

/// A clock that tests put forward.
pub struct Later(AtomicI64);

impl Later {
    pub fn new() -> &'static Self {
        Box::leak(Box::new(Self(AtomicI64::new(NOW))))
    }

    pub fn pass(&self, seconds: i64) {
        self.0.fetch_add(seconds, Ordering::SeqCst);
    }
}

impl Clock for Later {
    fn now(&self) -> i64 {
        self.0.load(Ordering::SeqCst)
    }

    fn local(&self, seconds: i64) -> Option<LocalTime> {
        CLOCK.local(seconds)
    }

    fn uptime(&self) -> Duration {
        Duration::from_secs(self.now().unsigned_abs())
    }
}

/// A machine.
pub struct Site {
    pub folder: Folder,
    pub host: Host,
    templates: Templates,
    tokens: Cache,
    clock: &'static dyn Clock,
    public: String,
    private: String,
    budget: Duration,
}

impl Site {
    /// With these targets, all of which get every notification.
    pub fn new(public: &str, private: &str) -> Self {
        let folder = Folder::new();
        let own = folder.0.join("notification-templates/default");
        fs::create_dir_all(&own).unwrap();
        for (name, text) in [
            ("plain-subject.txt.hbs", "{{title}}\n"),
            ("plain-body.txt.hbs", "{{text}}"),
            ("plain-body.html.hbs", "<p>{{text}}</p>"),
        ] {
            fs::write(own.join(name), text).unwrap();
        }
        fs::write(folder.0.join("ca.crt"), Pki::shared().bundle()).unwrap();
        Self::at(folder, public, private)
    }

    /// The same, in the folder of a machine that is there already.
    pub fn at(folder: Folder, public: &str, private: &str) -> Self {
        let vendor = concat!(env!("CARGO_MANIFEST_DIR"), "/../../templates");
        let host = Host::standalone(&folder.0)
            .with_ca_bundle(folder.0.join("ca.crt"))
            .with_vendor_templates(vendor)
            .with_lookup(loopback)
            .with_sendmail(folder.0.join("sendmail"))
            .with_fqdn("node.example.org");
        let mut all =
            format!("{public}\nmatcher: default-matcher\n\tdisable true\n\nmatcher: all\n");
        let names = public.lines().filter_map(|line| line.split_once(": "));
        for (_, name) in names.filter(|(kind, _)| !kind.starts_with('\t')) {
            all.push_str(&format!("\ttarget {name}\n"));
        }
        Self {
            templates: Templates::of_host(&host),
            tokens: Cache::new(),
            clock: &CLOCK,
            folder,
            host,
            public: all,
            private: private.to_owned(),
            budget: Duration::from_secs(10),
        }
    }

    pub fn within(mut self, budget: Duration) -> Self {
        self.budget = budget;
        self
    }

    pub fn with_clock(mut self, clock: &'static dyn Clock) -> Self {
        self.clock = clock;
        self
    }

    /// The same machine with other targets.
    pub fn with_targets(self, public: &str, private: &str) -> Self {
        let (clock, budget) = (self.clock, self.budget);
        Self::at(self.folder, public, private)
            .with_clock(clock)
            .within(budget)
    }

    /// Google's token endpoint is this server.
    pub fn provider(&self, tokens: &Server) {
        let url = format!("https://localhost:{}/token", tokens.address.port());
        let providers = json!({"google-oauth2": {"token-url": url}});
        self.file("oauth2-providers.json", &providers.to_string());
    }

    /// Gets an access token for a target.
    pub fn token(&self, name: &str) {
        let targets = upkeep::targets(&self.host, &self.config());
        let target = targets.into_iter().find(|target| target.name == name);
        let keeper = Keeper::new(&self.host, &self.tokens).with_clock(self.clock);
        let end = Deadline::after(self.budget);
        keeper
            .access_token(&target.unwrap().account.unwrap(), end)
            .unwrap();
    }

    /// A file of the configuration.
    pub fn file(&self, name: &str, text: &str) {
        fs::write(self.folder.0.join(name), text).unwrap();
    }

    /// Its sendmail does this, as a shell script.
    pub fn sendmail(&self, plan: &str) {
        self.file("plan", plan);
        let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/deliver/sendmail.sh");
        symlink(script, self.folder.0.join("sendmail")).unwrap();
    }

    /// A file that its sendmail has written.
    pub fn noted(&self, name: &str) -> String {
        fs::read_to_string(self.path(name)).unwrap()
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.0.join(name)
    }

    pub fn config(&self) -> Config {
        let config = Config::parse(Raw {
            public: &self.public,
            private: &self.private,
            ..Raw::default()
        })
        .unwrap();
        assert!(config.faults().is_empty(), "{:?}", config.faults());
        config
    }

    /// Gives a target that logs in with OAuth2 a grant.
    pub fn consent(&self, name: &str) {
        let config = self.config();
        let Entity::Smtp(item) = config.endpoint(name).unwrap() else {
            panic!("{name} is no smtp target");
        };
        let account = account::of(&self.host, item).unwrap().unwrap();
        let keeper = Keeper::new(&self.host, &self.tokens).with_clock(self.clock);
        let token = Secret::new(format!("{CANARY}-refresh-token"));
        let end = Deadline::after(self.budget);
        keeper.consent(&account, &token, "root@pam", end).unwrap();
    }

    /// Ends the grant of a target for this reason.
    pub fn end(&self, name: &str, reason: &str) {
        let store = Store::new(&self.host, &notify::disk::SystemDisk);
        let end = Deadline::after(self.budget);
        let guard = Lock::new(&self.host, name).unwrap().take(end).unwrap();
        let mut record = store.read(name).unwrap().unwrap();
        let mark = record.mark();
        record.standing = Standing::AuthorizeAgain;
        record.trouble = Some(Trouble {
            message: reason.to_owned(),
            ..Trouble::default()
        });
        let reserved = store.reserve(&guard, name, Some(&record)).unwrap();
        store
            .commit(&guard, reserved, name, &mut record, Some(&mark))
            .unwrap();
    }

    /// How things stand with a target that logs in with OAuth2.
    pub fn health(&self, name: &str) -> Health {
        let targets = upkeep::targets(&self.host, &self.config());
        let target = targets.iter().find(|target| target.name == name).unwrap();
        let keeper = Keeper::new(&self.host, &self.tokens).with_clock(self.clock);
        keeper.health(target)
    }

    /// Whether a daily run that finds the target so has to look whether to tell it.
    pub fn is_unsettled(&self, name: &str) -> bool {
        let keeper = Keeper::new(&self.host, &self.tokens).with_clock(self.clock);
        keeper.unsettled([&self.health(name)]) == [name]
    }

    /// Where the record of a target is.
    pub fn record(&self, name: &str) -> PathBuf {
        self.host.state_dir().join(format!("{name}.json"))
    }

    fn sender(&self) -> Sender<'_> {
        Sender {
            host: &self.host,
            templates: &self.templates,
            clock: self.clock,
            tokens: &self.tokens,
            transcript: None,
        }
    }

    pub fn deliver(&self, notification: &Notification) -> Delivery {
        let deadline = Deadline::after(self.budget);
        let delivery = self.sender().send(&self.config(), notification, deadline);
        let shown = format!("{delivery:?} {}", json!(delivery));
        assert!(!shown.contains(CANARY), "a secret in {shown}");
        delivery
    }

    /// Tells of targets that have stopped working.
    pub fn alert(&self) -> Delivery {
        let end = Deadline::after(self.budget);
        self.sender().alert(&self.config(), None, end)
    }

    /// Tells of what will end.
    pub fn warn(&self) -> Delivery {
        let end = Deadline::after(self.budget);
        self.sender().warn(&self.config(), end)
    }

    /// Sends a warning with this title and text.
    pub fn send(&self, title: &str, text: &str) -> Delivery {
        self.deliver(&plain(Severity::Warning, title, text))
    }

    /// The only outcome of a notification, with its reason.
    pub fn outcome(&self) -> (&'static str, String) {
        let delivery = self.send("title", "text");
        let [target] = &delivery.targets[..] else {
            panic!("{delivery:?}");
        };
        let [recipient] = &target.recipients[..] else {
            panic!("{delivery:?}");
        };
        let reason = recipient.outcome.reason().unwrap_or_default();
        (recipient.outcome.as_str(), reason.to_owned())
    }

    pub fn test(&self, name: &str) -> Result<Delivery, Error> {
        let deadline = Deadline::after(self.budget);
        let result = self.sender().test_target(&self.config(), name, deadline);
        let shown = match &result {
            Ok(delivery) => format!("{delivery:?}"),
            Err(error) => format!("{error} {error:?}"),
        };
        assert!(!shown.contains(CANARY), "a secret in {shown}");
        result
    }
}

fn loopback(name: &str, port: u16) -> std::io::Result<Vec<SocketAddr>> {
    match name {
        "nowhere.example.org" => Err(std::io::Error::other("no such name")),
        _ => Ok(vec![SocketAddr::from(([127, 0, 0, 1], port))]),
    }
}

pub fn plain(severity: Severity, title: &str, text: &str) -> Notification {
    let data = json!({ "title": title, "text": text });
    let fields = BTreeMap::from([("type".to_owned(), "plain".to_owned())]);
    Notification::new(severity, "plain", data, fields, &CLOCK)
}

/// Outcome words by recipient, in order.
pub fn words(delivery: &Delivery) -> Vec<(String, String, &'static str)> {
    let all = delivery.targets.iter();
    all.flat_map(|target| {
        target.recipients.iter().map(|recipient| {
            let address = recipient.recipient.clone().unwrap_or_default();
            (target.target.clone(), address, recipient.outcome.as_str())
        })
    })
    .collect()
}

/// The texts of one level.
pub fn logged(delivery: &Delivery, level: Level) -> Vec<&str> {
    let lines = delivery.log.iter().filter(|line| line.level == level);
    lines.map(|line| line.text.as_str()).collect()
}

/// What a web server saw.
pub type Seen = Arc<Mutex<Vec<String>>>;

/// A web server in the clear that answers so, and what it saw.
pub fn web(answer: &str) -> (Server, Seen) {
    use std::io::{Read, Write};
    let seen = Seen::default();
    let (noted, answer) = (Arc::clone(&seen), answer.to_owned());
    let server = Server::tcp(move |mut tcp, _| {
        noted.lock().unwrap().push(read_request(&mut tcp));
        let _ = tcp.write_all(answer.as_bytes());
        let _ = tcp.shutdown(std::net::Shutdown::Write);
        let _ = tcp.read_to_end(&mut Vec::new());
    });
    (server, seen)
}

pub const OK: &str = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}";

/// Head and JSON body of a request.
pub fn split(request: &str) -> (String, Value) {
    let (head, body) = request.split_once("\r\n\r\n").unwrap();
    (head.to_owned(), serde_json::from_str(body).unwrap())
}

/// The value of a header line, of which there is one.
pub fn header<'a>(head: &'a str, name: &str) -> Option<&'a str> {
    let mut values = head.lines().filter_map(|line| {
        let (key, value) = line.split_once(": ")?;
        key.eq_ignore_ascii_case(name).then_some(value)
    });
    let value = values.next();
    assert_eq!(values.next(), None, "{name} comes twice: {head}");
    value
}
