//! F-33: silence, drips and floods end at the deadline or before it, wherever they come.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::thread;
use std::time::{Duration, Instant};

use notify::config::SmtpMode;
use notify::outcome::Outcome;

use crate::mta::{BARE, Link, MODERN, Mail, Mta, SILENCE, key};
use crate::peer::{Server, hold};

const BUDGET: Duration = Duration::from_millis(700);
const TOLERANCE: Duration = Duration::from_millis(500);

/// The outcome of the first recipient, which must come at the deadline.
fn at_deadline(mail: Mail) -> Outcome {
    within(BUDGET, mail)
}

fn within(budget: Duration, mut mail: Mail) -> Outcome {
    mail.budget = budget;
    let start = Instant::now();
    let result = mail.submit();
    let took = start.elapsed();
    assert!(
        took + Duration::from_millis(50) >= budget,
        "too early: {took:?}"
    );
    assert!(took <= budget + TOLERANCE, "too late: {took:?}");
    match result {
        Ok(outcomes) => outcomes[0].1.clone(),
        Err(error) => error.outcome(),
    }
}

/// Behaves up to a step, then hands the connection over.
fn up_to(step: &'static str, then: impl Fn(&mut TcpStream) + Send + Sync + 'static) -> Server {
    Server::tcp(move |tcp, _| {
        let mut link = BufReader::new(tcp);
        let mut said = "GREETING".to_owned();
        loop {
            if said.starts_with(step) {
                then(link.get_mut());
                return;
            }
            let reply: &[u8] = match said.split(' ').next().unwrap() {
                "EHLO" => b"250-hello\r\n250 AUTH PLAIN\r\n",
                "AUTH" => b"235 ok\r\n",
                "DATA\r\n" => b"354 go\r\n",
                "GREETING" => b"220 hello\r\n",
                _ => b"250 ok\r\n",
            };
            if link.get_mut().write_all(reply).is_err() {
                return;
            }
            said.clear();
            if link.read_line(&mut said).unwrap_or_default() == 0 {
                return;
            }
            if reply.starts_with(b"354") {
                while said != ".\r\n" {
                    said.clear();
                    link.read_line(&mut said).unwrap();
                }
                said = "DOT".to_owned();
            }
        }
    })
}

const STEPS: [&str; 7] = ["GREETING", "EHLO", "AUTH", "MAIL", "RCPT", "DATA", "DOT"];

/// All steps at once, since each waits for its deadline.
fn at_each_step(test: impl Fn(&'static str) + Sync) {
    thread::scope(|scope| {
        for step in STEPS {
            let test = &test;
            scope.spawn(move || test(step));
        }
    });
}

fn word(step: &str) -> &'static str {
    if step == "DOT" { "unknown" } else { "unsent" }
}

#[test]
fn f33_silence() {
    at_each_step(|step| {
        let server = up_to(step, hold);
        let outcome = at_deadline(Mail::to_port(server.address.port()).password());
        assert_eq!(outcome.as_str(), word(step), "{step}");
        assert!(
            outcome.reason().unwrap().contains("timeout while"),
            "{outcome:?}"
        );
    });
}

/// Writes the bytes again and again with pauses, until the other side hangs up.
fn drip(tcp: &mut TcpStream, bytes: &[u8]) {
    for _ in 0..400 {
        if tcp.write_all(bytes).is_err() {
            return;
        }
        thread::sleep(Duration::from_millis(25));
    }
}

#[test]
fn f33_drips() {
    at_each_step(|step| {
        for (first, more) in [("250", " "), ("", "250-more\r\n")] {
            let server = up_to(step, move |tcp| {
                let _ = tcp.write_all(first.as_bytes());
                drip(tcp, more.as_bytes());
            });
            let outcome = at_deadline(Mail::to_port(server.address.port()).password());
            assert_eq!(outcome.as_str(), word(step), "{step}");
        }
    });
}

