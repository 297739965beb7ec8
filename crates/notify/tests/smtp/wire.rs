//! What goes over the wire: commands, parameters, bytes.

use std::env;
use std::fs;
use std::io::{Read, Write};
use std::net::{Ipv6Addr, TcpListener, TcpStream};
use std::process::{Command, Stdio};
use std::sync::mpsc;
use std::time::Duration;

use notify::config::SmtpMode;

use crate::mta::{BARE, MESSAGE, MODERN, Mail, Mta, Running, key};
use crate::peer::{Folder, Pki, Server, hold};

#[test]
fn a_mail_goes_out_with_what_the_server_offers() {
    let mta = Mta::new(MODERN).start();
    assert_eq!(Mail::to(&mta).outcomes(), ["sent"]);
    assert_eq!(
        mta.lines(),
        [
            "EHLO pve.example.org",
            "MAIL FROM:<pve@example.org> SIZE=24",
            "RCPT TO:<admin@example.org>",
            "DATA",
            "QUIT"
        ]
    );
    assert_eq!(mta.messages(), [b"Subject: test\r\n\r\nhello\r\n.\r\n"]);
}

const PORT: &str = "NOTIFY_TEST_WIRE_PORT";
/// The CA bundle, where the mode is `tls`.
const CA: &str = "NOTIFY_TEST_WIRE_CA";
const LINE: &[u8] = b"0123456789abcdef\r\n";

/// Hands a mail in from a process of its own.
#[test]
#[ignore = "run by the tests below"]
fn child() {
    let mut mail = Mail::to_port(env::var(PORT).unwrap().parse().unwrap());
    let mut lines = 4096;
    if let Some(bundle) = env::var_os(CA) {
        mail = mail.mode(SmtpMode::Tls);
        mail.host = mail.host.with_ca_bundle(bundle);
        lines = 500;
    }
    mail.message = [MESSAGE, &LINE.repeat(lines)].concat();
    assert_eq!(mail.outcomes(), ["sent"]);
}

/// The system calls by which that process sent it.
fn calls(mta: &Running, bundle: Option<&str>) -> Vec<String> {
    let folder = Folder::new();
    let calls = folder.0.join("calls");
    let mut strace = Command::new("strace");
    strace
        .args(["-f", "-qq", "-s", "100000", "-e"])
        .args(["trace=setsockopt,sendto,write,writev,sendmsg", "-o"])
        .arg(&calls)
        .arg(env::current_exe().unwrap())
        .args(["wire::child", "--exact", "--ignored"])
        .env(PORT, mta.port().to_string())
        .stdout(Stdio::null());
    if let Some(bundle) = bundle {
        let path = folder.0.join("ca.crt");
        fs::write(&path, bundle).unwrap();
        strace.env(CA, path);
    }
    let status = strace
        .status()
        .expect("strace is there; `tools/setup test` brings it");
    assert!(status.success());
    let calls = fs::read_to_string(calls).unwrap();
    calls.lines().map(str::to_owned).collect()
}

#[test]
fn no_write_waits_for_the_last_one_and_the_message_goes_out_in_one() {
    let calls = calls(&Mta::new(MODERN).start(), None);
    let with = |text: &str| {
        let lines = calls.iter().filter(|line| line.contains(text));
        lines.collect::<Vec<_>>()
    };
    let no_delay = with("TCP_NODELAY, [1]");
    assert!(
        no_delay.len() == 1 && no_delay[0].ends_with("= 0"),
        "{calls:?}"
    );
    let body = with("0123456789abcdef");
    assert!(
        body.len() == 1 && body[0].contains("Subject: ") && body[0].contains(r"\r\n.\r\n"),
        "{calls:?}"
    );
}

#[test]
fn over_tls_a_message_of_one_record_goes_out_in_one_write_too() {
    let mta = Mta::new(MODERN).tls_at_once().start();
    let calls = calls(&mta, Some(&Pki::shared().bundle()));
    let sent = |call: &String| {
        let count = call.contains("sendto(").then(|| call.rsplit_once("= "));
        count.flatten().map(|(_, count)| count.parse().unwrap())
    };
    let sent: Vec<usize> = calls.iter().filter_map(sent).collect();
    let at = sent.iter().position(|&count| count > 500 * LINE.len());
    // nothing but the goodbye is behind it, so the dot is in it
    assert_eq!(at, sent.len().checked_sub(2), "{sent:?}");
    assert!(sent.last().is_some_and(|&count| count < 64), "{sent:?}");
}

