//! The proxy of the datacenter configuration, and no other.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::process::Command;
use std::sync::mpsc::{self, Receiver};
use std::time::{Duration, Instant};
use std::{env, thread};

use crate::peer::{GRANT, Machine, Server, answer, hold, json, key, read_request};

/// A proxy that connects everything to `target` and reports the heads it was sent.
fn relay(target: SocketAddr) -> (Server, Receiver<String>) {
    let (sender, receiver) = mpsc::channel();
    let proxy = Server::tcp(move |mut client, _| {
        sender.send(read_request(&mut client)).unwrap();
        let mut server = TcpStream::connect(target).unwrap();
        client
            .write_all(b"HTTP/1.1 200 Connection established\r\nVia: x\r\n\r\n")
            .unwrap();
        let (mut from, mut to) = (client.try_clone().unwrap(), server.try_clone().unwrap());
        thread::spawn(move || {
            let _ = std::io::copy(&mut from, &mut to);
            let _ = to.shutdown(std::net::Shutdown::Write);
        });
        let _ = std::io::copy(&mut server, &mut client);
        let _ = client.shutdown(std::net::Shutdown::Write);
    });
    (proxy, receiver)
}

#[test]
fn f31_a_configured_proxy_is_used() {
    let server = Server::answering(json("200 OK", GRANT));
    let (proxy, heads) = relay(server.address);
    let machine = Machine::at("https://localhost:4443/token");
    machine.set_proxy(&format!("http://us%3Aer:p%40ss-cAnArY@{}", proxy.address));
    machine.exchange().unwrap();
    let head = heads.recv().unwrap();
    assert!(
        head.starts_with("CONNECT localhost:4443 HTTP/1.1\r\nHost: localhost:4443\r\n"),
        "{head}"
    );
    let login = base64_of("us:er:p@ss-cAnArY");
    assert!(
        head.contains(&format!("\r\nProxy-Authorization: Basic {login}\r\n")),
        "{head}"
    );
    assert!(!head.contains("POST"), "{head}");
    assert_eq!((proxy.count(), server.count()), (1, 1));
}

fn base64_of(text: &str) -> String {
    use base64::prelude::{BASE64_STANDARD, Engine};
    BASE64_STANDARD.encode(text)
}

#[test]
fn f31_the_proxy_looks_names_up() {
    let server = Server::answering(json("200 OK", GRANT));
    let (proxy, heads) = relay(server.address);
    let mut machine = Machine::at("https://localhost/token");
    machine.host = machine
        .host
        .with_lookup(|name, _| panic!("looked up {name}"));
    machine.set_proxy(&proxy.address.to_string());
    machine.exchange().unwrap();
    assert!(heads.recv().unwrap().starts_with("CONNECT localhost:443 "));
}

/// Runs in a child process of the next test, with proxy variables set.
#[test]
#[ignore = "run by f31_the_environment_does_not_count"]
fn child_with_proxy_variables() {
    let server = Server::answering(json("200 OK", GRANT));
    assert!(env::var("HTTPS_PROXY").is_ok());
    Machine::new(&server).exchange().unwrap();
    assert_eq!(server.count(), 1);
}

#[test]
fn f31_the_environment_does_not_count() {
    let proxy = Server::tcp(|mut tcp, _| hold(&mut tcp));
    let mut child = Command::new(env::current_exe().unwrap());
    child.args(["--exact", "proxy::child_with_proxy_variables", "--ignored"]);
    for name in [
        "HTTPS_PROXY",
        "https_proxy",
        "ALL_PROXY",
        "all_proxy",
        "HTTP_PROXY",
        "http_proxy",
    ] {
        child.env(name, format!("http://{}", proxy.address));
    }
    let output = child.output().unwrap();
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(
        output.status.success() && said.contains("1 passed"),
        "{said}"
    );
    assert_eq!(proxy.count(), 0, "a proxy of the environment was asked");
}

