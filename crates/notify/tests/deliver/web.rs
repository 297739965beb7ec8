//! What the answers of web servers, and the lack of one, mean for a notification.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpListener;
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::peer::{Server, answer, close, hold, read_request};
use crate::site::{OK, Site, web, words};

fn at(address: &str) -> Site {
    Site::new(
        &format!("gotify: phone\n\tserver {address}\n"),
        "gotify: phone\n\ttoken cAnArY\n",
    )
}

#[test]
fn every_status_has_its_meaning() {
    for (status, word, tries) in [
        ("200 OK", "sent", 1),
        ("204 No Content", "sent", 1),
        ("302 Found", "refused", 1),
        ("400 Bad Request", "refused", 1),
        ("401 Unauthorized", "refused", 1),
        ("403 Forbidden", "refused", 1),
        ("404 Not Found", "refused", 1),
        ("407 Proxy", "refused", 1),
        ("408 Request Timeout", "unsent", 2),
        ("413 Too Large", "refused", 1),
        ("418 Teapot", "refused", 1),
        ("425 Too Early", "unsent", 2),
        ("429 Too Many Requests", "unsent", 2),
        ("500 Failed", "unsent", 2),
        ("502 Bad Gateway", "unknown", 1),
        ("503 Unavailable", "unsent", 2),
        ("504 Gateway Timeout", "unknown", 1),
    ] {
        let (server, seen) = web(&format!("HTTP/1.1 {status}\r\nContent-Length: 0\r\n\r\n"));
        let site = at(&format!("http://localhost:{}", server.address.port()));
        let delivery = site.send("t", "t");
        assert_eq!(words(&delivery)[0].2, word, "{status}");
        assert_eq!(seen.lock().unwrap().len(), tries, "{status}");
        assert_eq!(delivery.targets[0].attempts as usize, tries, "{status}");
        let code = status.split(' ').next().unwrap();
        let outcome = &delivery.targets[0].recipients[0].outcome;
        if let Some(reason) = outcome.reason() {
            assert!(reason.contains(&format!("http status: {code}")), "{reason}");
            assert!(outcome.why().unwrap().fix.is_some(), "{reason}");
            let line = format!("could not notify via target `phone`: {reason}");
            assert_eq!(delivery.log.len(), 1);
            assert_eq!(delivery.log[0].text, line);
        }
    }
}

#[test]
fn what_the_server_says_about_a_refusal_is_told_without_secrets() {
    let body =
        r#"{"error":"Unauthorized","errorCode":401,"errorDescription":"cAnArY is no token"}"#;
    // an endless one, of which a beginning counts
    let endless = Server::tcp(|mut tcp, _| {
        read_request(&mut tcp);
        let _ = tcp.write_all(b"HTTP/1.1 403 No\r\nContent-Length: 1000000000\r\n\r\n");
        while tcp.write_all(&[b'x'; 65536]).is_ok() {}
    });
    let (gotify, _) = web(&String::from_utf8(answer("401 No", "", body)).unwrap());
    for (server, wanted) in [
        (
            &gotify,
            "; server says: \"<masked> is no token\"".to_owned(),
        ),
        (&endless, format!("; server says: \"{}…\"", "x".repeat(159))),
    ] {
        let site = at(&format!("http://localhost:{}", server.address.port()));
        let (word, reason) = site.outcome();
        assert_eq!((word, server.count()), ("refused", 1));
        assert!(reason.ends_with(&wanted), "{reason}");
        let error = site.test("phone").unwrap_err().to_string();
        assert!(error.contains(&wanted), "{error}");
    }
}

#[test]
fn a_temporary_refusal_is_tried_once_more() {
    let server = Server::tcp(|mut tcp, number| {
        read_request(&mut tcp);
        let status = if number == 0 { "503 Busy" } else { "200 OK" };
        let _ = tcp.write_all(&answer(status, "", ""));
    });
    let site = at(&format!("http://localhost:{}", server.address.port()));
    let delivery = site.send("t", "t");
    assert_eq!(words(&delivery)[0].2, "sent");
    assert_eq!((delivery.targets[0].attempts, server.count()), (2, 2));
    assert!(delivery.log.is_empty(), "{:?}", delivery.log);
}

#[test]
fn a_pause_that_does_not_fit_is_not_waited_for() {
    let (server, seen) = web("HTTP/1.1 429 Slow\r\nRetry-After: 3600\r\nContent-Length: 0\r\n\r\n");
    let site = at(&format!("http://localhost:{}", server.address.port()));
    assert_eq!(site.outcome().0, "unsent");
    assert_eq!(seen.lock().unwrap().len(), 1);
}

#[test]
fn f25_redirects_are_never_followed() {
    let elsewhere = Arc::new(Server::tcp(|mut tcp, _| hold(&mut tcp)));
    for status in ["301", "302", "303", "307", "308"] {
        let location = format!("http://127.0.0.1:{}/x", elsewhere.address.port());
        let (server, seen) = web(&format!(
            "HTTP/1.1 {status} Moved\r\nLocation: {location}\r\nContent-Length: 0\r\n\r\n"
        ));
        let site = at(&format!("http://localhost:{}", server.address.port()));
        let (word, reason) = site.outcome();
        assert_eq!(word, "refused");
        assert!(reason.starts_with("unexpected redirect"), "{reason}");
        assert_eq!(seen.lock().unwrap().len(), 1);
    }
    assert_eq!(elsewhere.count(), 0, "the other server was asked");
}

