//! The paths of the sandbox, and who answers at each.

use std::sync::{Mutex, MutexGuard, PoisonError};

use crate::control::Control;
use crate::fault::{self, Fault};
use crate::provider::{self, Brand, Store};
use crate::smtp::Sink;
use crate::wire::{Refusal, Request, Response, Stream, read_request};

pub struct App {
    pub control: Mutex<Control>,
    pub store: Mutex<Store>,
    /// Locked last, where several are.
    pub sink: Mutex<Sink>,
}

/// An endpoint that a path names.
enum Endpoint<'a> {
    Index,
    Control,
    Mails,
    Elsewhere,
    Consent(&'a str),
    Authorize(Brand, &'a str),
    Token(Brand, &'a str),
    DeviceCode(&'a str),
    Device,
    TokenInfo,
    Revoke,
}

impl App {
    /// Reads one request and answers it; the connection is then over.
    pub fn converse(&self, mut stream: Stream) {
        let outcome = match read_request(&mut stream) {
            Ok(request) => self.answer(&mut stream, &request),
            Err(Refusal::Answer(response)) => fault::interrupt(&mut stream, &response),
            Err(Refusal::Gone) => return,
        };
        // a peer that left before the end of its answer is its own affair
        drop(outcome);
    }

    fn answer(&self, stream: &mut Stream, request: &Request) -> std::io::Result<()> {
        let response = match endpoint(&request.path) {
            None => Response::new(404, "text/plain", "nothing is here\n"),
            Some(Endpoint::Index) => provider::index(&lock(&self.store)),
            Some(Endpoint::Control) => {
                lock(&self.control).answer(&mut lock(&self.store), &mut lock(&self.sink), request)
            }
            Some(Endpoint::Mails) => lock(&self.control).mails(&lock(&self.sink), request),
            Some(Endpoint::Elsewhere) => {
                lock(&self.control).count("elsewhere");
                Response::new(200, "text/plain", "nobody should come here\n")
            }
            Some(Endpoint::Consent(id)) => {
                lock(&self.control).count("consent");
                provider::interaction(&mut lock(&self.store), id, request)
            }
            Some(Endpoint::Authorize(brand, tenant)) => {
                lock(&self.control).count("authorize");
                provider::authorize(&mut lock(&self.store), brand, tenant, request)
            }
            Some(Endpoint::DeviceCode(tenant)) => {
                lock(&self.control).count("device");
                provider::device_code(&mut lock(&self.store), tenant, request)
            }
            Some(Endpoint::Device) => provider::device_page(&mut lock(&self.store), request),
            Some(Endpoint::TokenInfo) => {
                lock(&self.control).count("tokeninfo");
                provider::token_info(&lock(&self.store), request)
            }
            Some(Endpoint::Revoke) => {
                lock(&self.control).count("revoke");
                provider::revoke(&mut lock(&self.store), request)
            }
            Some(Endpoint::Token(brand, tenant)) => {
                return self.token(stream, brand, tenant, request);
            }
        };
        fault::send(stream, &response)
    }

    fn token(
        &self,
        stream: &mut Stream,
        brand: Brand,
        tenant: &str,
        request: &Request,
    ) -> std::io::Result<()> {
        let due = {
            let mut control = lock(&self.control);
            control.count("token");
            control.next_fault()
        };
        let answer = if due.as_ref().is_none_or(Fault::has_true_answer) {
            provider::token(&mut lock(&self.store), brand, tenant, request)
        } else {
            Response::new(500, "text/plain", "")
        };
        match due {
            Some(fault) => fault.play(stream, answer),
            None => fault::send(stream, &answer),
        }
    }
}

fn endpoint(path: &str) -> Option<Endpoint<'_>> {
    let mut parts = path.trim_start_matches('/').split('/');
    let part = [
        parts.next()?,
        parts.next().unwrap_or(""),
        parts.next().unwrap_or(""),
    ];
    if parts.next().is_some() {
        return None;
    }
    Some(match part {
        ["", "", ""] => Endpoint::Index,
        ["control", "", ""] => Endpoint::Control,
        ["control", "mails", ""] => Endpoint::Mails,
        ["elsewhere", "", ""] => Endpoint::Elsewhere,
        ["consent", id, ""] => Endpoint::Consent(id),
        ["google", "authorize", ""] => Endpoint::Authorize(Brand::Google, ""),
        ["google", "token", ""] => Endpoint::Token(Brand::Google, ""),
        ["google", "tokeninfo", ""] => Endpoint::TokenInfo,
        ["google", "revoke", ""] => Endpoint::Revoke,
        ["device", "", ""] => Endpoint::Device,
        ["microsoft", tenant, "devicecode"] => Endpoint::DeviceCode(tenant),
        ["strict", "authorize", ""] => Endpoint::Authorize(Brand::Strict, ""),
        ["strict", "token", ""] => Endpoint::Token(Brand::Strict, ""),
        ["microsoft", tenant, "authorize"] => Endpoint::Authorize(Brand::Microsoft, tenant),
        ["microsoft", tenant, "token"] => Endpoint::Token(Brand::Microsoft, tenant),
        _ => return None,
    })
}

/// A thread that panicked must not end the service of the others.
pub fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
