//! Mail servers: what goes to whom, and what becomes of each recipient.

use std::io::{BufRead, BufReader, Write};
use std::net::TcpListener;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

use notify::deliver::Level;

use crate::peer::{Server, hold};
use crate::site::{Site, logged, words};

/// What a mail server saw: commands, and the lines of messages.
type Seen = Arc<Mutex<Vec<String>>>;

/// In the place of an answer: nothing, until the client goes away.
const SILENCE: &str = "<silence>";

/// A mail server in the clear. `reply` answers a command of the n-th connection, or leaves it to a
/// server that takes everything; an empty answer hangs up, [`SILENCE`] is none at all.
fn server(
    reply: impl Fn(usize, &str) -> Option<&'static str> + Send + Sync + 'static,
) -> (Server, Seen) {
    let seen = Seen::default();
    let noted = Arc::clone(&seen);
    let server = Server::tcp(move |tcp, number| {
        let mut lines = BufReader::new(tcp.try_clone().unwrap()).lines();
        let mut tcp = tcp;
        if reply(number, "GREETING") == Some(SILENCE) {
            return hold(&mut tcp);
        }
        let _ = tcp.write_all(b"220 mail.example.org ESMTP\r\n");
        let mut in_data = false;
        while let Some(Ok(line)) = lines.next() {
            noted.lock().unwrap().push(line.clone());
            if in_data && line != "." {
                continue;
            }
            let verb = line.split([' ', ':']).next().unwrap().to_uppercase();
            let answer = reply(number, &line).unwrap_or(match verb.as_str() {
                "EHLO" => "250-mail.example.org\r\n250-AUTH PLAIN LOGIN\r\n250 8BITMIME",
                "AUTH" => "235 2.7.0 ok",
                "DATA" => "354 go on",
                "QUIT" => "221 bye",
                _ => "250 ok",
            });
            if answer.is_empty() {
                return;
            }
            if answer == SILENCE {
                return hold(&mut tcp);
            }
            in_data = verb == "DATA" && answer.starts_with("354");
            let _ = tcp.write_all(format!("{answer}\r\n").as_bytes());
        }
    });
    (server, seen)
}

fn target(port: u16, lines: &str) -> String {
    format!(
        "smtp: relay\n\tserver localhost\n\tport {port}\n\tmode insecure\n\tfrom-address pve@example.org\n{lines}"
    )
}

fn site(server: &Server, lines: &str) -> Site {
    Site::new(&target(server.address.port(), lines), "smtp: relay\n")
}

const THREE: &str = "\tmailto ann@example.org\n\tmailto bob@example.org\n\tmailto ann@EXAMPLE.org\n\
                     \tmailto c@b\u{fc}cher.example\n";

/// The commands that begin so.
fn commands(seen: &Seen, verb: &str) -> Vec<String> {
    let seen = seen.lock().unwrap();
    seen.iter()
        .filter(|line| line.starts_with(verb))
        .cloned()
        .collect()
}

fn ids(seen: &Seen) -> Vec<String> {
    commands(seen, "Message-ID: ")
}

#[test]
fn one_message_goes_to_all_recipients_each_once() {
    let (server, seen) = server(|_, _| None);
    let site = site(&server, THREE);
    let delivery = site.send("title", "text");
    let sent = |address: &str| ("relay".to_owned(), address.to_owned(), "sent");
    assert_eq!(
        words(&delivery),
        [
            sent("ann@example.org"),
            sent("bob@example.org"),
            sent("c@xn--bcher-kva.example")
        ]
    );
    assert_eq!(server.count(), 1);
    assert_eq!(commands(&seen, "RCPT TO:").len(), 3);
    assert_eq!(commands(&seen, "MAIL FROM:<pve@example.org>").len(), 1);
    assert_eq!(ids(&seen).len(), 1);
    assert_eq!(
        commands(&seen, "From: "),
        ["From: Proxmox VE <pve@example.org>"]
    );
    assert!(delivery.log.is_empty(), "{:?}", delivery.log);
}

#[test]
fn each_mode_has_its_port_and_tls_is_the_default() {
    for (mode, port) in [
        ("", 465),
        ("\tmode tls\n", 465),
        ("\tmode starttls\n", 587),
        ("\tmode insecure\n", 25),
    ] {
        let site = Site::new(
            &format!(
                "smtp: relay\n\tserver 127.83.71.9\n\tfrom-address pve@example.org\n\tmailto \
                 ann@example.org\n{mode}"
            ),
            "smtp: relay\n",
        );
        let (word, reason) = site.outcome();
        let start = format!("127.83.71.9:{port}: the connection was refused");
        assert!(word == "unsent" && reason.starts_with(&start), "{reason}");
    }
}