#[test]
fn f31_a_proxy_that_does_not_help() {
    let table: Vec<(Vec<u8>, &str)> = vec![
        (
            answer(
                "407 Proxy Authentication Required",
                "Proxy-Authenticate: Basic\r\n",
                "x",
            ),
            "proxy-login",
        ),
        (answer("403 Forbidden", "", "x"), "proxy-refused"),
        (answer("502 Bad Gateway", "", "x"), "proxy-unable"),
        (
            answer("302 Found", "Location: http://127.0.0.1/\r\n", ""),
            "proxy-refused",
        ),
        (b"SSH-2.0-x\r\n\r\n".to_vec(), "proxy-garbled"),
        (b"HTTP/1.1 20".to_vec(), "proxy-garbled"),
        (Vec::new(), "proxy-garbled"),
    ];
    for (bytes, wanted) in table {
        let shown = String::from_utf8_lossy(&bytes)
            .chars()
            .take(40)
            .collect::<String>();
        let proxy = Server::tcp(move |mut tcp, _| {
            read_request(&mut tcp);
            let _ = tcp.write_all(&bytes);
            let _ = tcp.shutdown(std::net::Shutdown::Write);
            hold(&mut tcp);
        });
        let server = Server::answering(json("200 OK", GRANT));
        let machine = Machine::new(&server);
        machine.set_proxy(&format!("user:cAnArY@{}", proxy.address));
        let error = machine.refusal();
        assert_eq!(
            (key(&error), error.code()),
            (wanted, 502),
            "{shown}: {error}"
        );
        assert!(
            error.to_string().starts_with(&proxy.address.to_string()),
            "{error}"
        );
        assert_eq!(server.count(), 0, "{shown}: a direct connection was made");
    }
}

#[test]
fn f31_a_proxy_that_never_stops_talking() {
    let proxy = Server::tcp(|mut tcp, _| {
        read_request(&mut tcp);
        let _ = tcp.write_all(b"HTTP/1.1 200 OK\r\n");
        while tcp.write_all(b"X: y\r\n").is_ok() {}
    });
    let machine = Machine::at("https://localhost/token");
    machine.set_proxy(&proxy.address.to_string());
    assert_eq!(key(&machine.refusal()), "proxy-garbled");
}

#[test]
fn f31_a_proxy_that_hangs() {
    let silent = Server::tcp(|mut tcp, _| hold(&mut tcp));
    let dripping = Server::tcp(|mut tcp, _| {
        read_request(&mut tcp);
        while tcp.write_all(b"H").is_ok() {
            thread::sleep(Duration::from_millis(100));
        }
    });
    for proxy in [silent, dripping] {
        let machine = Machine::at("https://localhost/token");
        machine.set_proxy(&proxy.address.to_string());
        let start = Instant::now();
        let error = machine.within(Duration::from_secs(1)).unwrap_err();
        let took = start.elapsed();
        assert_eq!(
            (key(&error), error.code()),
            ("timeout-proxy", 504),
            "{error}"
        );
        assert!(
            (1.0..=1.5).contains(&took.as_secs_f64()),
            "ended after {took:?}"
        );
    }
}

#[test]
fn f31_a_proxy_that_is_down_or_cannot_be_used() {
    let server = Server::answering(json("200 OK", GRANT));
    let machine = Machine::new(&server);
    let closed = TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap();
    machine.set_proxy(&closed.to_string());
    let error = machine.refusal();
    assert_eq!((key(&error), error.code()), ("refused", 502));
    assert!(
        error.to_string().starts_with(&closed.to_string()),
        "{error}"
    );
    for value in [
        "socks5://127.0.0.1:1080",
        "https://cAnArY@127.0.0.1",
        "127.0.0.1:99999",
        "",
    ] {
        machine.set_proxy(value);
        let error = machine.refusal();
        assert_eq!(error.code(), 500, "{value}: {error}");
        assert!(
            error.to_string().contains("datacenter.cfg: http_proxy"),
            "{error}"
        );
        let message = error.message();
        assert!(!message.cause.contains("has to"), "{message:?}");
        let fix = message.fix.as_deref();
        assert_eq!(
            fix,
            Some("fix http_proxy (form: [http://][user:pass@]host[:port])")
        );
    }
    assert_eq!(server.count(), 0, "a direct connection was made");
}

#[test]
fn a_connection_through_a_proxy_is_checked_like_any_other() {
    let clear = Server::tcp(|mut tcp, _| {
        let mut bytes = [0; 1024];
        let _ = tcp.read(&mut bytes);
        let _ = tcp.write_all(&json("200 OK", GRANT));
    });
    let (proxy, _heads) = relay(clear.address);
    let machine = Machine::at("https://localhost/token");
    machine.set_proxy(&proxy.address.to_string());
    assert_eq!(key(&machine.refusal()), "not-tls");
}