#[test]
fn a_server_that_offers_nothing_gets_nothing_more() {
    let mta = Mta::new(BARE).start();
    let mut mail = Mail::to(&mta);
    mail.from = String::new();
    assert_eq!(mail.outcomes(), ["sent"]);
    assert_eq!(
        mta.lines(),
        [
            "EHLO pve.example.org",
            "MAIL FROM:<>",
            "RCPT TO:<admin@example.org>",
            "DATA",
            "QUIT"
        ]
    );
}

#[test]
fn helo_takes_over_where_ehlo_is_unknown() {
    for reply in ["500 unknown", "502 5.5.1 not implemented", "550 no"] {
        let mta = Mta::new(MODERN).with("EHLO", reply).start();
        assert_eq!(Mail::to(&mta).outcomes(), ["sent"]);
        assert_eq!(
            mta.lines()[..3],
            [
                "EHLO pve.example.org",
                "HELO pve.example.org",
                "MAIL FROM:<pve@example.org>"
            ]
        );
    }
    // what only EHLO offers cannot be had then
    let mta = Mta::new(MODERN).with("EHLO", "500 unknown").start();
    assert_eq!(key(&Mail::to(&mta).password().refusal()), "smtp-no-auth");
    let error = Mail::to(&mta).mode(SmtpMode::Starttls).refusal();
    assert_eq!(key(&error), "smtp-no-starttls");
}

#[test]
fn f37_dots_and_line_ends_arrive_exactly() {
    for offers in [MODERN, BARE] {
        for (message, wire) in [
            ("a\n.\nb\r\n..\r\n.", "a\r\n..\r\nb\r\n...\r\n..\r\n.\r\n"),
            (".\r\nQUIT\r\n", "..\r\nQUIT\r\n.\r\n"),
            ("a\r.\rQUIT\r", "a\r\n..\r\nQUIT\r\n.\r\n"),
            ("a\0b", "a\0b\r\n.\r\n"),
            ("", ".\r\n"),
        ] {
            let mta = Mta::new(offers).start();
            let mut mail = Mail::to(&mta);
            mail.message = message.into();
            assert_eq!(mail.outcomes(), ["sent"], "{message:?}");
            assert_eq!(mta.messages(), [wire.as_bytes()], "{message:?}");
            assert_eq!(mta.lines().last().unwrap(), "QUIT", "{message:?}");
        }
    }
}

#[test]
fn f37_20_mb_arrive_whole() {
    let line = format!("{}\r\n", "x".repeat(76));
    let message = line.repeat(20_000_000 / line.len());
    for mode in [SmtpMode::Insecure, SmtpMode::Starttls] {
        let mta = Mta::new(MODERN).start();
        let mut mail = Mail::to(&mta).mode(mode);
        mail.message = message.clone().into_bytes();
        mail.budget = Duration::from_secs(60);
        assert_eq!(mail.outcomes(), ["sent"]);
        let seen = mta.messages().remove(0);
        assert!(
            seen == format!("{message}.\r\n").into_bytes(),
            "{} bytes",
            seen.len()
        );
    }
}

#[test]
fn a_mail_beyond_the_servers_limit_is_not_sent() {
    let mta = Mta::new(&["SIZE 23"]).start();
    let error = Mail::to(&mta).refusal();
    assert_eq!((key(&error), error.is_temporary()), ("smtp-size", false));
    assert!(
        error.to_string().contains("23 bytes for a mail of 24"),
        "{error}"
    );
    assert_eq!(mta.verbs(), ["EHLO", "QUIT"]);
    for limit in ["SIZE 24", "SIZE 0", "SIZE"] {
        let mta = Mta::new(&[limit]).start();
        assert_eq!(Mail::to(&mta).outcomes(), ["sent"], "{limit}");
    }
}

