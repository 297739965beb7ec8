//! The way through an HTTP proxy: CONNECT (RFC 9110 section 9.3.6), with Basic login where one is
//! set. The proxy's answer is read byte by byte and bounded, so nothing of what follows is swallowed.
//!
//! That is for TLS. A request in the clear goes to the proxy itself, with its target in absolute form (RFC
//! 9112 section 3.2.2): proxies commonly refuse CONNECT to any port but 443.

use std::io::{Read, Write};

use base64::prelude::{BASE64_STANDARD, Engine};
use zeroize::Zeroizing;

use super::stream::Timed;
use super::{Error, Peer, is_timeout};
use crate::Secret;
use crate::cause::{Loss, Phase};
use crate::host::Proxy;

/// The largest answer of a proxy to CONNECT, in bytes.
const MAX: usize = 8 * 1024;

/// A proxy that passes requests in the clear on.
#[derive(Clone, Debug)]
pub(crate) struct Relay {
    peer: Peer,
    login: Option<Secret>,
}

impl Relay {
    pub(super) fn new(proxy: Proxy) -> Self {
        Self {
            peer: Peer {
                host: proxy.host,
                port: proxy.port,
                is_proxy: true,
            },
            login: proxy.login,
        }
    }

    pub(super) fn peer(&self) -> &Peer {
        &self.peer
    }

    /// The beginning of a request's head, which is in origin form, as the proxy gets it.
    pub(crate) fn absolute(&self, authority: &str, head: &[u8]) -> Zeroizing<Vec<u8>> {
        let method = head
            .iter()
            .position(|&byte| byte == b' ')
            .map_or(0, |at| at + 1);
        let line = head.windows(2).position(|pair| pair == b"\r\n");
        let (method, rest) = head.split_at(method);
        let line = line.map_or(rest.len(), |at| at + 2 - method.len());
        let (line, rest) = rest.split_at_checked(line).unwrap_or((rest, &[]));
        let login = self.login.as_ref().map(login_line).unwrap_or_default();
        let parts: [&[u8]; 6] = [
            method,
            b"http://",
            authority.as_bytes(),
            line,
            login.as_bytes(),
            rest,
        ];
        Zeroizing::new(parts.concat())
    }

    /// Why an answer with this status, which is the proxy's own, is none of the target's. One that is
    /// given for an answer that the proxy has waited for leaves open what became of the request.
    pub(crate) fn refusal(&self, status: u16, target: &Peer) -> Error {
        match status {
            502 => target.lost(Loss::LostWaiting, None),
            504 => target.late(Phase::Wait),
            _ => refused(&self.peer, status, target),
        }
    }
}

fn login_line(login: &Secret) -> Zeroizing<String> {
    let basic = Zeroizing::new(BASE64_STANDARD.encode(login.expose()));
    Zeroizing::new(format!("Proxy-Authorization: Basic {}\r\n", *basic))
}

/// Asks the proxy for a connection to `target`; the socket is then the peer's.
pub(super) fn open(mut socket: Timed, relay: &Relay, target: &Peer) -> Result<Timed, Error> {
    let Relay { peer: proxy, login } = relay;
    let failed = |error: std::io::Error| {
        if is_timeout(&error) {
            proxy.late(Phase::Proxy)
        } else {
            proxy.lost(Loss::ProxyGarbled, Some(error))
        }
    };
    let name = target.name();
    let mut request = Zeroizing::new(format!("CONNECT {name} HTTP/1.1\r\nHost: {name}\r\n"));
    if let Some(login) = login {
        request.push_str(&login_line(login));
    }
    request.push_str("\r\n");
    socket.write_all(request.as_bytes()).map_err(failed)?;

    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        let mut byte = [0];
        let count = socket.read(&mut byte).map_err(failed)?;
        if count == 0 || head.len() >= MAX {
            return Err(proxy.lost(Loss::ProxyGarbled, None));
        }
        head.extend_from_slice(&byte);
    }
    match status(&head) {
        Some(200..=299) => Ok(socket),
        Some(code) => Err(refused(proxy, code, target)),
        None => Err(proxy.lost(Loss::ProxyGarbled, None)),
    }
}

/// What it means that the proxy answers so.
fn refused(proxy: &Peer, code: u16, target: &Peer) -> Error {
    let loss = match code {
        // 401 is tinyproxy's word for a wrong password
        401 | 407 => return proxy.lost(Loss::ProxyLogin, None),
        // what proxies say of a server that is not found or does not answer
        408 | 429 | 500..=599 => Loss::ProxyUnable,
        _ => Loss::ProxyRefused,
    };
    let said = std::io::Error::other(format!("status {code} for {}", target.name()));
    proxy.lost(loss, Some(said))
}

/// The code of a status line.
fn status(head: &[u8]) -> Option<u16> {
    let line = head.split(|&byte| byte == b'\r').next()?;
    let mut words = std::str::from_utf8(line).ok()?.split(' ');
    words
        .next()
        .filter(|version| version.starts_with("HTTP/1."))?;
    words.next().filter(|code| code.len() == 3)?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::status;

    #[test]
    fn only_a_status_line_is_one() {
        assert_eq!(
            status(b"HTTP/1.1 200 Connection established\r\n\r\n"),
            Some(200)
        );
        assert_eq!(status(b"HTTP/1.0 407\r\n\r\n"), Some(407));
        for garbage in [
            &b"SSH-2.0-x\r\n\r\n"[..],
            b"HTTP/1.1 20\r\n\r\n",
            b"\xff\r\n\r\n",
            b"",
        ] {
            assert_eq!(status(garbage), None);
        }
    }
}
