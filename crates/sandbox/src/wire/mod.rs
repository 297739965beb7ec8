//! HTTP/1.1 by hand on one connection: one request is read within bounds, one answer is written.
//!
//! An HTTP framework would keep the answers well-formed; here they must be breakable at every byte.

mod read;
mod socket;

use std::collections::HashMap;

pub use read::{Refusal, read_request};
pub use socket::Socket;

/// A connection with TLS.
pub type Stream = openssl::ssl::SslStream<Socket>;

/// A request whose head and body fit the bounds of [`read_request`].
pub struct Request {
    pub method: String,
    pub path: String,
    pub query: String,
    /// By lower-case name; of a repeated header the last one counts.
    pub headers: HashMap<String, String>,
    pub body: Vec<u8>,
}

impl Request {
    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", String::as_str)
    }

    /// The value of a cookie, if the browser sent it.
    pub fn cookie(&self, name: &str) -> Option<&str> {
        let pairs = self
            .header("cookie")
            .split(';')
            .filter_map(|pair| pair.trim().split_once('='));
        pairs
            .filter(|(key, _)| *key == name)
            .map(|(_, value)| value)
            .next()
    }
}

/// An answer; its length and `Connection: close` are added when it is written.
pub struct Response {
    pub status: u16,
    pub headers: Vec<(String, String)>,
    pub body: Vec<u8>,
}

impl Response {
    pub fn new(status: u16, content_type: &str, body: impl Into<Vec<u8>>) -> Self {
        let headers = vec![("Content-Type".into(), content_type.into())];
        Self {
            status,
            headers,
            body: body.into(),
        }
        .with("Cache-Control", "no-store")
    }

    pub fn json(status: u16, value: &serde_json::Value) -> Self {
        Self::new(status, "application/json;charset=UTF-8", value.to_string())
    }

    pub fn redirect(status: u16, location: &str) -> Self {
        Self::new(status, "text/plain", "").with("Location", location)
    }

    pub fn with(mut self, name: &str, value: &str) -> Self {
        self.headers.push((name.into(), value.into()));
        self
    }

    /// The status line and the headers, with the empty line that ends them.
    pub fn head(&self, framing: &str) -> Vec<u8> {
        let mut head = format!("HTTP/1.1 {} {}\r\n", self.status, reason(self.status));
        for (name, value) in &self.headers {
            head.push_str(&format!("{name}: {value}\r\n"));
        }
        head.push_str(&format!("{framing}\r\nConnection: close\r\n\r\n"));
        head.into_bytes()
    }

    /// The whole answer as it should be.
    pub fn bytes(&self) -> Vec<u8> {
        let mut bytes = self.head(&format!("Content-Length: {}", self.body.len()));
        bytes.extend_from_slice(&self.body);
        bytes
    }
}

fn reason(status: u16) -> &'static str {
    match status {
        200 => "OK",
        301 => "Moved Permanently",
        302 => "Found",
        303 => "See Other",
        307 => "Temporary Redirect",
        308 => "Permanent Redirect",
        400 => "Bad Request",
        401 => "Unauthorized",
        403 => "Forbidden",
        404 => "Not Found",
        405 => "Method Not Allowed",
        408 => "Request Timeout",
        413 => "Content Too Large",
        429 => "Too Many Requests",
        431 => "Request Header Fields Too Large",
        500 => "Internal Server Error",
        502 => "Bad Gateway",
        503 => "Service Unavailable",
        504 => "Gateway Timeout",
        _ => "Unknown",
    }
}
