//! The mail server of the sandbox, as `notify` meets it: logins, misbehaviour, what is kept.

#[path = "../common/mod.rs"]
mod common;
mod faults;

use std::time::{Duration, Instant};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use common::Sandbox;
use lettre::Address;
use lettre::address::Envelope;
use notify::config::SmtpMode;
use notify::outcome::Outcome;
use notify::smtp::{Body, Error, Login, Server, submit};
use notify::{Deadline, Host, Secret};
use serde_json::{Value, json};

const USER: &str = "admin@example.org";
const MODES: [SmtpMode; 3] = [SmtpMode::Insecure, SmtpMode::Starttls, SmtpMode::Tls];

fn server(sandbox: &Sandbox, mode: SmtpMode) -> Server {
    let smtp = &sandbox.published["smtp"];
    let port = &smtp[match mode {
        SmtpMode::Insecure => "port-clear",
        SmtpMode::Starttls => "port-starttls",
        SmtpMode::Tls => "port-tls",
    }];
    Server {
        name: smtp["host"].as_str().unwrap().to_owned(),
        port: port.as_u64().unwrap().try_into().unwrap(),
        mode,
    }
}

fn send(
    sandbox: &Sandbox,
    mode: SmtpMode,
    login: &Login,
    to: &[&str],
    message: &[u8],
) -> Result<Vec<(String, Outcome)>, Error> {
    within(Duration::from_secs(5), sandbox, mode, login, to, message)
}

fn within(
    budget: Duration,
    sandbox: &Sandbox,
    mode: SmtpMode,
    login: &Login,
    to: &[&str],
    message: &[u8],
) -> Result<Vec<(String, Outcome)>, Error> {
    let host = Host::standalone(&sandbox.dir)
        .with_ca_bundle(sandbox.dir.join("ca.crt"))
        .with_fqdn("pve.example.org");
    let address = |text: &&str| text.parse::<Address>().unwrap();
    let to = to.iter().map(address).collect();
    let envelope = Envelope::new(Some(address(&"pve@example.org")), to).unwrap();
    let deadline = Deadline::after(budget);
    submit(
        &host,
        &server(sandbox, mode),
        login,
        &envelope,
        &Body::new(message),
        &deadline,
    )
}

fn one(sandbox: &Sandbox, mode: SmtpMode, login: &Login) -> Result<&'static str, Error> {
    let outcomes = send(
        sandbox,
        mode,
        login,
        &[USER],
        b"Subject: test\n\n.\nhello\n",
    )?;
    Ok(outcomes[0].1.as_str())
}

fn password(sandbox: &Sandbox) -> Login {
    Login::Password {
        user: USER.to_owned(),
        password: Secret::new(sandbox.published["users"][0]["password"].as_str().unwrap()),
    }
}

fn bearer(user: &str, token: &Value) -> Login {
    Login::Token {
        user: user.to_owned(),
        token: Secret::new(token.as_str().unwrap()),
    }
}

fn access_token(sandbox: &Sandbox, provider: &str) -> Value {
    let code = sandbox.code(provider, &[]);
    let (status, answer) = sandbox.redeem(provider, &code, &[]);
    assert_eq!(status, 200, "{answer}");
    answer["access_token"].clone()
}

fn mails(sandbox: &Sandbox) -> Vec<Value> {
    let token = sandbox.published["control-token"].as_str().unwrap();
    let url = format!(
        "{}/mails",
        sandbox.published["control-url"].as_str().unwrap()
    );
    let request = sandbox
        .agent()
        .get(url)
        .header("Authorization", format!("Bearer {token}"));
    let text = request.call().unwrap().body_mut().read_to_string().unwrap();
    serde_json::from_str(&text).unwrap()
}

fn order(sandbox: &Sandbox, smtp: Value) -> Value {
    sandbox.control(&json!({ "smtp": smtp }))["smtp"].clone()
}

#[test]
fn what_is_taken_is_kept_with_its_envelope() {
    let sandbox = Sandbox::start();
    for mode in MODES {
        assert_eq!(one(&sandbox, mode, &Login::None).unwrap(), "sent");
        assert_eq!(one(&sandbox, mode, &password(&sandbox)).unwrap(), "sent");
    }
    let kept = mails(&sandbox);
    assert_eq!(kept.len(), 6);
    for (number, mail) in kept.iter().enumerate() {
        let mode = MODES[number / 2];
        assert_eq!(mail["number"], number);
        assert_eq!(mail["from"], "pve@example.org");
        assert_eq!(mail["to"], json!([USER]));
        assert_eq!(mail["helo"], "pve.example.org");
        assert_eq!(mail["tls"], mode != SmtpMode::Insecure);
        let mechanism = if number % 2 == 0 {
            Value::Null
        } else {
            "PLAIN".into()
        };
        assert_eq!(mail["mechanism"], mechanism);
        let raw = STANDARD.decode(mail["raw"].as_str().unwrap()).unwrap();
        assert_eq!(raw, b"Subject: test\r\n\r\n.\r\nhello\r\n");
    }
    let report = order(&sandbox, json!({ "clear": true }));
    assert_eq!(
        (&report["mails"], &report["logins"]),
        (&json!(6), &json!(3))
    );
    assert!(mails(&sandbox).is_empty());
}

