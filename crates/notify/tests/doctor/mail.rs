//! Mail servers.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpListener;
use std::sync::{Arc, Mutex};

use chrono::Datelike;
use notify::doctor::Grade;

use super::peer::{Pki, Server, accept, close};
use super::{Machine, Row, judge, well};

/// What a server says, by the beginning of a command, in place of what a good one says.
pub(super) type Script = &'static [(&'static str, &'static str)];

const OFFERS: &str = "250-mail.example.org\r\n250-SIZE 1000000\r\n250 AUTH PLAIN XOAUTH2";
/// The connection ends.
const HANGS_UP: &str = "";

/// Commands that a server got.
pub(super) type Got = Arc<Mutex<Vec<String>>>;

/// One connection; whether the client has asked for TLS.
fn talk(stream: &mut (impl Read + Write), script: Script, got: &Got, greets: bool) -> bool {
    let said = |command: &str, good: &'static str| {
        let other = script.iter().find(|(begin, _)| command.starts_with(begin));
        other.map_or(good, |(_, reply)| *reply)
    };
    let mut stream = BufReader::new(stream);
    let mut reply = if greets {
        said("CONNECT", "220 mail.example.org ESMTP")
    } else {
        ""
    };
    let mut is_first = true;
    loop {
        if !is_first || greets {
            if reply == HANGS_UP {
                return false;
            }
            if write!(stream.get_mut(), "{reply}\r\n").is_err() {
                return false;
            }
        }
        is_first = false;
        let mut line = String::new();
        if !matches!(stream.read_line(&mut line), Ok(count) if count > 0) {
            return false;
        }
        let line = line.trim_end().to_owned();
        got.lock().unwrap().push(line.clone());
        let verb = line.split(' ').next().unwrap_or_default().to_owned();
        if verb == "STARTTLS" && said("STARTTLS", "220 go ahead") == "220 go ahead" {
            let _ = stream.get_mut().write_all(b"220 go ahead\r\n");
            return true;
        }
        reply = match verb.as_str() {
            "EHLO" => said("EHLO", OFFERS),
            "HELO" => said("HELO", "250 mail.example.org"),
            "STARTTLS" => said("STARTTLS", "220 go ahead"),
            "AUTH" => said("AUTH", "235 welcome"),
            "MAIL" => said("MAIL", "250 ok"),
            "RCPT" => said(&line, said("RCPT", "250 ok")),
            "QUIT" => "221 bye",
            _ => "502 no such command",
        };
    }
}

pub(super) fn tls(script: Script, got: &Got) -> Server {
    let got = Arc::clone(got);
    Server::tls(move |tls, _| {
        talk(tls, script, &got, true);
        close(tls);
    })
}

/// A server that begins without TLS; with this script there, and a good conversation within TLS.
fn clear(script: Script, got: &Got) -> Server {
    let got = Arc::clone(got);
    let context = Pki::shared().server(|_| {});
    Server::tcp(move |mut tcp, _| {
        if talk(&mut tcp, script, &got, true) {
            if let Some(mut tls) = accept(&context, tcp) {
                talk(&mut tls, &[], &got, false);
                close(&mut tls);
            }
        }
    })
}

pub(super) fn target(host: &str, port: u16, mode: &str, more: &str) -> String {
    format!(
        "smtp: t1\n\tserver {host}\n\tport {port}\n\tmode {mode}\n\tfrom-address pve@example.org\n\
         \tmailto ann@example.org\n\tmailto ben@example.org\n{more}"
    )
}

pub(super) const LOGIN: &str = "\tusername pve@example.org\n";
const PASSWORD: &str = "smtp: t1\n\tpassword pass-cAnArY\n";

pub(super) fn nothing_was_sent(got: &Got) {
    let got = got.lock().unwrap();
    assert!(!got.iter().any(|line| line.starts_with("DATA")), "{got:?}");
    assert!(!got.iter().any(|line| line.starts_with("BDAT")), "{got:?}");
}

#[test]
fn a_good_server_gives_no_warning() {
    let machine = Machine::new();
    let got = Got::default();
    for (server, mode, login, private) in [
        (tls(&[], &got), "tls", LOGIN, PASSWORD),
        (tls(&[], &got), "tls", "", "smtp: t1\n"),
    ] {
        let public = target("localhost", server.address.port(), mode, login);
        well(&machine.check(&public, private));
    }
    let starttls: Script = &[(
        "EHLO",
        "250-mail.example.org\r\n250-STARTTLS\r\n250 AUTH PLAIN",
    )];
    let server = clear(starttls, &got);
    let public = target("localhost", server.address.port(), "starttls", LOGIN);
    well(&machine.check(&public, PASSWORD));
    nothing_was_sent(&got);
}

