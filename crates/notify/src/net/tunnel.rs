//! The way through an HTTP proxy: CONNECT (RFC 9110 section 9.3.6), with Basic login where one is
//! set. The proxy's answer is read byte by byte and bounded, so nothing of what follows is swallowed.

use std::io::{Read, Write};

use base64::prelude::{BASE64_STANDARD, Engine};
use zeroize::Zeroizing;

use super::stream::Timed;
use super::{Error, Peer, is_timeout};
use crate::Secret;
use crate::cause::{Loss, Phase};

/// The largest answer of a proxy to CONNECT, in bytes.
const MAX: usize = 8 * 1024;

/// Asks the proxy for a connection to `target`; the socket is then the peer's.
pub(super) fn open(
    mut socket: Timed,
    proxy: &Peer,
    login: Option<&Secret>,
    target: &Peer,
) -> Result<Timed, Error> {
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
        let basic = Zeroizing::new(BASE64_STANDARD.encode(login.expose()));
        request.push_str("Proxy-Authorization: Basic ");
        request.push_str(&basic);
        request.push_str("\r\n");
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
        // 401 is tinyproxy's word for a wrong password
        Some(401 | 407) => Err(proxy.lost(Loss::ProxyLogin, None)),
        Some(code) => {
            let said = std::io::Error::other(format!("status {code} for {name}"));
            Err(proxy.lost(Loss::ProxyRefused, Some(said)))
        }
        None => Err(proxy.lost(Loss::ProxyGarbled, None)),
    }
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
