//! F-36 and F-38: connections that end around the message. What was not confirmed is never called
//! sent, and what cannot have arrived is never called unknown.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{Shutdown, TcpStream};
use std::process::Command;
use std::time::Duration;

use notify::config::SmtpMode;

use crate::mta::{BARE, CLOSE, MODERN, Mail, Mta, RESET, SILENCE};
use crate::peer::Server;

#[test]
fn f36_lost_after_the_final_dot_is_unknown() {
    for mode in [SmtpMode::Insecure, SmtpMode::Starttls] {
        for offers in [MODERN, &["STARTTLS"]] {
            for end in [CLOSE, RESET, SILENCE, "25", "no reply at all", "354 what"] {
                let mta = Mta::new(offers).with("DOT", end).start();
                let mut mail = Mail::to(&mta).mode(mode);
                mail.to.push("b@example.org".to_owned());
                mail.budget = Duration::from_millis(if end == SILENCE { 500 } else { 10_000 });
                let outcomes = mail.submit().unwrap();
                assert_eq!(mta.messages().len(), 1, "{end}");
                for (_, outcome) in &outcomes {
                    assert_eq!(outcome.as_str(), "unknown", "{end}: {outcome:?}");
                    let reason = outcome.reason().unwrap();
                    assert!(reason.contains("may or may not arrive"), "{reason}");
                }
            }
        }
    }
}

#[test]
fn f36_refused_recipients_stay_refused() {
    let mta = Mta::new(MODERN)
        .with("RCPT TO:<gone", "550 5.1.1 unknown")
        .with("DOT", CLOSE)
        .start();
    let mail = Mail::to(&mta).recipients(&["gone@example.org", "a@example.org"]);
    assert_eq!(mail.outcomes(), ["refused", "unknown"]);
}

/// Greets and agrees up to 354, reads `count` bytes of the message, then does what it is told.
fn reading(count: usize, then: impl Fn(&mut TcpStream) + Send + Sync + 'static) -> Server {
    Server::tcp(move |tcp, _| {
        let mut link = BufReader::with_capacity(512, tcp);
        link.get_mut().write_all(b"220 hello\r\n").unwrap();
        let mut said = String::new();
        while said != "DATA\r\n" {
            said.clear();
            link.read_line(&mut said).unwrap();
            let reply: &[u8] = if said == "DATA\r\n" {
                b"354 go\r\n"
            } else {
                b"250 ok\r\n"
            };
            link.get_mut().write_all(reply).unwrap();
        }
        let mut left = vec![0; count];
        link.read_exact(&mut left).unwrap();
        then(link.get_mut());
    })
}

#[test]
fn f38_reset_within_the_message_is_unsent_and_no_signal_kills() {
    let server = reading(100_000, |tcp| {
        socket2::SockRef::from(&*tcp)
            .set_linger(Some(Duration::ZERO))
            .unwrap();
    });
    let mut mail = Mail::to_port(server.address.port());
    mail.message = vec![b'x'; 30_000_000];
    let outcomes = mail.submit().unwrap();
    assert_eq!(outcomes[0].1.as_str(), "unsent", "{outcomes:?}");
    assert!(
        outcomes[0].1.reason().unwrap().contains("was lost"),
        "{outcomes:?}"
    );
}

#[test]
fn a_refusal_in_the_middle_of_the_message_is_heard() {
    let server = reading(100_000, |tcp| {
        tcp.write_all(b"552 5.3.4 larger than we thought\r\n")
            .unwrap();
        // what is left unread makes the kernel reset the connection
        let _ = tcp.shutdown(Shutdown::Both);
    });
    let mut mail = Mail::to_port(server.address.port());
    mail.message = vec![b'x'; 30_000_000];
    let outcomes = mail.submit().unwrap();
    assert_eq!(outcomes[0].1.as_str(), "refused", "{outcomes:?}");
    let reason = outcomes[0].1.reason().unwrap();
    assert!(reason.contains("larger than we thought"), "{reason}");
}

#[test]
fn f38_with_the_signal_at_its_deadly_default() {
    // Rust's test processes ignore SIGPIPE; perl's default is to die of it
    if std::env::var_os("NOTIFY_TEST_SIGPIPE").is_some() {
        for mode in [SmtpMode::Insecure, SmtpMode::Starttls] {
            for place in ["GREETING", "EHLO", "MAIL", "RCPT", "DATA", "DOT", "QUIT"] {
                let offers: &[&str] = if mode == SmtpMode::Starttls {
                    MODERN
                } else {
                    BARE
                };
                let mta = Mta::new(offers).with(place, RESET).start();
                let mut mail = Mail::to(&mta).mode(mode);
                mail.message = vec![b'x'; 300_000];
                let _ = mail.submit();
            }
        }
        println!("alive");
        return;
    }
    let test = std::env::current_exe().unwrap();
    let output = Command::new("perl")
        .args(["-e", "$SIG{PIPE} = 'DEFAULT'; exec @ARGV"])
        .arg(test)
        .args([
            "--exact",
            "fate::f38_with_the_signal_at_its_deadly_default",
            "--nocapture",
        ])
        .env("NOTIFY_TEST_SIGPIPE", "1")
        .output()
        .unwrap();
    assert!(output.status.success(), "{output:?}");
    assert!(String::from_utf8_lossy(&output.stdout).contains("alive"));
}