#[test]
fn each_fault_of_a_conversation_is_found_at_its_step() {
    let rows: &[(Row, Script)] = &[
        (
            Row::new("refuses all", "greeting", "554"),
            &[("CONNECT", "554 go away")],
        ),
        (
            Row::new("is busy", "greeting", "421"),
            &[("CONNECT", "421 too busy")],
        ),
        (
            Row::new("hangs up at once", "greeting", "closed"),
            &[("CONNECT", HANGS_UP)],
        ),
        (
            Row::new("speaks something else", "greeting", ""),
            &[("CONNECT", "HTTP/1.1 400 Bad Request")],
        ),
        (
            Row::new("knows neither EHLO nor HELO", "greeting", "502"),
            &[("EHLO", "502 what"), ("HELO", "502 what")],
        ),
        (
            Row::new("refuses our name", "greeting", "550"),
            &[("EHLO", "550 bad name"), ("HELO", "550 bad name")],
        ),
        (
            Row::new("hangs up after EHLO", "greeting", "closed"),
            &[("EHLO", HANGS_UP)],
        ),
        (
            Row::new("has no AUTH", "login", "SIZE"),
            &[("EHLO", "250-mail.example.org\r\n250 SIZE 1")],
        ),
        (
            Row::new("has other mechanisms only", "login", "CRAM-MD5"),
            &[("EHLO", "250-mail.example.org\r\n250 AUTH CRAM-MD5")],
        ),
        (
            Row::new("refuses the password", "login", "535"),
            &[("AUTH", "535 5.7.8 no")],
        ),
        (
            Row::new("wants an app password", "login", "534"),
            &[("AUTH", "534 5.7.9 app password")],
        ),
        (
            Row::new("cannot look the user up", "login", "454"),
            &[("AUTH", "454 4.7.0 later")],
        ),
        (
            Row::new("ends password logins", "login", "5.7.139"),
            &[(
                "AUTH",
                "535 5.7.139 SmtpClientAuthentication is disabled for the Tenant",
            )],
        ),
        (
            Row::new("hangs up at AUTH", "login", "AUTH"),
            &[("AUTH", HANGS_UP)],
        ),
        (
            Row::new("does not let it send as that", "sender", "5.7.60"),
            &[(
                "MAIL",
                "550 5.7.60 Client does not have permissions to send as this sender",
            )],
        ),
        (
            Row::new("has no room", "sender", "452"),
            &[("MAIL", "452 4.3.1 no space")],
        ),
        (
            Row::new("wants a login", "sender", "530"),
            &[("MAIL", "530 5.7.0 authenticate first")],
        ),
        (
            Row::new("hangs up at MAIL", "sender", "MAIL"),
            &[("MAIL", HANGS_UP)],
        ),
        (
            Row::new("knows no recipient", "recipients", "550"),
            &[("RCPT", "550 5.1.1 no such user")],
        ),
        (
            Row::new("does not relay", "recipients", "554"),
            &[("RCPT", "554 5.7.1 relay denied")],
        ),
        (
            Row::new("greylists", "recipients", "450"),
            &[("RCPT", "450 4.7.1 greylisted")],
        ),
        (
            Row {
                result: Grade::Warning,
                ..Row::new("knows one of two", "recipients", "ann@example.org")
            },
            &[("RCPT TO:<ann", "550 5.1.1 no such user")],
        ),
    ];
    let machine = Machine::new();
    for (row, script) in rows {
        let got = Got::default();
        let server = tls(script, &got);
        let public = target("localhost", server.address.port(), "tls", LOGIN);
        judge(row, &machine.check(&public, PASSWORD));
        nothing_was_sent(&got);
    }
}

#[test]
fn each_fault_before_tls_is_found_at_its_step() {
    let rows: &[(Row, Script)] = &[
        (Row::new("has no STARTTLS", "tls", "AUTH"), &[]),
        (
            Row::new("refuses STARTTLS", "tls", "454"),
            &[
                ("EHLO", "250-mail.example.org\r\n250 STARTTLS"),
                ("STARTTLS", "454 no TLS now"),
            ],
        ),
        (
            Row::new("hangs up at STARTTLS", "tls", "STARTTLS"),
            &[
                ("EHLO", "250-mail.example.org\r\n250 STARTTLS"),
                ("STARTTLS", HANGS_UP),
            ],
        ),
        (
            Row::new("puts words in", "tls", ""),
            &[
                ("EHLO", "250-mail.example.org\r\n250 STARTTLS"),
                ("STARTTLS", "220 go ahead\r\n250 injected"),
            ],
        ),
    ];
    let machine = Machine::new();
    for (row, script) in rows {
        let got = Got::default();
        let server = clear(script, &got);
        let public = target("localhost", server.address.port(), "starttls", LOGIN);
        judge(row, &machine.check(&public, PASSWORD));
    }
}