#[test]
fn bytes_beyond_ascii_need_8bitmime() {
    let message = "Subject: test\r\n\r\nä\r\n";
    let mta = Mta::new(&["8BITMIME"]).start();
    let mut mail = Mail::to(&mta);
    mail.message = message.into();
    assert_eq!(mail.outcomes(), ["sent"]);
    assert_eq!(mta.lines()[1], "MAIL FROM:<pve@example.org> BODY=8BITMIME");
    let mta = Mta::new(BARE).start();
    mail.server.port = mta.port();
    assert_eq!(key(&mail.refusal()), "smtp-no-8bit");
}

#[test]
fn letters_beyond_ascii_need_smtputf8_where_they_stand() {
    let offers = ["8BITMIME", "SMTPUTF8"];
    let mta = Mta::new(&offers).start();
    let mail = Mail::to(&mta).recipients(&["jörg@example.org", "admin@example.org"]);
    assert_eq!(mail.outcomes(), ["sent", "sent"]);
    assert_eq!(mta.lines()[1], "MAIL FROM:<pve@example.org> SMTPUTF8");
    assert_eq!(mta.lines()[2], "RCPT TO:<jörg@example.org>");

    // without it the others get the mail
    let mta = Mta::new(&["8BITMIME"]).start();
    let mail = Mail::to(&mta).recipients(&["jörg@example.org", "admin@example.org"]);
    let outcomes = mail.submit().unwrap();
    assert_eq!(outcomes[0].1.as_str(), "refused");
    assert!(
        outcomes[0]
            .1
            .reason()
            .unwrap()
            .contains("the address needs SMTPUTF8")
    );
    assert_eq!(outcomes[1].1.as_str(), "sent");
    assert!(!mta.lines().iter().any(|line| line.contains("jörg")));

    let mut mail = Mail::to(&mta);
    mail.from = "jörg@example.org".to_owned();
    assert_eq!(key(&mail.refusal()), "smtp-no-utf8");
    let mut mail = Mail::to(&mta);
    mail.message = "To: jörg@example.org\r\n\r\nhello".into();
    assert_eq!(key(&mail.refusal()), "smtp-no-utf8");
}

#[test]
fn with_pipelining_everything_up_to_data_is_one_write() {
    let (sender, receiver) = mpsc::channel();
    let server = Server::tcp(move |mut tcp, _| {
        let mut buffer = [0; 8192];
        let mut turn = |tcp: &mut TcpStream, reply: &str| {
            tcp.write_all(reply.as_bytes()).unwrap();
            let count = tcp.read(&mut buffer).unwrap();
            sender
                .send(String::from_utf8_lossy(&buffer[..count]).into_owned())
                .unwrap();
        };
        turn(&mut tcp, "220 hello\r\n");
        turn(&mut tcp, "250-hello\r\n250 PIPELINING\r\n");
        turn(&mut tcp, "250 ok\r\n250 ok\r\n250 ok\r\n354 go\r\n");
        turn(&mut tcp, "250 queued\r\n");
        tcp.write_all(b"221 bye\r\n").unwrap();
    });
    let mail = Mail::to_port(server.address.port()).recipients(&["a@example.org", "b@example.org"]);
    assert_eq!(mail.outcomes(), ["sent", "sent"]);
    let turns: Vec<String> = receiver.iter().take(4).collect();
    assert_eq!(
        turns[1],
        "MAIL FROM:<pve@example.org>\r\nRCPT TO:<a@example.org>\r\nRCPT TO:<b@example.org>\r\nDATA\r\n"
    );
    // body and final dot in one write too
    assert_eq!(turns[2], "Subject: test\r\n\r\nhello\r\n.\r\n");
    assert_eq!(turns[3], "QUIT\r\n");
}

#[test]
fn many_recipients_never_block_either_side() {
    let to: Vec<String> = (0..1000)
        .map(|n| format!("{n}-{}@example.org", "x".repeat(50)))
        .collect();
    // replies that the server cannot get rid of unless somebody reads them
    let long = format!("250 2.1.5 {}", "y".repeat(2000));
    for offers in [MODERN, BARE] {
        let mta = Mta::new(offers).with("RCPT", &long).start();
        let mut mail = Mail::to(&mta);
        mail.to = to.clone();
        assert!(mail.outcomes().iter().all(|outcome| *outcome == "sent"));
        let said = mta.verbs();
        assert_eq!(said.iter().filter(|verb| *verb == "RCPT").count(), 1000);
        assert_eq!(said.iter().filter(|verb| *verb == "DATA").count(), 1);
    }
}