#[test]
fn logins_need_the_password_and_can_be_demanded() {
    let sandbox = Sandbox::start();
    order(&sandbox, json!({ "login-required": true }));
    let error = one(&sandbox, SmtpMode::Tls, &Login::None).unwrap_err();
    assert!(error.to_string().contains("530 5.7.0"), "{error}");
    let wrong = Login::Password {
        user: USER.to_owned(),
        password: Secret::new("wrong"),
    };
    for (wording, enhanced) in [
        ("dovecot", "535 5.7.8"),
        ("google", "535 5.7.8"),
        ("microsoft", "535 5.7.139"),
    ] {
        order(&sandbox, json!({ "wording": wording }));
        let error = one(&sandbox, SmtpMode::Tls, &wrong).unwrap_err();
        assert!(error.to_string().contains(enhanced), "{error}");
    }
    order(&sandbox, json!({ "without": ["PLAIN"] }));
    assert_eq!(
        one(&sandbox, SmtpMode::Tls, &password(&sandbox)).unwrap(),
        "sent"
    );
    assert_eq!(mails(&sandbox)[0]["mechanism"], "LOGIN");
    assert_eq!(order(&sandbox, json!({}))["refused-logins"], 3);
}

#[test]
fn f34_tokens_of_each_provider_open_the_mail_and_only_while_they_live() {
    let sandbox = Sandbox::start();
    let providers = ["google-oauth2", "microsoft-oauth2", "strict-oauth2"];
    let tokens = providers.map(|provider| access_token(&sandbox, provider));
    for (without, mechanism) in [(json!([]), "XOAUTH2"), (json!(["XOAUTH2"]), "OAUTHBEARER")] {
        order(&sandbox, json!({ "clear": true, "without": without }));
        for token in &tokens {
            for mode in [SmtpMode::Starttls, SmtpMode::Tls] {
                assert_eq!(one(&sandbox, mode, &bearer(USER, token)).unwrap(), "sent");
            }
        }
        let kept = mails(&sandbox);
        assert_eq!(kept.len(), 6);
        assert!(
            kept.iter()
                .all(|mail| mail["mechanism"] == mechanism && mail["login"] == USER)
        );
    }
    sandbox.control(&json!({ "advance-seconds": 3598 }));
    assert_eq!(
        one(&sandbox, SmtpMode::Tls, &bearer(USER, &tokens[0])).unwrap(),
        "sent"
    );
    sandbox.control(&json!({ "advance-seconds": 2 }));
    assert!(one(&sandbox, SmtpMode::Tls, &bearer(USER, &tokens[0])).is_err());
    let fresh = access_token(&sandbox, "google-oauth2");
    assert_eq!(
        one(&sandbox, SmtpMode::Tls, &bearer(USER, &fresh)).unwrap(),
        "sent"
    );
    assert!(
        one(
            &sandbox,
            SmtpMode::Tls,
            &bearer("other@example.org", &fresh)
        )
        .is_err()
    );
}

#[test]
fn f34_a_refused_token_is_told_in_the_words_of_each_server() {
    let sandbox = Sandbox::start();
    for (wording, code, json) in [
        ("google", "5.7.8", Some("https://mail.google.com/")),
        ("dovecot", "5.7.8", Some("bearer")),
        ("microsoft", "5.7.3", None),
    ] {
        order(&sandbox, json!({ "wording": wording }));
        let error = one(&sandbox, SmtpMode::Tls, &bearer(USER, &json!("unknown"))).unwrap_err();
        let refused = error.auth_refused().expect("a refused login");
        let (class, subject, detail) = refused.reply.enhanced.unwrap();
        assert_eq!(format!("{class}.{subject}.{detail}"), code);
        match json {
            Some(word) => assert!(refused.json.as_ref().unwrap().contains(word), "{refused:?}"),
            None => assert_eq!(refused.json, None),
        }
    }
    order(
        &sandbox,
        json!({ "wording": "dovecot", "without": ["XOAUTH2"] }),
    );
    let error = one(&sandbox, SmtpMode::Tls, &bearer(USER, &json!("unknown"))).unwrap_err();
    let refused = error.auth_refused().unwrap();
    assert!(refused.json.as_ref().unwrap().contains("invalid_token"));
    assert_eq!(refused.reply.code, 535);
    // a token of 3 KiB goes the long way
    let long = "t".repeat(3072);
    for without in [json!([]), json!(["XOAUTH2"])] {
        order(&sandbox, json!({ "without": without }));
        let error = one(&sandbox, SmtpMode::Starttls, &bearer(USER, &json!(long))).unwrap_err();
        assert_eq!(error.auth_refused().unwrap().reply.code, 535);
    }
}