#[test]
fn each_recipient_has_its_own_outcome_and_only_the_temporary_one_is_tried_again() {
    let (server, seen) = server(|number, line| match line {
        "RCPT TO:<ann@example.org>" if number == 0 => Some("450 4.2.0 greylisted"),
        "RCPT TO:<bob@example.org>" => Some("550 5.1.1 unknown"),
        _ => None,
    });
    let site = site(&server, THREE);
    let delivery = site.send("title", "text");
    let all: Vec<_> = words(&delivery)
        .into_iter()
        .map(|(_, _, word)| word)
        .collect();
    assert_eq!(all, ["sent", "refused", "sent"]);
    assert_eq!((server.count(), delivery.targets[0].attempts), (2, 2));
    assert_eq!(commands(&seen, "RCPT TO:<bob@").len(), 1);
    assert_eq!(commands(&seen, "RCPT TO:<c@").len(), 1);
    assert_eq!(commands(&seen, "RCPT TO:<ann@").len(), 2);
    let ids = ids(&seen);
    assert_eq!(ids.len(), 2);
    assert_eq!(ids[0], ids[1], "the same message");
    let errors = logged(&delivery, Level::Err);
    assert_eq!(errors.len(), 1, "{errors:?}");
    assert!(errors[0].starts_with("could not notify via target `relay`: bob@example.org: "));
    assert!(
        errors[0].contains("; fix or delete the recipient; "),
        "{errors:?}"
    );
}

#[test]
fn f36_lost_after_the_dot_is_unknown_and_tried_once_more_with_the_same_id() {
    for lost in [1, 2] {
        let (server, seen) =
            server(move |number, line| (line == "." && number < lost).then_some(""));
        let site = site(&server, "\tmailto ann@example.org\n");
        let delivery = site.send("title", "text");
        let word = if lost == 1 { "sent" } else { "unknown" };
        assert_eq!(words(&delivery)[0].2, word);
        assert_eq!((server.count(), delivery.targets[0].attempts), (2, 2));
        let ids = ids(&seen);
        assert_eq!((ids.len(), &ids[0]), (2, &ids[1]));
    }
}

#[test]
fn f33_f36_a_server_that_falls_silent_leaves_time_for_another_try() {
    for place in ["EHLO", "."] {
        let (server, seen) =
            server(move |number, said| (number == 0 && said.starts_with(place)).then_some(SILENCE));
        let budget = Duration::from_secs(3);
        let site = site(&server, "\tmailto ann@example.org\n").within(budget);
        let delivery = site.send("title", "text");
        assert_eq!(words(&delivery)[0].2, "sent", "{place}: {delivery:?}");
        assert_eq!((server.count(), delivery.targets[0].attempts), (2, 2));
        let mut ids = ids(&seen);
        ids.dedup();
        assert_eq!(ids.len(), 1, "{place}");
    }
}

#[test]
fn f24_the_second_try_begins_at_another_address() {
    let (good, _) = server(|_, _| None);
    let port = good.address.port();
    let silent = TcpListener::bind(("127.0.0.2", port)).unwrap();
    let silent = Server::on(silent, |mut tcp, _| hold(&mut tcp));
    let mut site = site(&good, "\tmailto ann@example.org\n").within(Duration::from_secs(3));
    site.host = site.host.with_lookup(|_, port| {
        let all = [[127, 0, 0, 2], [127, 0, 0, 1]];
        Ok(all.map(|address| (address, port).into()).to_vec())
    });
    let delivery = site.send("title", "text");
    assert_eq!(words(&delivery)[0].2, "sent", "{delivery:?}");
    assert_eq!((silent.count(), good.count()), (1, 1));
}

#[test]
fn f36_a_refusal_at_the_second_try_does_not_settle_the_first() {
    let (server, _) = server(|number, line| match number {
        0 => (line == ".").then_some(""),
        _ => line.starts_with("RCPT").then_some("550 5.7.1 seen before"),
    });
    let site = site(&server, "\tmailto ann@example.org\n");
    let (word, reason) = site.outcome();
    assert_eq!((word, server.count()), ("unknown", 2), "{reason}");
}

