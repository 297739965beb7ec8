//! What was taken, for whoever reads the control URL. The oldest mails go first.

use std::collections::VecDeque;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

/// So many mails are kept at most.
const MOST: usize = 2000;
/// So many octets of mails are kept at most.
const ROOM: usize = 64 * 1024 * 1024;

/// A mail with its envelope.
pub struct Mail {
    pub from: String,
    pub to: Vec<String>,
    pub helo: String,
    pub is_tls: bool,
    /// Who had logged in, and with which mechanism.
    pub login: Option<(String, &'static str)>,
    /// As it was before the dots were doubled.
    pub raw: Vec<u8>,
}

#[derive(Default)]
pub struct Mailbox {
    mails: VecDeque<Mail>,
    used: usize,
    /// How many have gone.
    gone: usize,
}

impl Mailbox {
    pub fn push(&mut self, mail: Mail) {
        self.used += mail.raw.len();
        self.mails.push_back(mail);
        while self.mails.len() > MOST || (self.used > ROOM && self.mails.len() > 1) {
            if let Some(oldest) = self.mails.pop_front() {
                self.used -= oldest.raw.len();
                self.gone += 1;
            }
        }
    }

    /// All that are kept, with their numbers from 0.
    pub fn list(&self) -> Value {
        let numbered = self.mails.iter().zip(self.gone..);
        let entries = numbered.map(|(mail, number)| {
            json!({
                "number": number,
                "from": mail.from,
                "to": mail.to,
                "helo": mail.helo,
                "tls": mail.is_tls,
                "login": mail.login.as_ref().map(|(login, _)| login),
                "mechanism": mail.login.as_ref().map(|(_, mechanism)| mechanism),
                "raw": STANDARD.encode(&mail.raw),
            })
        });
        entries.collect()
    }
}