#[test]
fn a_refresh_gives_an_access_token_that_counts() {
    let sandbox = Sandbox::start();
    let code = sandbox.code("strict-oauth2", &[]);
    let (_, first) = sandbox.redeem("strict-oauth2", &code, &[]);
    let (status, second) = sandbox.refresh("strict-oauth2", &first["refresh_token"]);
    assert_eq!(status, 200);
    let login = bearer(USER, &second["access_token"]);
    assert_eq!(one(&sandbox, SmtpMode::Tls, &login).unwrap(), "sent");
}

#[test]
fn every_reply_can_be_slow() {
    let sandbox = Sandbox::start();
    order(&sandbox, json!({ "delay-ms": 50 }));
    let start = Instant::now();
    assert_eq!(
        one(&sandbox, SmtpMode::Insecure, &Login::None).unwrap(),
        "sent"
    );
    // greeting, EHLO, MAIL, RCPT, DATA, the message
    assert!(
        start.elapsed() >= Duration::from_millis(300),
        "{:?}",
        start.elapsed()
    );
}

#[test]
fn many_mails_at_once_all_arrive() {
    let sandbox = Sandbox::start();
    std::thread::scope(|scope| {
        for _ in 0..20 {
            scope.spawn(|| {
                for _ in 0..5 {
                    assert_eq!(
                        one(&sandbox, SmtpMode::Insecure, &Login::None).unwrap(),
                        "sent"
                    );
                }
            });
        }
    });
    assert_eq!(mails(&sandbox).len(), 100);
}

#[test]
fn keywords_count_in_any_case() {
    use std::io::{Read, Write};
    let sandbox = Sandbox::start();
    let port = server(&sandbox, SmtpMode::Insecure).port;
    let mut tcp = std::net::TcpStream::connect(("127.0.0.1", port)).unwrap();
    tcp.set_read_timeout(Some(Duration::from_secs(5))).unwrap();
    let said = "ehlo pve.example.org\r\nmail from:<a@example.org> size=3 body=8bitmime\r\n\
                rcpt to:<b@example.org>\r\ndata\r\na\r\n.\r\nquit\r\n";
    tcp.write_all(said.as_bytes()).unwrap();
    let mut heard = String::new();
    tcp.read_to_string(&mut heard).unwrap();
    assert!(
        heard.ends_with("250 2.0.0 kept\r\n221 2.0.0 bye\r\n"),
        "{heard}"
    );
}

#[test]
fn careless_clients_are_told_so() {
    use std::io::{BufRead, BufReader, Write};
    let sandbox = Sandbox::start();
    let port = server(&sandbox, SmtpMode::Insecure).port;
    let ask = |said: &[&str]| {
        let mut tcp = std::net::TcpStream::connect(("127.0.0.1", port)).unwrap();
        tcp.set_read_timeout(Some(Duration::from_secs(5))).unwrap();
        for line in said {
            tcp.write_all(line.as_bytes()).unwrap();
        }
        tcp.shutdown(std::net::Shutdown::Write).unwrap();
        let lines = BufReader::new(tcp).lines().map_while(Result::ok);
        lines.last().unwrap()
    };
    let hello = "HELO pve.example.org\r\n";
    let (mail, rcpt) = (
        "MAIL FROM:<a@example.org>\r\n",
        "RCPT TO:<b@example.org>\r\n",
    );
    let long = format!("NOOP {}\r\n", "x".repeat(506));
    let long_body = format!("{}\r\n.\r\n", "x".repeat(999));
    for (said, wanted) in [
        (vec!["HELO pve.example.org\n"], "500 5.5.2"),
        (vec!["NOOP a\rb\r\n"], "500 5.5.2"),
        (vec![long.as_str()], "500 5.5.6"),
        (vec!["\r\n"], "500 5.5.2"),
        (vec!["GREETING\r\n"], "500 5.5.2"),
        (vec![mail], "503 5.5.1"),
        (vec![hello, rcpt], "503 5.5.1"),
        (vec![hello, mail, "DATA\r\n"], "554 5.5.1"),
        (
            vec![hello, "MAIL FROM:<a@example.org> SIZE=1\r\n"],
            "555 5.5.4",
        ),
        (
            vec![hello, mail, rcpt, "DATA\r\n", "a\n.\r\n"],
            "550 5.6.11",
        ),
        (
            vec![hello, mail, rcpt, "DATA\r\n", "a\rb\r\n.\r\n"],
            "550 5.6.11",
        ),
        (vec![hello, mail, rcpt, "DATA\r\n", &long_body], "550 5.6.0"),
        (
            vec![hello, mail, rcpt, "DATA\r\n", "..\r\n.\r\n"],
            "250 2.0.0",
        ),
    ] {
        let reply = ask(&said);
        assert!(reply.starts_with(wanted), "{said:?}: {reply}");
    }
    assert_eq!(mails(&sandbox).len(), 1);
}