#[test]
fn f35_the_class_of_a_reply_decides() {
    for (command, reply, word, tries) in [
        ("MAIL", "421 4.3.2 closing", "unsent", 2),
        ("MAIL", "452 4.3.1 full", "unsent", 2),
        ("MAIL", "550 5.7.1 no", "refused", 1),
        ("RCPT", "450 4.2.0 later", "unsent", 2),
        ("RCPT", "550 5.1.1 unknown", "refused", 1),
        ("DATA", "451 4.3.0 later", "unsent", 2),
        ("DATA", "554 5.5.1 no", "refused", 1),
        (".", "452 4.3.1 full", "unsent", 2),
        (".", "552 5.3.4 too big", "refused", 1),
    ] {
        let (server, _) = server(move |_, line| line.starts_with(command).then_some(reply));
        let site = site(&server, "\tmailto ann@example.org\n");
        let delivery = site.send("title", "text");
        assert_eq!(words(&delivery)[0].2, word, "{command} {reply}");
        assert_eq!(server.count(), tries, "{command} {reply}");
        let error = site.test("relay").unwrap_err();
        assert_eq!(error.code(), 500);
        let text = error.to_string();
        assert!(
            text.starts_with("Could not test target: could not notify via endpoint(s): relay: "),
            "{text}"
        );
        assert!(
            text.contains(&reply[..3]) && text.contains("; server says at "),
            "{text}"
        );
    }
}

#[test]
fn letters_beyond_ascii_are_nobody_elses_affair() {
    const UTF8: &str = "250-mail.example.org\r\n250-8BITMIME\r\n250 SMTPUTF8";
    let lines =
        "\tmailto j\u{f6}rg@example.org\n\tmailto ann@example.org\n\tmailto bob@example.org\n";
    for has_utf8 in [false, true] {
        let (server, seen) =
            server(move |_, line| (has_utf8 && line.starts_with("EHLO")).then_some(UTF8));
        let site = site(&server, lines);
        let delivery = site.send("title", "text");
        let all: Vec<_> = words(&delivery)
            .into_iter()
            .map(|(_, to, word)| (to, word))
            .collect();
        let word = if has_utf8 { "sent" } else { "refused" };
        let wanted = [
            ("ann@example.org", "sent"),
            ("bob@example.org", "sent"),
            ("j\u{f6}rg@example.org", word),
        ];
        assert_eq!(all, wanted.map(|(to, word)| (to.to_owned(), word)));
        let mut to = vec!["To: ann@example.org,"];
        let mut commands_seen = vec!["MAIL FROM:<pve@example.org>"];
        if has_utf8 {
            to.push("To: j\u{f6}rg@example.org");
            commands_seen.push("MAIL FROM:<pve@example.org> BODY=8BITMIME SMTPUTF8");
        }
        assert_eq!(commands(&seen, "To: "), to);
        assert_eq!(commands(&seen, "MAIL"), commands_seen);
        let errors = logged(&delivery, Level::Err);
        assert_eq!(errors.len(), usize::from(!has_utf8), "{errors:?}");
        assert!(
            errors
                .iter()
                .all(|line| line.contains("j\u{f6}rg@example.org"))
        );
    }
}

#[test]
fn a_recipient_that_cannot_be_one_holds_nobody_up() {
    let (server, seen) = server(|_, _| None);
    let lines = "\tmailto root\n\tmailto ann@example.org\n\tmailto-user gone@pve\n";
    let site = site(&server, lines);
    let delivery = site.send("title", "text");
    let all: Vec<_> = words(&delivery)
        .into_iter()
        .map(|(_, to, word)| (to, word))
        .collect();
    assert_eq!(
        all,
        [
            ("ann@example.org".to_owned(), "sent"),
            ("root".to_owned(), "refused")
        ]
    );
    assert_eq!(commands(&seen, "RCPT TO:").len(), 1);
    let errors = logged(&delivery, Level::Err);
    assert!(
        errors[0].contains("Invalid input: recipient 'root' has no domain"),
        "{errors:?}"
    );
    assert_eq!(logged(&delivery, Level::Warning).len(), 1);
}

