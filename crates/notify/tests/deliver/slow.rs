//! Receivers that take their time, and requests that nobody knows the fate of: none arrives twice.

use std::collections::BTreeSet;
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener};
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use base64::prelude::{BASE64_STANDARD, Engine};

use crate::peer::{Server, answer, hold, read_request};
use crate::site::{OK, Seen, Site, header, web, words};

/// More than half of it is over before a slow receiver answers.
const BUDGET: Duration = Duration::from_secs(6);
const SLOW: Duration = Duration::from_secs(4);

/// A target of each kind and method at this server.
fn targets(port: u16) -> [(&'static str, Site); 4] {
    let hook = |method: &str| {
        let body = match method {
            "get" => String::new(),
            _ => format!("\tbody {}\n", BASE64_STANDARD.encode("{{message}}")),
        };
        let lines = format!("webhook: hook\n\turl http://localhost:{port}/x\n\tmethod {method}\n");
        Site::new(&format!("{lines}{body}"), "webhook: hook\n").within(BUDGET)
    };
    let gotify = Site::new(
        &format!("gotify: phone\n\tserver http://localhost:{port}\n"),
        "gotify: phone\n\ttoken cAnArY\n",
    );
    [
        ("gotify", gotify.within(BUDGET)),
        ("post", hook("post")),
        ("put", hook("put")),
        ("get", hook("get")),
    ]
}

/// For all targets of a server at once: outcome, tries as told, and requests as counted.
fn at_each(server: &Server, test: impl Fn(&'static str, &Site) + Sync) {
    thread::scope(|scope| {
        for (name, site) in targets(server.address.port()) {
            let test = &test;
            scope.spawn(move || test(name, &site));
        }
    });
}

#[test]
fn a_receiver_that_answers_late_gets_each_notification_once() {
    let server = Server::tcp(|mut tcp, _| {
        read_request(&mut tcp);
        thread::sleep(SLOW);
        let _ = tcp.write_all(OK.as_bytes());
    });
    at_each(&server, |name, site| {
        let delivery = site.send("t", "t");
        assert_eq!(words(&delivery)[0].2, "sent", "{name}: {delivery:?}");
        assert_eq!(delivery.targets[0].attempts, 1, "{name}");
    });
    assert_eq!(server.count(), 4);
}

#[test]
fn what_may_have_arrived_is_repeated_only_where_that_does_no_harm() {
    for said in ["", "HTTP/1.1 20", "SSH-2.0-x\r\n"] {
        let server = Server::tcp(move |mut tcp, _| {
            read_request(&mut tcp);
            let _ = tcp.write_all(said.as_bytes());
        });
        at_each(&server, |name, site| {
            let delivery = site.send("t", "t");
            let reason = delivery.targets[0].recipients[0].outcome.reason().unwrap();
            assert_eq!(
                words(&delivery)[0].2,
                "unknown",
                "{said:?} {name}: {reason}"
            );
            let tries = if name == "get" { 2 } else { 1 };
            assert_eq!(delivery.targets[0].attempts, tries, "{said:?} {name}");
        });
        assert_eq!(server.count(), 5, "{said:?}");
    }
}

#[test]
fn a_request_of_which_a_part_is_out_may_have_arrived() {
    // reads a little, then waits or breaks the connection off
    for breaks_off in [false, true] {
        let server = Server::tcp(move |mut tcp, _| {
            let _ = tcp.read(&mut [0; 100]);
            if breaks_off {
                thread::sleep(Duration::from_millis(100));
                let linger = Some(Duration::ZERO);
                socket2::SockRef::from(&tcp).set_linger(linger).unwrap();
            } else {
                thread::sleep(Duration::from_secs(4));
            }
        });
        let [_, (_, site), ..] = targets(server.address.port());
        let text = "x".repeat(12_000_000);
        let delivery = site.within(Duration::from_secs(3)).send("t", &text);
        let reason = delivery.targets[0].recipients[0].outcome.reason().unwrap();
        assert_eq!(words(&delivery)[0].2, "unknown", "{reason}");
        assert!(reason.contains("may or may not have arrived"), "{reason}");
        assert_eq!((delivery.targets[0].attempts, server.count()), (1, 1));
    }
}

#[test]
fn a_handshake_that_never_ends_leaves_time_for_another_address() {
    let good = Server::tls(|tls, _| {
        read_request(tls);
        let _ = tls.write_all(OK.as_bytes());
        crate::peer::close(tls);
    });
    let port = good.address.port();
    let silent = TcpListener::bind(("127.0.0.2", port)).unwrap();
    let silent = Server::on(silent, |mut tcp, _| hold(&mut tcp));
    let mut site = Site::new(
        &format!("gotify: phone\n\tserver https://localhost:{port}\n"),
        "gotify: phone\n\ttoken cAnArY\n",
    );
    site.host = site.host.with_lookup(|_, port| {
        let all = [[127, 0, 0, 2], [127, 0, 0, 1]];
        Ok(all
            .map(|address| SocketAddr::from((address, port)))
            .to_vec())
    });
    let delivery = site.within(BUDGET).send("t", "t");
    assert_eq!(words(&delivery)[0].2, "sent", "{delivery:?}");
    assert_eq!((silent.count(), good.count()), (1, 1));
}

fn keys(seen: &Seen) -> Vec<String> {
    let seen = seen.lock().unwrap();
    let keys = seen.iter().map(|request| {
        let head = request.split("\r\n\r\n").next().unwrap();
        header(head, "idempotency-key").unwrap().to_owned()
    });
    keys.collect()
}

#[test]
fn all_tries_of_a_notification_for_a_target_have_one_key_and_no_others_have_it() {
    let seen = Seen::default();
    let noted = Arc::clone(&seen);
    let busy = Server::tcp(move |mut tcp, _| {
        noted.lock().unwrap().push(read_request(&mut tcp));
        let _ = tcp.write_all(&answer("503 Busy", "", ""));
    });
    let port = busy.address.port();
    let public: String = ["one", "two"]
        .map(|name| format!("gotify: {name}\n\tserver http://localhost:{port}\n\n"))
        .concat();
    let private = "gotify: one\n\ttoken cAnArY-1\n\ngotify: two\n\ttoken cAnArY-1\n";
    let site = Site::new(&public, private);
    let mut all = BTreeSet::new();
    // the second is another notification, though nobody could tell the two apart
    for number in 1..=2 {
        site.send("title", "text");
        let keys = keys(&seen);
        seen.lock().unwrap().clear();
        assert_eq!(keys.len(), 4, "two tries for two targets");
        for key in &keys {
            let is_plain = key.bytes().all(|byte| byte.is_ascii_alphanumeric());
            assert!(key.len() >= 32 && is_plain, "{key}");
            assert_eq!(keys.iter().filter(|other| *other == key).count(), 2);
        }
        all.extend(keys);
        assert_eq!(all.len(), 2 * number);
    }
}

#[test]
fn each_method_has_the_key_and_an_administrators_own_counts() {
    let (server, seen) = web(OK);
    at_each(&server, |_, site| assert_eq!(site.outcome().0, "sent"));
    let all: BTreeSet<String> = keys(&seen).into_iter().collect();
    assert_eq!(all.len(), 4, "each is another notification");
    seen.lock().unwrap().clear();
    let own = BASE64_STANDARD.encode("{{title}}-own");
    let public = format!(
        "webhook: hook\n\turl http://localhost:{}/x\n\tmethod post\n\theader \
         name=idempotency-KEY,value={own}\n",
        server.address.port()
    );
    let delivery = Site::new(&public, "webhook: hook\n").send("mine", "t");
    assert_eq!(words(&delivery)[0].2, "sent", "{delivery:?}");
    let key = keys(&seen).pop().unwrap();
    assert!(key.starts_with("mine") && key.ends_with("-own"), "{key}");
}
