//! The control URL: orders misbehaviour, puts the clock forward, and tells how often was asked.
//!
//! `POST` takes a JSON object; `GET` changes nothing. Both answer with the counters.

use std::collections::{BTreeMap, VecDeque};
use std::time::Duration;

use serde::Deserialize;
use serde_json::json;

use crate::entropy;
use crate::fault::Fault;
use crate::provider::{Key, Login, Store};
use crate::smtp::{self, Sink};
use crate::wire::{Request, Response};

/// Orders and counters.
pub struct Control {
    pub token: String,
    /// Faults of the next token requests, each with how often it is still due.
    faults: VecDeque<(Fault, u32)>,
    requests: BTreeMap<&'static str, u64>,
}

/// What a `POST` may ask for.
#[derive(Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
struct Order {
    /// Forgets the faults still due, before new ones are added.
    #[serde(default)]
    clear: bool,
    #[serde(default)]
    faults: Vec<Fault>,
    /// How often each of the faults is due.
    #[serde(default = "once")]
    times: u32,
    /// Puts the clock of codes and access tokens forward.
    #[serde(default)]
    advance_seconds: u32,
    /// The life of access tokens from now on, also of those that were given out.
    access_token_seconds: Option<u32>,
    /// How applications may log in from now on.
    client_auth: Option<Login>,
    /// The keys that are registered from now on, in place of those before.
    keys: Option<Vec<Key>>,
    /// Takes back all grants.
    #[serde(default)]
    revoke: bool,
    /// What concerns the mail server.
    smtp: Option<smtp::Order>,
}

fn once() -> u32 {
    1
}

impl Control {
    pub fn new() -> Self {
        let all = [
            "authorize",
            "consent",
            "device",
            "elsewhere",
            "revoke",
            "token",
            "tokeninfo",
        ];
        let requests = all.map(|name| (name, 0)).into();
        Self {
            token: entropy::token::<24>(),
            faults: VecDeque::new(),
            requests,
        }
    }

    pub fn count(&mut self, endpoint: &'static str) {
        *self.requests.entry(endpoint).or_default() += 1;
    }

    /// The fault that is due for this token request.
    pub fn next_fault(&mut self) -> Option<Fault> {
        let (fault, times) = self.faults.front_mut()?;
        let due = fault.clone();
        *times -= 1;
        if *times == 0 {
            self.faults.pop_front();
        }
        Some(due)
    }

    pub fn answer(&mut self, store: &mut Store, sink: &mut Sink, request: &Request) -> Response {
        if let Some(refusal) = self.refusal(request) {
            return refusal;
        }
        match request.method.as_str() {
            "GET" => {}
            "POST" => match serde_json::from_slice(&request.body) {
                Ok(order) => self.obey(store, sink, order),
                Err(error) => return Response::new(400, "text/plain", format!("{error}\n")),
            },
            _ => return Response::new(405, "text/plain", "only GET and POST\n"),
        }
        let faults: u64 = self.faults.iter().map(|(_, times)| u64::from(*times)).sum();
        let report = json!({ "requests": self.requests, "faults": faults, "smtp": sink.report() });
        Response::json(200, &report)
    }

    /// The mails that were taken and are kept.
    pub fn mails(&self, sink: &Sink, request: &Request) -> Response {
        match (self.refusal(request), request.method.as_str()) {
            (Some(refusal), _) => refusal,
            (None, "GET") => Response::json(200, &sink.mails.list()),
            (None, _) => Response::new(405, "text/plain", "only GET\n"),
        }
    }

    fn refusal(&self, request: &Request) -> Option<Response> {
        let shown = request
            .header("authorization")
            .strip_prefix("Bearer ")
            .unwrap_or_default();
        let refusal = "the control token is missing or wrong\n";
        (!entropy::equal(shown, &self.token)).then(|| Response::new(403, "text/plain", refusal))
    }

    fn obey(&mut self, store: &mut Store, sink: &mut Sink, order: Order) {
        if order.clear {
            self.faults.clear();
        }
        if order.times > 0 {
            self.faults
                .extend(order.faults.into_iter().map(|fault| (fault, order.times)));
        }
        if let Some(order) = order.smtp {
            sink.obey(order);
        }
        if let Some(seconds) = order.access_token_seconds {
            store.access_life = Duration::from_secs(seconds.into());
        }
        if let Some(rule) = order.client_auth {
            store.login_rule = rule;
        }
        if let Some(keys) = order.keys {
            store.keys = keys;
        }
        if order.revoke {
            store.revoke();
        }
        store.advanced += Duration::from_secs(order.advance_seconds.into());
    }
}
