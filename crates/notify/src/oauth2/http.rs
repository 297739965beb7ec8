//! One HTTPS request, one answer, one deadline: https only, no redirect followed, no connection kept,
//! no proxy but the host's, at most 64 KiB of body and 32 KiB of head.

use std::io::{self, Read};

use ::oauth2::http::header::CONNECTION;
use ::oauth2::http::{HeaderValue, Request, Response, Uri};
use ::oauth2::{HttpRequest, HttpResponse};
use ureq::Agent;
use zeroize::Zeroizing;

use super::explain;
use super::wire::{NoLookup, Wire};
use crate::advice::Oddity;
use crate::net::Peer;
use crate::{Deadline, Error, Host};

/// The largest body that is read, in bytes.
const MAX_BODY: u64 = 64 * 1024;
/// The largest head (status line and fields) that is read, in bytes.
const MAX_HEAD: usize = 32 * 1024;

/// Sends the request; every answer, whatever its status, is a success here.
pub(super) fn send(
    host: &Host,
    provider: &str,
    request: HttpRequest,
    deadline: Deadline,
) -> Result<HttpResponse, Error> {
    let (mut parts, body) = request.into_parts();
    parts
        .headers
        .insert(CONNECTION, HeaderValue::from_static("close"));
    let body = Zeroizing::new(body);
    let peer =
        peer(&parts.uri).ok_or_else(|| Error::parameter("tenant-id", "makes no valid URL"))?;
    // a line of the head must fit as a whole, and a Basic login may be long
    let longest = parts
        .headers
        .iter()
        .map(|(_, value)| value.len())
        .max()
        .unwrap_or(0);
    let config = Agent::config_builder()
        .https_only(true)
        .max_redirects(0)
        .http_status_as_error(false)
        .proxy(None)
        .user_agent(concat!("pve-rs-notify/", env!("CARGO_PKG_VERSION")))
        .accept_encoding("identity")
        .max_response_header_size(MAX_HEAD)
        .input_buffer_size(2 * MAX_HEAD)
        .output_buffer_size(16 * 1024 + longest)
        .max_idle_connections(0)
        .build();
    let agent = Agent::with_parts(
        config,
        Wire {
            host: host.clone(),
            peer: peer.clone(),
            deadline,
        },
        NoLookup,
    );
    let fail = |error| failure(provider, &peer, error);
    let answer = agent
        .run(Request::from_parts(parts, body.as_slice()))
        .map_err(fail)?;
    let (parts, body) = answer.into_parts();
    let mut bytes = Zeroizing::new(Vec::new());
    body.into_reader()
        .take(MAX_BODY + 1)
        .read_to_end(&mut bytes)
        .map_err(|error| fail(ureq::Error::from(error)))?;
    if bytes.len() as u64 > MAX_BODY {
        return Err(explain::odd(provider, Oddity::BodyTooLarge));
    }
    Ok(Response::from_parts(parts, std::mem::take(&mut *bytes)))
}

fn peer(uri: &Uri) -> Option<Peer> {
    let host = uri
        .host()?
        .trim_start_matches('[')
        .trim_end_matches(']')
        .to_owned();
    Some(Peer {
        host,
        port: uri.port_u16().unwrap_or(443),
        is_proxy: false,
    })
}

fn failure(provider: &str, peer: &Peer, error: ureq::Error) -> Error {
    match error {
        ureq::Error::Other(inner) => match inner.downcast::<Error>() {
            Ok(error) => *error,
            Err(_) => explain::odd(provider, Oddity::Malformed),
        },
        ureq::Error::LargeResponseHeader(..) => explain::odd(provider, Oddity::HeadTooLarge),
        ureq::Error::Io(error) if error.kind() == io::ErrorKind::UnexpectedEof => {
            peer.lost(crate::advice::Cause::LostReading, None)
        }
        _ => explain::odd(provider, Oddity::Malformed),
    }
}
