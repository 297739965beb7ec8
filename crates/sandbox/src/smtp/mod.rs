//! A mail server in three listeners: STARTTLS, TLS from the start, and in the clear.
//!
//! It delivers nothing: what it takes is kept, bounded, for the control URL. It is strict where
//! clients are careless (line ends, line lengths, order of commands), and misbehaves as ordered.

mod auth;
mod fault;
mod link;
mod mailbox;
mod message;
mod session;
mod words;

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::{Value, json};

pub use fault::Fault;
pub use link::Link;
pub use mailbox::Mailbox;
pub use session::converse;
pub use words::Wording;

/// What is offered unless an order says otherwise; AUTH and STARTTLS depend on the connection.
const OFFERS: [&str; 5] = [
    "PIPELINING",
    "SIZE 36700160",
    "8BITMIME",
    "SMTPUTF8",
    "ENHANCEDSTATUSCODES",
];

/// What all connections share.
pub struct Sink {
    pub settings: Settings,
    faults: Vec<Fault>,
    pub mails: Mailbox,
    counters: BTreeMap<&'static str, u64>,
}

/// How the server behaves when no fault is due.
#[derive(Clone)]
pub struct Settings {
    pub wording: Wording,
    /// The pause before each reply.
    pub delay_ms: u64,
    /// Keywords of EHLO that are left out.
    pub without: Vec<String>,
    /// Those that are left out only over TLS.
    pub without_over_tls: Vec<String>,
    /// Whether MAIL needs a login.
    pub login_required: bool,
}

/// What a `POST` to the control URL may ask for under `smtp`; what is left out stays as it is.
#[derive(Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Order {
    /// Forgets faults, kept mails and settings, before the rest is done.
    #[serde(default)]
    clear: bool,
    #[serde(default)]
    faults: Vec<Fault>,
    wording: Option<Wording>,
    delay_ms: Option<u64>,
    without: Option<Vec<String>>,
    without_over_tls: Option<Vec<String>>,
    login_required: Option<bool>,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            wording: Wording::Dovecot,
            delay_ms: 0,
            without: Vec::new(),
            without_over_tls: Vec::new(),
            login_required: false,
        }
    }
}

impl Sink {
    pub fn new() -> Self {
        let counters = ["connections", "logins", "refused-logins", "mails"];
        Self {
            settings: Settings::default(),
            faults: Vec::new(),
            mails: Mailbox::default(),
            counters: counters.map(|name| (name, 0)).into(),
        }
    }

    pub fn count(&mut self, what: &'static str) {
        *self.counters.entry(what).or_default() += 1;
    }

    pub fn obey(&mut self, order: Order) {
        if order.clear {
            self.settings = Settings::default();
            self.faults.clear();
            self.mails = Mailbox::default();
        }
        self.faults.extend(order.faults);
        let settings = &mut self.settings;
        settings.wording = order.wording.unwrap_or(settings.wording);
        settings.delay_ms = order.delay_ms.unwrap_or(settings.delay_ms);
        settings.login_required = order.login_required.unwrap_or(settings.login_required);
        if let Some(without) = order.without {
            settings.without = without;
        }
        if let Some(without) = order.without_over_tls {
            settings.without_over_tls = without;
        }
    }

    /// The fault that is due for what the client said.
    pub fn next_fault(&mut self, said: &str) -> Option<Fault> {
        let position = self.faults.iter().position(|fault| fault.is_for(said))?;
        let fault = self.faults.get_mut(position)?;
        let due = fault.clone();
        fault.times -= 1;
        if fault.times == 0 {
            self.faults.remove(position);
        }
        Some(due)
    }

    /// Counters, and how many faults are still due.
    pub fn report(&self) -> Value {
        let due: u64 = self.faults.iter().map(|fault| u64::from(fault.times)).sum();
        let mut report = json!(self.counters);
        report["faults"] = due.into();
        report
    }

    /// The keywords of EHLO.
    pub fn offers(&self, is_tls: bool, may_start_tls: bool) -> Vec<String> {
        let auth = if is_tls {
            "AUTH PLAIN LOGIN XOAUTH2 OAUTHBEARER"
        } else {
            "AUTH PLAIN LOGIN"
        };
        let left_out = |offer: &str| {
            let Settings {
                without,
                without_over_tls,
                ..
            } = &self.settings;
            let over_tls = without_over_tls.iter().filter(|_| is_tls);
            without
                .iter()
                .chain(over_tls)
                .any(|word| offer == word || offer.starts_with(&format!("{word} ")))
        };
        let mut offers: Vec<String> = OFFERS.map(String::from).into();
        offers.extend((may_start_tls && !is_tls).then(|| "STARTTLS".to_owned()));
        // one mechanism can be left out as well as all of them
        let mechanisms = auth.split(' ').filter(|word| !left_out(word));
        offers.push(mechanisms.collect::<Vec<_>>().join(" "));
        let is_some = |offer: &String| !left_out(offer) && offer != "AUTH";
        offers.into_iter().filter(is_some).collect()
    }
}
