//! One HTTP request, the head of its answer, one deadline: no redirect followed, no connection kept,
//! no proxy but the host's, at most 32 KiB of head.

mod wire;

use std::io::{self, Read};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, OnceLock};

use oauth2::http::header::{CONNECTION, DATE, HeaderMap, RETRY_AFTER};
use oauth2::http::{HeaderValue, Request, Response, StatusCode, Uri};
use ureq::{Agent, Body};
use zeroize::Zeroizing;

use crate::Deadline;
use crate::cause::{Cause, Loss};
use crate::deadline::Ends;
use crate::net::{self, Peer, Relay, Trip};
use wire::{NoLookup, Wire};

/// The largest body that is read, in bytes.
const MAX_BODY: u64 = 64 * 1024;
/// How much of a body is read only to be shown, in bytes.
const MAX_SHOWN: u64 = 4 * 1024;
/// The largest head (status line and fields) that is read, in bytes.
const MAX_HEAD: usize = 32 * 1024;
/// The longest `Retry-After` that is believed, in seconds.
const MAX_RETRY_AFTER: u64 = 3600;

/// Why there is no answer.
#[derive(Debug)]
pub(crate) enum Failure {
    /// The way to the peer failed, at whatever phase.
    Net(net::Error),
    /// More than 32 KiB of head.
    HeadTooLarge,
    /// More than 64 KiB of body.
    BodyTooLarge,
    /// Not HTTP/1.1.
    Malformed,
    /// The request cannot be put on the wire; nothing has gone out.
    Unsendable,
}

impl Failure {
    /// What is wrong with the answer, in a few words.
    pub(crate) fn what(&self) -> &'static str {
        match self {
            Self::Net(_) => "no answer",
            Self::HeadTooLarge => "header larger than 32 KiB",
            Self::BodyTooLarge => "body larger than 64 KiB",
            Self::Malformed => "not HTTP",
            Self::Unsendable => "invalid request",
        }
    }

    /// The cause.
    pub(crate) fn cause(&self) -> Cause {
        match self {
            Self::Net(error) => error.cause(),
            Self::HeadTooLarge | Self::BodyTooLarge | Self::Malformed => Cause::Garbled,
            Self::Unsendable => Cause::Settings,
        }
    }

    fn new(attempt: &Attempt<'_>, error: ureq::Error) -> Self {
        match error {
            ureq::Error::Other(inner) => match inner.downcast::<net::Error>() {
                Ok(error) => Self::Net(*error),
                Err(_) => Self::Malformed,
            },
            ureq::Error::LargeResponseHeader(..) => Self::HeadTooLarge,
            ureq::Error::Io(error) if error.kind() == io::ErrorKind::UnexpectedEof => {
                Self::Net(attempt.peer.lost(Loss::LostReading, None))
            }
            _ if !attempt.gone.load(Ordering::Relaxed) => Self::Unsendable,
            _ => Self::Malformed,
        }
    }
}

/// Sends the request, whose address must be http or https with a host; every answer, whatever its
/// status, is a success here.
pub(crate) fn head(
    trip: &Trip,
    request: Request<Vec<u8>>,
    ends: Ends,
) -> Result<Response<Body>, Failure> {
    let attempt = Attempt::new(trip, request.uri(), false, ends);
    let answer = attempt
        .run(request)
        .map_err(|error| Failure::new(&attempt, error))?;
    match attempt.relay.get() {
        Some(relay) if is_of_relay(&answer) => {
            let status = answer.status().as_u16();
            Err(Failure::Net(relay.refusal(status, &attempt.peer)))
        }
        _ => Ok(answer),
    }
}

/// Whether the proxy in between says this, not the server. Of most proxies nobody can tell; Squid does.
fn is_of_relay(answer: &Response<Body>) -> bool {
    answer.status() == StatusCode::PROXY_AUTHENTICATION_REQUIRED
        || answer.headers().contains_key("x-squid-error")
}

/// The same with the body of the answer; https only.
pub(crate) fn exchange(
    trip: &Trip,
    request: Request<Vec<u8>>,
    deadline: Deadline,
) -> Result<Response<Vec<u8>>, Failure> {
    let attempt = Attempt::new(trip, request.uri(), true, deadline.into());
    let fail = |error| Failure::new(&attempt, error);
    let answer = attempt.run(request).map_err(fail)?;
    let (parts, body) = answer.into_parts();
    let mut bytes = Zeroizing::new(Vec::new());
    body.into_reader()
        .take(MAX_BODY + 1)
        .read_to_end(&mut bytes)
        .map_err(|error| fail(ureq::Error::from(error)))?;
    if bytes.len() as u64 > MAX_BODY {
        return Err(Failure::BodyTooLarge);
    }
    Ok(Response::from_parts(parts, std::mem::take(&mut *bytes)))
}