#[test]
fn a_password_in_the_clear_goes_out_and_is_warned_of() {
    let (server, seen) = server(|_, _| None);
    let public = target(
        server.address.port(),
        "\tusername pve\n\tmailto ann@example.org\n",
    );
    let site = Site::new(&public, "smtp: relay\n\tpassword cAnArY\n");
    let delivery = site.send("title", "text");
    assert_eq!(words(&delivery)[0].2, "sent");
    assert_eq!(commands(&seen, "AUTH PLAIN ").len(), 1);
    let warnings = logged(&delivery, Level::Warning);
    assert_eq!(warnings.len(), 1);
    assert!(warnings[0].contains("the password is sent without TLS"));
}

#[test]
fn what_is_wrong_with_the_settings_is_told_before_anything_is_sent() {
    let (server, seen) = server(|_, _| None);
    let port = server.address.port();
    for (lines, from, wanted) in [
        (
            "\tusername pve\n\tmailto ann@example.org\n",
            "pve@example.org",
            "username is set but no password was provided",
        ),
        (
            "\tauth-method google-oauth2\n\tmailto ann@example.org\n",
            "pve@example.org",
            "oauth2-client-id: is missing (needed with auth-method 'google-oauth2')",
        ),
        (
            "\tmailto ann@example.org\n",
            "root",
            "Invalid input: from-address 'root'",
        ),
        ("\tmailto ann@example.org\n", "a b", "from-address 'a b'"),
        (
            "\tmailto-user gone@pve\n",
            "pve@example.org",
            "no recipients provided for the mail, cannot send it.",
        ),
    ] {
        let public = target(port, lines).replace("pve@example.org", from);
        let site = Site::new(&public, "smtp: relay\n");
        let (word, reason) = site.outcome();
        assert_eq!(word, "refused");
        assert!(reason.starts_with(wanted), "{reason}");
    }
    assert!(seen.lock().unwrap().is_empty());
}

#[test]
fn f39_a_burst_of_a_thousand_notifications() {
    const THREADS: usize = 4;
    let (now, most) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
    let counted = (Arc::clone(&now), Arc::clone(&most));
    let (server, seen) = server(move |_, line| {
        if line.starts_with("MAIL") {
            let open = counted.0.fetch_add(1, Ordering::SeqCst) + 1;
            counted.1.fetch_max(open, Ordering::SeqCst);
        } else if line == "." {
            counted.0.fetch_sub(1, Ordering::SeqCst);
        }
        None
    });
    let site = site(&server, "\tmailto ann@example.org\n");
    thread::scope(|scope| {
        for _ in 0..THREADS {
            scope.spawn(|| {
                for _ in 0..1000 / THREADS {
                    assert_eq!(words(&site.send("title", "text"))[0].2, "sent");
                }
            });
        }
    });
    let mut ids = ids(&seen);
    ids.sort_unstable();
    ids.dedup();
    assert_eq!((ids.len(), server.count()), (1000, 1000));
    assert!(
        most.load(Ordering::SeqCst) <= THREADS,
        "one connection for each notification on its way"
    );
}

#[test]
fn without_tls_no_ca_bundle_is_read() {
    let (server, _) = server(|_, _| None);
    let site = site(&server, "\tmailto ann@example.org\n");
    std::fs::remove_file(site.path("ca.crt")).unwrap();
    assert_eq!(site.outcome(), ("sent", String::new()));
}

#[test]
fn what_no_recipient_gets_is_told_once_with_all_of_them() {
    let (server, _) = server(|_, line| line.starts_with("MAIL FROM").then_some("550 5.7.1 no"));
    let site = site(&server, THREE);
    let delivery = site.send("title", "text");
    assert_eq!(delivery.targets[0].recipients.len(), 3);
    let errors = logged(&delivery, Level::Err);
    assert_eq!(errors.len(), 1, "{errors:?}");
    let error = site.test("relay").unwrap_err();
    let message = error.message();
    for text in [errors[0].to_owned(), error.to_string()] {
        for once in [
            "550 5.7.1 no",
            "set from-address",
            "ann@example.org",
            "bob@example.org",
            "c@xn--bcher-kva.example",
        ] {
            assert_eq!(text.matches(once).count(), 1, "{once}: {text}");
        }
    }
    // so that a form shows its parts
    assert!(message.fix.unwrap().starts_with("set from-address"));
    assert!(
        message
            .details
            .unwrap()
            .ends_with("; recipients: ann@example.org, bob@example.org, c@xn--bcher-kva.example")
    );
}
