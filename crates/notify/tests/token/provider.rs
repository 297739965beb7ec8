//! A token endpoint that rotates refresh tokens and revokes the grant when a spent one comes back,
//! and that can be told to answer otherwise.

use std::collections::VecDeque;
use std::io::Write;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Condvar, Mutex};
use std::thread;
use std::time::Duration;

use crate::peer::{Server, answer, close, json, read_request};

/// How refresh tokens are treated.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Rule {
    /// A new one each time; an old one ends the grant.
    Strict,
    /// A new one each time; old ones stay valid.
    Lenient,
    /// None in the answer.
    Omit,
    /// The same in the answer.
    Same,
}

/// One ordered misbehaviour.
pub enum Order {
    /// These bytes.
    Bytes(Vec<u8>),
    /// Takes the token, then closes without an answer.
    Swallow,
}

pub struct State {
    pub rule: Rule,
    /// The token that counts.
    pub current: String,
    /// Those that counted before.
    pub old: Vec<String>,
    pub revoked: bool,
    /// Access tokens given.
    pub granted: Vec<String>,
    /// Requests with a spent token.
    pub replays: usize,
    pub requests: Vec<String>,
    pub orders: VecDeque<Order>,
    pub expires_in: String,
    /// Further fields of the head.
    pub head: String,
    pub delay: Duration,
    /// Answers that wait for a word.
    holds: VecDeque<Receiver<()>>,
}

pub struct Provider {
    pub server: Server,
    pub state: Arc<Mutex<State>>,
    came: Arc<Condvar>,
}

impl Provider {
    pub fn new(rule: Rule) -> Self {
        let state = Arc::new(Mutex::new(State {
            rule,
            current: "r-cAnArY-0".to_owned(),
            old: Vec::new(),
            revoked: false,
            granted: Vec::new(),
            replays: 0,
            requests: Vec::new(),
            orders: VecDeque::new(),
            expires_in: "3600".to_owned(),
            head: String::new(),
            delay: Duration::ZERO,
            holds: VecDeque::new(),
        }));
        let came = Arc::new(Condvar::new());
        let told = Arc::clone(&came);
        let shared = Arc::clone(&state);
        let server = Server::tls(move |tls, _| {
            let request = read_request(tls);
            let (bytes, delay, hold) = {
                let mut state = shared.lock().unwrap();
                let bytes = state.serve(request);
                (bytes, state.delay, state.holds.pop_front())
            };
            told.notify_all();
            if let Some(hold) = hold {
                let _ = hold.recv_timeout(Duration::from_secs(20));
            }
            thread::sleep(delay);
            let _ = tls.write_all(&bytes);
            close(tls);
        });
        Self {
            server,
            state,
            came,
        }
    }

    pub fn url(&self) -> String {
        format!("https://localhost:{}/token", self.server.address.port())
    }

    pub fn set(&self, change: impl FnOnce(&mut State)) {
        change(&mut self.state.lock().unwrap());
    }

    pub fn order(&self, bytes: Vec<u8>) {
        self.set(|state| state.orders.push_back(Order::Bytes(bytes)));
    }

    /// Lets the next answer wait, which is given all the same, until the sender says so or is gone.
    pub fn hold(&self) -> Sender<()> {
        let (sender, receiver) = channel();
        self.set(|state| state.holds.push_back(receiver));
        sender
    }

    /// Waits until so many requests have come.
    pub fn wait_for(&self, requests: usize) {
        let state = self.state.lock().unwrap();
        let missing = |state: &mut State| state.requests.len() < requests;
        let limit = Duration::from_secs(20);
        let (state, late) = self.came.wait_timeout_while(state, limit, missing).unwrap();
        assert!(!late.timed_out(), "only {} requests", state.requests.len());
    }

    /// Requests so far.
    pub fn asked(&self) -> usize {
        self.state.lock().unwrap().requests.len()
    }

    pub fn replays(&self) -> usize {
        self.state.lock().unwrap().replays
    }
}

impl State {
    fn serve(&mut self, request: String) -> Vec<u8> {
        let body = request.split_once("\r\n\r\n").map_or("", |parts| parts.1);
        let sent = oauth2::url::form_urlencoded::parse(body.as_bytes())
            .find(|(name, _)| name == "refresh_token")
            .map(|(_, value)| value.into_owned());
        self.requests.push(request);
        match self.orders.pop_front() {
            Some(Order::Bytes(bytes)) => return bytes,
            Some(Order::Swallow) => {
                let _ = self.grant(sent);
                return Vec::new();
            }
            None => {}
        }
        let granted = self.grant(sent);
        match granted {
            Ok(body) => answer(
                "200 OK",
                &format!("Content-Type: application/json\r\n{}", self.head),
                body,
            ),
            Err(body) => json("400 Bad Request", body),
        }
    }

    fn grant(&mut self, sent: Option<String>) -> Result<String, String> {
        let dead = r#"{"error":"invalid_grant","error_description":"gone"}"#;
        if let Some(sent) = &sent {
            let is_old = self.old.contains(sent);
            if is_old {
                self.replays += 1;
                self.revoked |= self.rule == Rule::Strict;
            }
            let is_good = *sent == self.current || (is_old && self.rule == Rule::Lenient);
            if self.revoked || !is_good {
                return Err(dead.to_owned());
            }
        }
        let access = format!("a-cAnArY-{}", self.granted.len() + 1);
        self.granted.push(access.clone());
        let refresh = match (sent, self.rule) {
            (None, _) | (_, Rule::Omit) => String::new(),
            (_, Rule::Same) => format!(r#","refresh_token":"{}""#, self.current),
            (_, Rule::Strict | Rule::Lenient) => {
                let next = format!("r-cAnArY-{}", self.granted.len());
                self.old.push(std::mem::replace(&mut self.current, next));
                format!(r#","refresh_token":"{}""#, self.current)
            }
        };
        Ok(format!(
            r#"{{"access_token":"{access}","token_type":"Bearer","expires_in":{}{refresh}}}"#,
            self.expires_in
        ))
    }
}