/// The beginning of an answer's body, as much of it as comes in time.
pub(crate) fn beginning(body: Body) -> Vec<u8> {
    let mut bytes = Vec::new();
    // what came before a failure tells enough
    let _ = body.into_reader().take(MAX_SHOWN).read_to_end(&mut bytes);
    bytes
}

/// The pause that an answer asks for, in seconds (RFC 9110 section 10.2.3). A date is taken from the
/// answer's own, so that no clock of ours counts; without that it counts as none.
pub(crate) fn retry_after(headers: &HeaderMap) -> Option<u32> {
    let text = headers.get(RETRY_AFTER)?.to_str().ok()?.trim();
    let is_number = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    let seconds = if is_number {
        text.parse().unwrap_or(u64::MAX)
    } else {
        let end = date(text)?;
        let pause = end.saturating_sub(dated(headers)?);
        u64::try_from(pause).unwrap_or(0)
    };
    u32::try_from(seconds.min(MAX_RETRY_AFTER)).ok()
}

/// When an answer was made, by its maker's clock, in seconds since the epoch (RFC 9110 section 6.6.1).
pub(crate) fn dated(headers: &HeaderMap) -> Option<i64> {
    date(headers.get(DATE)?.to_str().ok()?)
}

fn date(text: &str) -> Option<i64> {
    let date = chrono::DateTime::parse_from_rfc2822(text).ok()?;
    Some(date.timestamp())
}

/// A request on its way.
struct Attempt<'a> {
    trip: &'a Trip,
    peer: Peer,
    https_only: bool,
    ends: Ends,
    /// Something of it has gone out.
    gone: Arc<AtomicBool>,
    /// The proxy that passes it on, once there is one.
    relay: Arc<OnceLock<Relay>>,
}

impl<'a> Attempt<'a> {
    fn new(trip: &'a Trip, uri: &Uri, https_only: bool, ends: Ends) -> Self {
        Self {
            trip,
            peer: peer(uri),
            https_only,
            ends,
            gone: Arc::default(),
            relay: Arc::default(),
        }
    }

    fn run(&self, request: Request<Vec<u8>>) -> Result<Response<Body>, ureq::Error> {
        let (mut parts, body) = request.into_parts();
        parts
            .headers
            .insert(CONNECTION, HeaderValue::from_static("close"));
        let body = Zeroizing::new(body);
        // a line of the head must fit as a whole, and a Basic login may be long
        let longest = parts
            .headers
            .iter()
            .map(|(_, value)| value.len())
            .max()
            .unwrap_or(0)
            .max(parts.uri.path().len() + parts.uri.query().map_or(0, str::len));
        let config = Agent::config_builder()
            .https_only(self.https_only)
            .max_redirects(0)
            .http_status_as_error(false)
            .proxy(None)
            // our own name: no server should take this program for Proxmox's client
            .user_agent(concat!("pve-rs-notify/", env!("CARGO_PKG_VERSION")))
            .accept_encoding("identity")
            .max_response_header_size(MAX_HEAD)
            .input_buffer_size(2 * MAX_HEAD)
            .output_buffer_size(16 * 1024 + longest)
            .max_idle_connections(0)
            .build();
        let wire = Wire {
            trip: self.trip.clone(),
            peer: self.peer.clone(),
            tls: parts.uri.scheme_str() != Some("http"),
            ends: self.ends,
            gone: Arc::clone(&self.gone),
            authority: authority(&parts.uri),
            relay: Arc::clone(&self.relay),
        };
        let agent = Agent::with_parts(config, wire, NoLookup);
        if body.is_empty() && parts.method == oauth2::http::Method::GET {
            agent.run(Request::from_parts(parts, ()))
        } else {
            agent.run(Request::from_parts(parts, body.as_slice()))
        }
    }
}

/// What the field `Host` says of an address in the clear: no login, and no port that is usual.
fn authority(uri: &Uri) -> String {
    let host = uri.host().unwrap_or_default();
    match uri.port_u16() {
        Some(port) if port != 80 => format!("{host}:{port}"),
        _ => host.to_owned(),
    }
}

/// Whom an address names.
pub(crate) fn peer(uri: &Uri) -> Peer {
    let host = uri.host().unwrap_or_default();
    let default = if uri.scheme_str() == Some("http") {
        80
    } else {
        443
    };
    Peer {
        host: host
            .trim_start_matches('[')
            .trim_end_matches(']')
            .to_owned(),
        port: uri.port_u16().unwrap_or(default),
        is_proxy: false,
    }
}