#[test]
fn each_fault_of_the_way_is_found_at_its_step() {
    let machine = Machine::new();
    let got = Got::default();
    let closed = {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        listener.local_addr().unwrap().port()
    };
    let good = tls(&[], &got);
    let port = good.address.port();
    let plain = clear(&[], &got);
    let other = {
        let got = Arc::clone(&got);
        let context = Pki::new("Other CA").server(|_| {});
        Server::tls_with(context, move |tls, _| {
            talk(tls, &[], &got, true);
        })
    };
    let expired = {
        let context = Pki::shared().server(|params| {
            params.not_before = rcgen::date_time_ymd(2020, 1, 1);
            params.not_after = rcgen::date_time_ymd(2021, 1, 1);
        });
        Server::tls_with(context, |_, _| {})
    };
    let soon = {
        let got = Arc::clone(&got);
        let day = chrono::Utc::now().date_naive() + chrono::Days::new(5);
        let [month, of_month] = [day.month(), day.day()].map(|part| part.try_into().unwrap());
        let end = rcgen::date_time_ymd(day.year(), month, of_month);
        let context = Pki::shared().server(|params| params.not_after = end);
        Server::tls_with(context, move |tls, _| {
            talk(tls, &[], &got, true);
            close(tls);
        })
    };
    let warned = |row: Row| Row {
        result: Grade::Warning,
        ..row
    };
    for (row, host, port, mode) in [
        (
            Row::new("no such name", "names", "nowhere"),
            "nowhere.example.org",
            port,
            "tls",
        ),
        (
            Row::new("a name without address", "names", "empty"),
            "empty.example.org",
            port,
            "tls",
        ),
        (
            Row::new("a closed port", "connection", "refused"),
            "localhost",
            closed,
            "tls",
        ),
        (
            warned(Row::new("one dead address", "connection", "127.0.0.9")),
            "half.example.org",
            port,
            "insecure",
        ),
        (
            Row::new("the port of STARTTLS", "tls", "mode"),
            "localhost",
            plain.address.port(),
            "tls",
        ),
        (
            Row::new("another authority", "tls", "certificate"),
            "localhost",
            other.address.port(),
            "tls",
        ),
        (
            Row::new("another name", "tls", "name"),
            "other.example.org",
            port,
            "tls",
        ),
        (
            Row::new("an expired certificate", "tls", "expired"),
            "localhost",
            expired.address.port(),
            "tls",
        ),
        (
            warned(Row::new(
                "a certificate that ends soon",
                "tls",
                "expires soon",
            )),
            "localhost",
            soon.address.port(),
            "tls",
        ),
    ] {
        let public = target(host, port, mode, LOGIN);
        let checkup = machine.check(&public, PASSWORD);
        if row.fault == "one dead address" {
            let step = checkup
                .steps
                .iter()
                .find(|step| step.step == "connection")
                .unwrap();
            assert_eq!(step.result, Grade::Warning, "{step:?}");
            assert!(step.seen.as_ref().unwrap().contains(row.words), "{step:?}");
            continue;
        }
        judge(&row, &checkup);
    }
}

#[test]
fn each_fault_of_the_settings_is_found_first() {
    let machine = Machine::new();
    let oauth2 = "\tauth-method google-oauth2\n\toauth2-client-id app\n";
    for (row, public, private) in [
        (
            Row::new("no password", "settings", "no password"),
            target("localhost", 1, "tls", LOGIN),
            "smtp: t1\n",
        ),
        (
            Row::new("a sender without domain", "settings", "domain"),
            target("localhost", 1, "tls", "").replace("pve@example.org", "root"),
            "smtp: t1\n",
        ),
        (
            Row::new("nobody to send to", "settings", "no recipients"),
            "smtp: t1\n\tserver localhost\n\tfrom-address pve@example.org\n\tmailto-user gone@pve\n".to_owned(),
            "smtp: t1\n",
        ),
        (
            Row::new("no client secret", "settings", "oauth2-client-secret"),
            target("localhost", 1, "tls", &format!("{LOGIN}{oauth2}")),
            "smtp: t1\n",
        ),
        (
            Row::new("nobody has consented", "token", "authorize t1"),
            target("localhost", 1, "tls", &format!("{LOGIN}{oauth2}")),
            "smtp: t1\n\toauth2-client-secret s-cAnArY\n",
        ),
    ] {
        judge(&row, &machine.check(&public, private));
    }
}