#[test]
fn f33_silence_and_drips_over_tls() {
    for handshake in ["none", "half", "done"] {
        let server = Server::tcp(move |mut tcp, _| match handshake {
            "none" => hold(&mut tcp),
            "half" => {
                // a record that promises 16 KiB and comes byte by byte
                let _ = tcp.write_all(&[0x16, 3, 3, 0x40, 0]);
                drip(&mut tcp, &[2]);
            }
            _ => {
                let Ok(Link::Tls(mut tls)) = Link::Clear(tcp).secure() else {
                    return;
                };
                for _ in 0..400 {
                    if tls.write_all(b"2").and_then(|()| tls.flush()).is_err() {
                        return;
                    }
                    thread::sleep(Duration::from_millis(25));
                }
            }
        });
        let mail = Mail::to_port(server.address.port())
            .mode(SmtpMode::Tls)
            .password();
        assert_eq!(at_deadline(mail).as_str(), "unsent", "{handshake}");
    }
    for offers in [MODERN, BARE] {
        let mta = Mta::new(offers).tls_at_once().with("DOT", SILENCE).start();
        let outcome = at_deadline(Mail::to(&mta).mode(SmtpMode::Tls));
        assert_eq!(outcome.as_str(), "unknown");
    }
}

#[test]
fn f33_a_server_that_stops_reading() {
    // the message takes its time to be made ready where nothing is optimised
    const LONGER: Duration = Duration::from_secs(2);
    let server = up_to("DATA", |tcp| {
        let _ = tcp.write_all(b"354 go\r\n");
        // neither reads nor goes away
        let _ = tcp.set_read_timeout(Some(Duration::from_secs(1)));
        thread::sleep(LONGER + TOLERANCE);
        hold(tcp);
    });
    let mut mail = Mail::to_port(server.address.port());
    mail.message = vec![b'x'; 16_000_000];
    let outcome = within(LONGER, mail);
    // the final dot has not left this machine, so this is no doubt but a failure
    assert_eq!(outcome.as_str(), "unsent");
    assert!(
        outcome.reason().unwrap().contains("timeout while sending"),
        "{outcome:?}"
    );
}

#[test]
fn f33_floods_end_at_the_bound() {
    let line = |length: usize| format!("250 {}\r\n", "x".repeat(length - 6));
    for (name, bytes, is_taken) in [
        ("a line of 2048 octets", line(2048), true),
        ("a line of 2049 octets", line(2049), false),
        ("no line at all", "x".repeat(3000), false),
        (
            "100 lines",
            format!("{}250 ok\r\n", "250-x\r\n".repeat(99)),
            true,
        ),
        (
            "101 lines",
            format!("{}250 ok\r\n", "250-x\r\n".repeat(100)),
            false,
        ),
        (
            "another code within",
            "250-x\r\n251 x\r\n".to_owned(),
            false,
        ),
        (
            "more than 64 KiB",
            line(2000).replacen(' ', "-", 1).repeat(34),
            false,
        ),
        ("a code of one digit", "2 x\r\n".to_owned(), false),
        ("NUL", "250 a\0b\r\n".to_owned(), true),
        ("no text", "250\r\n".to_owned(), true),
        ("bare LF", "250 ok\n".to_owned(), true),
        ("HTTP", "HTTP/1.1 400 Bad Request\r\n".to_owned(), false),
    ] {
        let server = up_to("MAIL", move |tcp| {
            let _ = tcp.write_all(bytes.as_bytes());
            hold(tcp);
        });
        let mut mail = Mail::to_port(server.address.port());
        mail.budget = if is_taken {
            BUDGET
        } else {
            Duration::from_secs(10)
        };
        let start = Instant::now();
        match mail.submit() {
            // the reply was taken, and the next one never comes
            Ok(outcomes) => {
                assert!(is_taken, "{name}");
                assert!(
                    outcomes[0].1.reason().unwrap().contains("at RCPT TO"),
                    "{name}"
                );
            }
            Err(error) => {
                assert!(!is_taken, "{name}: {error}");
                assert_eq!(key(&error), "smtp-garbled", "{name}");
                assert!(start.elapsed() < Duration::from_secs(5), "{name}");
            }
        }
    }
}

#[test]
fn f33_a_server_that_never_lets_the_goodbye_end() {
    let server = up_to("QUIT", |tcp| {
        let mut buffer = [0; 512];
        for _ in 0..400 {
            if tcp.write_all(b"221-wait\r\n").is_err() {
                return;
            }
            let _ = tcp.set_read_timeout(Some(Duration::from_millis(25)));
            let _ = tcp.read(&mut buffer);
        }
    });
    let start = Instant::now();
    assert_eq!(Mail::to_port(server.address.port()).outcomes(), ["sent"]);
    assert!(
        start.elapsed() < Duration::from_secs(2),
        "{:?}",
        start.elapsed()
    );
}
