//! Reads one request: 64 KiB of head, 64 headers, 512 KiB of body, 15 seconds in all.

use std::collections::HashMap;
use std::io::{ErrorKind, Read};
use std::time::Duration;

use super::{Request, Response, Stream};

const HEAD_MAX: usize = 64 * 1024;
const BODY_MAX: usize = 512 * 1024;
const DEADLINE: Duration = Duration::from_secs(15);

/// Why there is no request.
pub enum Refusal {
    /// The peer is gone or speaks no TLS: nobody to answer.
    Gone,
    /// What is to be answered.
    Answer(Response),
}

pub fn read_request(stream: &mut Stream) -> Result<Request, Refusal> {
    stream.get_mut().allow(DEADLINE);
    let mut buffer = Vec::new();
    let (mut request, length, body_at) = loop {
        if let Some(head) = parse_head(&buffer)? {
            break head;
        }
        if buffer.len() >= HEAD_MAX {
            return Err(refuse(431, "the request's head is too large"));
        }
        fill(stream, &mut buffer)?;
    };
    if length > BODY_MAX {
        return Err(refuse(413, "the request's body is too large"));
    }
    let mut body = buffer.split_off(body_at);
    while body.len() < length {
        fill(stream, &mut body)?;
    }
    body.truncate(length);
    request.body = body;
    Ok(request)
}

/// The request without its body, the body's length, and where the body begins.
type Head = (Request, usize, usize);

fn parse_head(buffer: &[u8]) -> Result<Option<Head>, Refusal> {
    let mut headers = [httparse::EMPTY_HEADER; 64];
    let mut parsed = httparse::Request::new(&mut headers);
    let body_at = match parsed.parse(buffer) {
        Ok(httparse::Status::Complete(at)) => at,
        Ok(httparse::Status::Partial) => return Ok(None),
        Err(error) => return Err(refuse(400, &format!("the request is malformed: {error}"))),
    };
    let headers: HashMap<String, String> = parsed
        .headers
        .iter()
        .map(|h| {
            (
                h.name.to_ascii_lowercase(),
                String::from_utf8_lossy(h.value).into_owned(),
            )
        })
        .collect();
    if headers.contains_key("transfer-encoding") {
        return Err(refuse(400, "a chunked request body is not understood here"));
    }
    let length = match headers.get("content-length") {
        None => 0,
        Some(text) => text
            .parse()
            .map_err(|_| refuse(400, "the content length is no number"))?,
    };
    let (path, query) = parsed
        .path
        .map_or(("", ""), |t| t.split_once('?').unwrap_or((t, "")));
    let request = Request {
        method: parsed.method.unwrap_or_default().into(),
        path: path.into(),
        query: query.into(),
        headers,
        body: Vec::new(),
    };
    Ok(Some((request, length, body_at)))
}

/// Reads what is there.
fn fill(stream: &mut Stream, buffer: &mut Vec<u8>) -> Result<(), Refusal> {
    let mut chunk = [0; 8192];
    match stream.read(&mut chunk) {
        Ok(0) => Err(Refusal::Gone),
        Ok(count) => {
            buffer.extend(chunk.iter().take(count));
            Ok(())
        }
        Err(error) if error.kind() == ErrorKind::Interrupted => Ok(()),
        Err(error) if matches!(error.kind(), ErrorKind::TimedOut | ErrorKind::WouldBlock) => {
            Err(refuse(408, "the request took too long"))
        }
        Err(_) => Err(Refusal::Gone),
    }
}

fn refuse(status: u16, why: &str) -> Refusal {
    Refusal::Answer(Response::new(status, "text/plain", format!("{why}\n")))
}