#[test]
fn the_goodbye_is_said_and_not_waited_for() {
    const MAILS: usize = 40;
    let mta = Mta::new(MODERN).with("QUIT", crate::mta::SILENCE).start();
    let start = std::time::Instant::now();
    for _ in 0..MAILS {
        assert_eq!(Mail::to(&mta).outcomes(), ["sent"]);
    }
    // a quarter of a second each would be twice that
    let took = start.elapsed();
    assert!(took < Duration::from_secs(5), "{took:?}");
    let said = mta.verbs();
    assert_eq!(said.iter().filter(|verb| *verb == "QUIT").count(), MAILS);
    // one that hangs up instead changes nothing either
    let mta = Mta::new(MODERN).with("QUIT", crate::mta::RESET).start();
    assert_eq!(Mail::to(&mta).outcomes(), ["sent"]);
}

#[test]
fn addresses_that_would_break_the_command_are_refused_before_anything_is_sent() {
    let server = Server::tcp(|mut tcp, _| hold(&mut tcp));
    let mail = Mail::to_port(server.address.port());
    let address = |local: &str| lettre::Address::new(local, "example.org");
    let from = address("pve").unwrap();
    let mut refused = 0;
    for local in [
        "\"a\rb\"", "\"a\nb\"", "\"a\0b\"", "\"a\tb\"", "\"a>b\"", "\"<b\"",
    ] {
        // what lettre refuses already needs no refusal of ours
        let Ok(to) = address(local) else {
            continue;
        };
        let envelope = lettre::address::Envelope::new(Some(from.clone()), vec![to]).unwrap();
        let deadline = notify::Deadline::after(mail.budget);
        let error = notify::smtp::submit(
            &mail.host,
            &mail.server,
            &mail.login,
            &envelope,
            &notify::smtp::Body::new(b""),
            &deadline,
        )
        .unwrap_err();
        assert!(
            error.to_string().starts_with("mailto: must not have"),
            "{error}"
        );
        refused += 1;
    }
    assert!(
        refused > 0,
        "lettre lets none of them through: drop the check"
    );
    assert_eq!(server.count(), 0);
}

#[test]
fn without_a_full_name_the_greeting_has_the_address() {
    let v6 = TcpListener::bind((Ipv6Addr::LOCALHOST, 0));
    let mut cases = vec![(
        TcpListener::bind("127.0.0.1:0").unwrap(),
        "127.0.0.1",
        "[127.0.0.1]",
    )];
    match v6 {
        Ok(listener) => cases.push((listener, "::1", "[IPv6:::1]")),
        Err(error) => println!("without IPv6 here: {error}"),
    }
    for (listener, name, literal) in cases {
        let mta = Mta::new(MODERN).start_on(listener);
        let mut mail = Mail::to(&mta);
        mail.server.name = name.to_owned();
        // a name that is no full one is none
        mail.host = mail.host.with_fqdn("");
        assert_eq!(mail.outcomes(), ["sent"]);
        assert_eq!(mta.lines()[0], format!("EHLO {literal}"));
    }
}

#[test]
fn ipv6_with_tls_in_both_modes() {
    for mode in [SmtpMode::Starttls, SmtpMode::Tls] {
        let Ok(listener) = TcpListener::bind((Ipv6Addr::LOCALHOST, 0)) else {
            println!("without IPv6 here");
            return;
        };
        let script = Mta::new(MODERN);
        let script = if mode == SmtpMode::Tls {
            script.tls_at_once()
        } else {
            script
        };
        let mta = script.start_on(listener);
        let mut mail = Mail::to(&mta).mode(mode).password();
        mail.server.name = "::1".to_owned();
        assert_eq!(mail.outcomes(), ["sent"], "{mode}");
    }
}
