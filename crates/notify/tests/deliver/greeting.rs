//! Mail servers that greet late on purpose (Postfix's postscreen, sendmail's `GreetPause`).

use std::net::{SocketAddr, TcpListener};
use std::thread;
use std::time::Duration;

use crate::mta::{Journal, converse};
use crate::peer::{Server, hold};
use crate::site::{Site, words};

/// What a test call has.
const CALL: Duration = Duration::from_secs(25);
/// How long after the connection the server greets.
const LATE: Duration = Duration::from_secs(15);

fn site(port: u16, mode: &str) -> Site {
    let target = format!(
        "smtp: relay\n\tserver localhost\n\tport {port}\n\tmode {mode}\n\tfrom-address \
         pve@example.org\n\tmailto ann@example.org\n"
    );
    Site::new(&target, "smtp: relay\n").within(CALL)
}

/// A server in the clear, or with TLS at once, that greets after a while, and what it was given.
fn greeting_after(pause: Duration, with_tls: bool) -> (Server, Journal) {
    let journal = Journal::default();
    let noted = journal.clone();
    let server = if with_tls {
        Server::tls(move |tls, _| {
            thread::sleep(pause);
            converse(tls, "", None, &noted, || {});
        })
    } else {
        Server::tcp(move |mut tcp, _| {
            thread::sleep(pause);
            converse(&mut tcp, "", None, &noted, || {});
        })
    };
    (server, journal)
}

#[test]
fn a_test_call_waits_for_a_server_that_greets_after_15_s() {
    thread::scope(|scope| {
        for mode in ["insecure", "tls"] {
            scope.spawn(move || {
                let (server, journal) = greeting_after(LATE, mode == "tls");
                let site = site(server.address.port(), mode);
                let delivery = site.test("relay").unwrap();
                assert_eq!(delivery.targets[0].attempts, 1, "{mode}");
                assert_eq!((server.count(), journal.lock().unwrap().len()), (1, 1));
            });
        }
    });
}

#[test]
fn a_server_that_never_greets_is_told_as_such() {
    let silent = Server::tcp(|mut tcp, _| hold(&mut tcp));
    let site = site(silent.address.port(), "insecure").within(Duration::from_secs(1));
    let (word, reason) = site.outcome();
    assert_eq!(word, "unsent");
    assert!(
        reason.contains("waiting for the server's greeting"),
        "{reason}"
    );
}

#[test]
fn a_silent_address_leaves_time_for_another_and_the_last_one_has_the_rest() {
    // the other needs more than the first was given
    let (late, journal) = greeting_after(Duration::from_secs(3), false);
    let port = late.address.port();
    let silent = TcpListener::bind(("127.0.0.2", port)).unwrap();
    let silent = Server::on(silent, |mut tcp, _| hold(&mut tcp));
    let mut site = site(port, "insecure").within(Duration::from_secs(8));
    site.host = site.host.with_lookup(|_, port| {
        let all = [[127, 0, 0, 2], [127, 0, 0, 1]];
        Ok(all
            .map(|address| SocketAddr::from((address, port)))
            .to_vec())
    });
    let delivery = site.send("title", "text");
    assert_eq!(words(&delivery)[0].2, "sent", "{delivery:?}");
    assert_eq!((silent.count(), late.count()), (1, 1));
    assert_eq!(journal.lock().unwrap().len(), 1);
}
