//! Ports that do not agree on TLS: each has words of its own.

use std::fs;
use std::io::{Read, Write};
use std::net::{Shutdown, TcpStream};

use crate::Folder;
use crate::pki::Workshop;
use crate::programs::{Found, ours};
use crate::row::{NAME, Refused, bad_words, compare};
use crate::server::listen;

/// What a mail in the mode `tls` tells of a port.
fn told(serve: impl Fn(TcpStream) + Send + Sync + 'static) -> Found {
    let port = listen(serve);
    let folder = Folder::new();
    let store = folder.0.join("store.crt");
    let workshop = Workshop::new(folder.0.join("pki"));
    fs::write(&store, workshop.root().pem()).unwrap();
    let found = ours(Some(&store), NAME, port, &folder.0.join("host"));
    assert!(!found.is_accepted);
    found
}

/// Says `first` at once, then `second` to what the client says.
fn saying(first: &'static [u8], second: &'static [u8]) -> impl Fn(TcpStream) + Send + Sync {
    move |mut tcp| {
        // a client that has heard enough may be gone
        let _ = tcp.write_all(first);
        let _ = tcp.read(&mut [0; 4096]);
        let _ = tcp.write_all(second);
        // closing before the client does would reset the connection
        let _ = tcp.shutdown(Shutdown::Write);
        while matches!(tcp.read(&mut [0; 4096]), Ok(count) if count > 0) {}
    }
}

#[track_caller]
fn has_none(faults: &[String]) {
    assert!(faults.is_empty(), "{faults:?}");
}

#[test]
fn a_port_that_speaks_smtp_in_the_clear_is_known_as_such() {
    for greeting in [
        &b"220 mail.example.org ESMTP\r\n"[..],
        b"220-mail.example.org ESMTP\r\n220 welcome\r\n",
        b"554 5.7.1 not you\r\n",
    ] {
        let found = told(saying(greeting, b"500 5.5.2 what?\r\n"));
        has_none(&bad_words("starttls", &found.said));
        assert!(!found.said.contains("wrong version"), "{found:?}");
    }
}

#[test]
fn a_port_that_speaks_http_in_the_clear_is_known_as_such() {
    let answer = b"HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n";
    let found = told(saying(b"", answer));
    has_none(&bad_words("HTTP", &found.said));
    assert!(!found.said.contains("http request"), "{found:?}");
}

#[test]
fn a_port_that_speaks_something_else_is_taken_for_neither() {
    let found = told(saying(b"", b"SSH-2.0-OpenSSH_9.2\r\n"));
    has_none(&bad_words("TLS", &found.said));
    assert!(!found.said.contains("HTTP"), "{found:?}");
}

/// Alerts that servers send instead of their certificate.
#[test]
fn an_alert_is_told_as_the_servers_refusal() {
    for alert in [
        // handshake_failure, protocol_version, internal_error, unrecognized_name
        &[21, 3, 3, 0, 2, 2, 40],
        &[21, 3, 1, 0, 2, 2, 70],
        &[21, 3, 3, 0, 2, 2, 80],
        &[21, 3, 3, 0, 2, 2, 112],
    ] {
        let found = told(saying(b"", alert));
        let same = found.clone();
        has_none(&compare(Refused("alert"), &same, &found));
    }
}
