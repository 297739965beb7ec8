//! Web servers behind the proxy of the datacenter configuration.

use std::io::Write;
use std::net::{TcpListener, TcpStream};
use std::sync::Arc;
use std::thread;

use base64::prelude::{BASE64_STANDARD, Engine};

use crate::peer::{Server, answer, close, read_request};
use crate::site::{OK, Seen, Site, header, web, words};

/// A target of one kind at this address.
fn gotify(address: &str) -> Site {
    Site::new(
        &format!("gotify: phone\n\tserver {address}\n"),
        "gotify: phone\n\ttoken cAnArY\n",
    )
}

fn hook(url: &str, method: &str) -> Site {
    Site::new(
        &format!("webhook: hook\n\turl {url}\n\tmethod {method}\n"),
        "webhook: hook\n",
    )
}

fn behind(site: &Site, proxy: &Server, login: &str) {
    let setting = format!("http_proxy: {login}{}\n", proxy.address);
    site.file("datacenter.cfg", &setting);
}

fn line(request: &str) -> &str {
    request.lines().next().unwrap()
}

#[test]
fn a_request_in_the_clear_goes_to_the_proxy_in_absolute_form() {
    for (url, method, wanted) in [
        (
            "http://hook.example.org/a?b=c",
            "post",
            "POST http://hook.example.org/a?b=c HTTP/1.1",
        ),
        (
            "http://hook.example.org/a",
            "put",
            "PUT http://hook.example.org/a HTTP/1.1",
        ),
        (
            "http://hook.example.org:80/a",
            "get",
            "GET http://hook.example.org/a HTTP/1.1",
        ),
        (
            "http://hook.example.org:8080",
            "get",
            "GET http://hook.example.org:8080/ HTTP/1.1",
        ),
        (
            "http://[2001:db8::1]:8080/a",
            "get",
            "GET http://[2001:db8::1]:8080/a HTTP/1.1",
        ),
    ] {
        for login in ["", "us%3Aer:p%40ss-cAnArY@"] {
            let (proxy, seen) = web(OK);
            let mut site = hook(url, method);
            // the proxy looks the name up
            site.host = site.host.with_lookup(|name, _| panic!("looked up {name}"));
            behind(&site, &proxy, login);
            assert_eq!(site.outcome(), ("sent", String::new()), "{url}");
            let seen = seen.lock().unwrap();
            let [request] = &seen[..] else {
                panic!("{seen:?}");
            };
            let (head, body) = request.split_once("\r\n\r\n").unwrap();
            assert_eq!((line(head), body), (wanted, ""));
            let authority = wanted.split('/').nth(2).unwrap().split(['?', ' ']).next();
            assert_eq!(header(head, "host"), authority, "{head}");
            let basic = format!("Basic {}", BASE64_STANDARD.encode("us:er:p@ss-cAnArY"));
            let basic = (!login.is_empty()).then_some(basic.as_str());
            assert_eq!(header(head, "proxy-authorization"), basic, "{head}");
        }
    }
}

#[test]
fn a_body_follows_whatever_its_size() {
    let text = "x".repeat(300_000);
    let (proxy, seen) = web(OK);
    let site = gotify("http://push.example.org");
    behind(&site, &proxy, "");
    let delivery = site.send("t", &text);
    assert_eq!(words(&delivery)[0].2, "sent", "{delivery:?}");
    let request = seen.lock().unwrap().pop().unwrap();
    assert_eq!(
        line(&request),
        "POST http://push.example.org/message HTTP/1.1"
    );
    assert!(request.contains(&text));
    let path = "a".repeat(40_000);
    let site = hook(&format!("http://push.example.org/{path}"), "post");
    behind(&site, &proxy, "");
    assert_eq!(site.outcome(), ("sent", String::new()));
    let request = seen.lock().unwrap().pop().unwrap();
    assert_eq!(
        line(&request),
        format!("POST http://push.example.org/{path} HTTP/1.1")
    );
}

#[test]
fn tls_is_asked_for_by_connect() {
    let server = Server::tls(|tls, _| {
        assert_eq!(line(&read_request(tls)), "POST /message HTTP/1.1");
        let _ = tls.write_all(OK.as_bytes());
        close(tls);
    });
    let target = server.address;
    let seen = Seen::default();
    let noted = Arc::clone(&seen);
    let proxy = Server::tcp(move |mut client, _| {
        noted.lock().unwrap().push(read_request(&mut client));
        let mut server = TcpStream::connect(target).unwrap();
        let _ = client.write_all(b"HTTP/1.1 200 Connected\r\n\r\n");
        let (mut from, mut to) = (client.try_clone().unwrap(), server.try_clone().unwrap());
        thread::spawn(move || std::io::copy(&mut from, &mut to));
        let _ = std::io::copy(&mut server, &mut client);
    });
    let site = gotify("https://localhost");
    behind(&site, &proxy, "");
    assert_eq!(site.outcome(), ("sent", String::new()));
    let seen = seen.lock().unwrap();
    assert_eq!(line(&seen[0]), "CONNECT localhost:443 HTTP/1.1");
}

#[test]
fn what_the_proxy_itself_says_is_told_as_its_own() {
    let squid = "X-Squid-Error: ERR_X 0\r\n";
    for (status, fields, word, told, tries) in [
        ("407 Login", "", "refused", "proxy", 1),
        (
            "403 Forbidden",
            squid,
            "refused",
            "status 403 for push.example.org:80",
            1,
        ),
        (
            "503 Unavailable",
            squid,
            "unsent",
            "status 503 for push.example.org:80",
            2,
        ),
        // it has passed the request on and waited in vain
        (
            "502 Bad Gateway",
            squid,
            "unknown",
            "may or may not have arrived",
            1,
        ),
        (
            "504 Timeout",
            squid,
            "unknown",
            "may or may not have arrived",
            1,
        ),
        // nobody knows whose these are
        ("403 Forbidden", "", "refused", "http status: 403", 1),
        ("503 Unavailable", "", "unsent", "http status: 503", 2),
    ] {
        let (proxy, seen) = web(&String::from_utf8(answer(status, fields, "<html>")).unwrap());
        let site = gotify("http://push.example.org");
        behind(&site, &proxy, "ann:cAnArY@");
        let (found, reason) = site.outcome();
        assert_eq!(
            (found, seen.lock().unwrap().len()),
            (word, tries),
            "{status}: {reason}"
        );
        assert!(reason.contains(told), "{status}: {reason}");
        let is_proxys = word != "unknown" && !told.starts_with("http");
        let name = format!("{} (http_proxy in datacenter.cfg)", proxy.address);
        assert_eq!(reason.starts_with(&name), is_proxys, "{status}: {reason}");
    }
}

#[test]
fn there_is_no_way_around_a_proxy() {
    let (server, seen) = web(OK);
    let site = gotify(&format!("http://localhost:{}", server.address.port()));
    let closed = TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap();
    for (setting, word) in [
        (format!("http_proxy: {closed}\n"), "unsent"),
        ("http_proxy: socks5://localhost\n".to_owned(), "refused"),
    ] {
        site.file("datacenter.cfg", &setting);
        let (found, reason) = site.outcome();
        assert_eq!(found, word, "{reason}");
        assert!(reason.contains("http_proxy"), "{reason}");
    }
    assert_eq!(
        seen.lock().unwrap().len(),
        0,
        "a direct connection was made"
    );
}