#[test]
fn no_connection_means_unsent() {
    let closed = {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        listener.local_addr().unwrap().port()
    };
    for (address, word, part) in [
        (format!("http://localhost:{closed}"), "unsent", "refused"),
        (
            "http://nowhere.example.org".to_owned(),
            "unsent",
            "name could not be found",
        ),
    ] {
        let delivery = at(&address).send("t", "t");
        let target = &delivery.targets[0];
        let outcome = &target.recipients[0].outcome;
        assert_eq!(outcome.as_str(), word);
        assert!(outcome.reason().unwrap().contains(part), "{outcome:?}");
        assert_eq!(target.attempts, 2);
    }
}

#[test]
fn f38_a_handshake_that_breaks_off_is_tried_once_more() {
    for with_reset in [false, true] {
        let server = Server::tcp(move |mut tcp, _| {
            let _ = tcp.read(&mut [0; 4096]);
            if with_reset {
                let linger = Some(Duration::ZERO);
                socket2::SockRef::from(&tcp).set_linger(linger).unwrap();
            }
        });
        let site = at(&format!("https://localhost:{}", server.address.port()));
        let (word, reason) = site.outcome();
        assert_eq!((word, server.count()), ("unsent", 2), "{reason}");
        assert!(reason.contains("lost during the TLS handshake"), "{reason}");
    }
}

#[test]
fn https_trusts_the_machines_bundle_and_nothing_else() {
    let server = Server::tls(|tls, _| {
        read_request(tls);
        let _ = tls.write_all(&answer("200 OK", "", "{}"));
        close(tls);
    });
    let site = at(&format!("https://localhost:{}", server.address.port()));
    assert_eq!(site.outcome(), ("sent", String::new()));
    site.file("ca.crt", &crate::peer::Pki::new("Another").bundle());
    let delivery = site.send("t", "t");
    let target = &delivery.targets[0];
    assert_eq!(target.recipients[0].outcome.as_str(), "refused");
    assert_eq!(target.attempts, 1, "no second try helps");
    let reason = target.recipients[0].outcome.reason().unwrap();
    assert!(reason.contains("unknown issuer"), "{reason}");
}

#[test]
fn hostile_servers_end_at_the_deadline() {
    let silent = Server::tcp(|mut tcp, _| hold(&mut tcp));
    let dripping = Server::tcp(|mut tcp, _| {
        read_request(&mut tcp);
        while tcp.write_all(b"H").is_ok() {
            std::thread::sleep(Duration::from_millis(50));
        }
    });
    for server in [silent, dripping] {
        let budget = Duration::from_secs(1);
        let site = at(&format!("http://localhost:{}", server.address.port())).within(budget);
        let begin = Instant::now();
        let (word, reason) = site.outcome();
        let took = begin.elapsed();
        assert_eq!(word, "unknown", "{reason}");
        assert!(took < budget + Duration::from_millis(500), "{took:?}");
    }
}

/// Python's own web server: answers 200 to every request and tells what came.
const PYTHON: &str = r#"
import http.server, json, sys
class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    def do_any(self):
        body = self.rfile.read(int(self.headers.get("Content-Length", 0))).decode()
        print(json.dumps([self.command, self.path, self.headers.get("X-Gotify-Key"), body]), flush=True)
        self.send_response(200)
        self.send_header("Content-Length", "2")
        self.end_headers()
        self.wfile.write(b"{}")
    do_GET = do_POST = do_PUT = do_any
    def log_message(self, *args):
        pass
server = http.server.HTTPServer(("127.0.0.1", 0), Handler)
print(server.server_port, flush=True)
server.timeout = 20
for _ in range(4):
    server.handle_request()
"#;

#[test]
fn pythons_web_server_takes_them() {
    let mut python = Command::new("/usr/bin/python3")
        .args(["-c", PYTHON])
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(python.stdout.take().unwrap()).lines();
    let mut next = || lines.next().unwrap().unwrap();
    let port: u16 = next().parse().unwrap();
    let address = format!("http://localhost:{port}");
    assert_eq!(at(&address).outcome(), ("sent", String::new()));
    let seen: serde_json::Value = serde_json::from_str(&next()).unwrap();
    assert_eq!(seen[0], "POST");
    assert_eq!(seen[2], "cAnArY");
    assert!(seen[3].as_str().unwrap().contains("```"), "{seen}");
    for (method, body) in [("post", "eA=="), ("put", "eA=="), ("get", "")] {
        let mut public = format!("webhook: hook\n\turl {address}/a?b=c\n\tmethod {method}\n");
        if !body.is_empty() {
            public.push_str(&format!("\tbody {body}\n"));
        }
        let site = Site::new(&public, "webhook: hook\n");
        assert_eq!(site.outcome(), ("sent", String::new()), "{method}");
        let seen: serde_json::Value = serde_json::from_str(&next()).unwrap();
        let wanted = if body.is_empty() { "" } else { "x" };
        assert_eq!(
            seen,
            serde_json::json!([method.to_uppercase(), "/a?b=c", null, wanted])
        );
    }
    assert!(python.wait().unwrap().success());
}

#[test]
fn an_address_of_ipv6_is_one() {
    let listener = TcpListener::bind("[::1]:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let server = std::thread::spawn(move || {
        let (mut tcp, _) = listener.accept().unwrap();
        let request = read_request(&mut tcp);
        tcp.write_all(OK.as_bytes()).unwrap();
        request
    });
    assert_eq!(
        at(&format!("http://[::1]:{port}")).outcome(),
        ("sent", String::new())
    );
    let request = server.join().unwrap();
    assert!(
        request
            .to_lowercase()
            .contains(&format!("\r\nhost: [::1]:{port}\r\n")),
        "{request}"
    );
}
