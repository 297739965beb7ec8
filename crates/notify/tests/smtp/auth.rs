//! The login: each mechanism byte by byte, each refusal with all that the server said (F-34).

use base64::prelude::{BASE64_STANDARD, Engine};
use notify::Secret;
use notify::config::SmtpMode;
use notify::smtp::Login;

use crate::mta::{CLOSE, MODERN, Mail, Mta, Running, key, token};
use crate::peer::{CANARY, Server, hold};

const JSON: &str = r#"{"status":"401","schemes":"bearer","scope":"https://mail.example.org/"}"#;

fn decoded(text: &str) -> String {
    String::from_utf8(BASE64_STANDARD.decode(text).unwrap()).unwrap()
}

/// The lines from AUTH to the one before MAIL or QUIT.
fn dialogue(mta: &Running) -> Vec<String> {
    let lines = mta.lines();
    let begin = lines
        .iter()
        .position(|line| line.starts_with("AUTH"))
        .unwrap();
    let end = |line: &&String| !line.starts_with("MAIL") && *line != "QUIT";
    lines[begin..].iter().take_while(end).cloned().collect()
}

fn offering(mechanisms: &str) -> Mta {
    Mta::new(&["STARTTLS", &format!("AUTH {mechanisms}")])
}

#[test]
fn plain_in_each_mode() {
    for mode in [SmtpMode::Insecure, SmtpMode::Starttls, SmtpMode::Tls] {
        let script = Mta::new(MODERN);
        let script = if mode == SmtpMode::Tls {
            script.tls_at_once()
        } else {
            script
        };
        let mta = script.start();
        assert_eq!(Mail::to(&mta).mode(mode).password().outcomes(), ["sent"]);
        let lines = dialogue(&mta);
        let response = lines[0].strip_prefix("AUTH PLAIN ").unwrap();
        assert_eq!(
            decoded(response),
            format!("\0user@example.org\0{CANARY}-password")
        );
        assert_eq!(lines.len(), 1);
    }
}

#[test]
fn login_where_plain_is_not_offered() {
    let mta = offering("CRAM-MD5 LOGIN")
        .with("AUTH", "334 VXNlcm5hbWU6")
        .with("dXNlckBleGFtcGxlLm9yZw==", "334 UGFzc3dvcmQ6")
        .with(
            &BASE64_STANDARD.encode(format!("{CANARY}-password")),
            "235 2.7.0 ok",
        )
        .start();
    assert_eq!(Mail::to(&mta).password().outcomes(), ["sent"]);
    let lines = dialogue(&mta);
    assert_eq!(lines[0], "AUTH LOGIN");
    assert_eq!(decoded(&lines[1]), "user@example.org");
    assert_eq!(decoded(&lines[2]), format!("{CANARY}-password"));
}

#[test]
fn the_old_form_of_the_offer_counts() {
    let mta = Mta::new(&["AUTH=PLAIN LOGIN"]).start();
    assert_eq!(Mail::to(&mta).password().outcomes(), ["sent"]);
    assert!(dialogue(&mta)[0].starts_with("AUTH PLAIN "));
}

#[test]
fn xoauth2_is_preferred_and_is_one_line() {
    let mta = Mta::new(MODERN).start();
    assert_eq!(
        Mail::to(&mta).mode(SmtpMode::Starttls).token().outcomes(),
        ["sent"]
    );
    let lines = dialogue(&mta);
    let response = lines[0].strip_prefix("AUTH XOAUTH2 ").unwrap();
    assert_eq!(
        decoded(response),
        format!("user=user@example.org\x01auth=Bearer {CANARY}-access.token_1234567890\x01\x01")
    );
    assert_eq!(lines.len(), 1);
    // nothing was said of it in the clear
    let lines = mta.lines();
    assert_eq!(
        lines[..3],
        ["EHLO pve.example.org", "STARTTLS", "EHLO pve.example.org"]
    );
}

#[test]
fn oauthbearer_where_it_is_the_only_one() {
    let mta = offering("PLAIN OAUTHBEARER").start();
    let mut mail = Mail::to(&mta).mode(SmtpMode::Starttls);
    mail.login = Login::Token {
        user: "o=u,ser@example.org".to_owned(),
        token: Secret::new(format!("{CANARY}.token")),
    };
    assert_eq!(mail.outcomes(), ["sent"]);
    let lines = dialogue(&mta);
    let response = lines[0].strip_prefix("AUTH OAUTHBEARER ").unwrap();
    assert_eq!(
        decoded(response),
        format!(
            "n,a=o=3Du=2Cser@example.org,\x01host=localhost\x01port={}\x01auth=Bearer {CANARY}.token\x01\x01",
            mta.port()
        )
    );
}

#[test]
fn the_512_octet_rule_to_the_octet() {
    // `AUTH XOAUTH2 ` and CRLF are 15 octets; base64 comes in steps of four
    let room = (512 - 15) / 4 * 3;
    let frame = "user=user@example.org\x01auth=Bearer \x01\x01".len();
    for (length, lines) in [
        (room - frame, 1),
        (room - frame + 1, 2),
        (3 * 1024, 2),
        (16 * 1024, 2),
    ] {
        let text = "t".repeat(length);
        let response = BASE64_STANDARD.encode(format!(
            "user=user@example.org\x01auth=Bearer {text}\x01\x01"
        ));
        let mta = offering("XOAUTH2")
            .with("AUTH", if lines == 1 { "235 ok" } else { "334 " })
            .with("dXNlc", "235 ok")
            .start();
        let mut mail = Mail::to(&mta).mode(SmtpMode::Starttls);
        mail.login = token(&text);
        assert_eq!(mail.outcomes(), ["sent"], "{length}");
        let seen = dialogue(&mta);
        if lines == 1 {
            assert_eq!(seen, [format!("AUTH XOAUTH2 {response}")], "{length}");
            assert!(seen[0].len() + 2 <= 512);
        } else {
            assert_eq!(seen, ["AUTH XOAUTH2".to_owned(), response], "{length}");
        }
    }
}

#[test]
fn f34_a_challenge_with_json_is_answered_and_kept() {
    for (mechanism, answer) in [("XOAUTH2", ""), ("OAUTHBEARER", "AQ==")] {
        for long in [false, true] {
            let challenge = format!("334 {}", BASE64_STANDARD.encode(JSON));
            let mta = offering(mechanism)
                .with("AUTH", if long { "334 " } else { &challenge })
                .with("dXNlc", &challenge)
                .with("bixhP", &challenge)
                .with("AQ==", "535 5.7.8 refused")
                .with("", "535 5.7.8 refused")
                .with(
                    "EHLO",
                    &format!("250-hello\r\n250-STARTTLS\r\n250 AUTH {mechanism}"),
                )
                .with("STARTTLS", "220 go")
                .with("GREETING", "220 hello")
                .start();
            let mut mail = Mail::to(&mta).mode(SmtpMode::Starttls).token();
            if long {
                mail.login = token(&"t".repeat(3072));
            }
            let error = mail.refusal();
            let refused = error.auth_refused().unwrap();
            assert_eq!(refused.mechanism, mechanism);
            assert_eq!(refused.json.as_deref(), Some(JSON));
            assert_eq!(refused.reply.to_string(), "535 5.7.8 refused");
            assert_eq!(key(&error), "smtp-token-refused");
            assert!(!error.is_temporary());
            assert!(error.to_string().contains(r#""status":"401""#), "{error}");
            assert_eq!(dialogue(&mta).last().unwrap(), answer);
        }
    }
}

#[test]
fn f34_refusals_without_a_challenge() {
    for (reply, wanted, temporary) in [
        (
            "535 5.7.3 Authentication unsuccessful [X.EXAMPLE.ORG]",
            "smtp-token-audience",
            false,
        ),
        (
            "535 5.7.139 Authentication unsuccessful, SmtpClientAuthentication is disabled for the Tenant",
            "smtp-auth-disabled",
            false,
        ),
        (
            "535-5.7.8 Username and Password not accepted.\r\n535 5.7.8 gsmtp",
            "smtp-token-refused",
            false,
        ),
        (
            "454 4.7.0 Temporary authentication failure",
            "smtp-auth-unavailable",
            true,
        ),
        (
            "504 5.5.4 Unrecognized authentication type",
            "smtp-mechanism-unknown",
            false,
        ),
        (
            "501 5.5.127 token is about to expire",
            "smtp-token-too-old",
            false,
        ),
        (
            "432 4.3.2 Concurrent connections limit exceeded",
            "smtp-throttled",
            true,
        ),
    ] {
        let mta = Mta::new(MODERN).with("AUTH", reply).start();
        let error = Mail::to(&mta).mode(SmtpMode::Starttls).token().refusal();
        assert_eq!(
            (key(&error), error.is_temporary()),
            (wanted, temporary),
            "{error}"
        );
        let refused = error.auth_refused().unwrap();
        assert_eq!(refused.reply.code.to_string(), reply[..3]);
        assert_eq!(refused.json, None);
        assert_eq!(mta.lines().last().unwrap(), "QUIT");
    }
}

#[test]
fn f34_what_is_not_offered_is_not_tried_and_the_offer_is_told() {
    for (offers, is_token, wanted, told) in [
        (
            &["STARTTLS", "SIZE 1000"][..],
            true,
            "smtp-no-auth",
            "STARTTLS, SIZE",
        ),
        (
            &["STARTTLS", "SIZE 1000"],
            false,
            "smtp-no-auth",
            "STARTTLS, SIZE",
        ),
        (
            &["STARTTLS", "AUTH PLAIN LOGIN"],
            true,
            "smtp-no-token-login",
            "server offers PLAIN, LOGIN",
        ),
        (
            &["STARTTLS", "AUTH XOAUTH2 CRAM-MD5"],
            false,
            "smtp-no-password-login",
            "server offers XOAUTH2, CRAM-MD5",
        ),
    ] {
        let mta = Mta::new(offers).start();
        let mail = Mail::to(&mta).mode(SmtpMode::Starttls);
        let mail = if is_token {
            mail.token()
        } else {
            mail.password()
        };
        let error = mail.refusal();
        assert_eq!((key(&error), error.is_temporary()), (wanted, false));
        assert!(error.to_string().contains(told), "{error}");
        assert!(!mta.verbs().contains(&"AUTH".to_owned()));
    }
}

#[test]
fn f34_an_offer_in_the_clear_does_not_count_over_tls() {
    let mta = Mta::new(MODERN).offering_over_tls(&["SIZE 1000"]).start();
    let error = Mail::to(&mta).mode(SmtpMode::Starttls).token().refusal();
    assert_eq!(key(&error), "smtp-no-auth");
    // and the other way round
    let mta = Mta::new(&["STARTTLS"]).offering_over_tls(MODERN).start();
    assert_eq!(
        Mail::to(&mta).mode(SmtpMode::Starttls).token().outcomes(),
        ["sent"]
    );
}

#[test]
fn f34_starttls_stripped_or_refused_sends_nothing_in_clear() {
    for (script, wanted, temporary) in [
        (Mta::new(&["AUTH PLAIN XOAUTH2"]), "smtp-no-starttls", false),
        (
            Mta::new(MODERN).with("STARTTLS", "454 4.7.0 not now"),
            "smtp-tls-unavailable",
            true,
        ),
        (
            Mta::new(MODERN).with("STARTTLS", "501 5.5.4 no"),
            "smtp-tls-unavailable",
            false,
        ),
        (
            Mta::new(MODERN).with("STARTTLS", "354 what"),
            "smtp-nonsense",
            true,
        ),
        (
            Mta::new(MODERN).with("STARTTLS", CLOSE),
            "smtp-closed",
            true,
        ),
    ] {
        let mta = script.start();
        for mail in [Mail::to(&mta).token(), Mail::to(&mta).password()] {
            let error = mail.mode(SmtpMode::Starttls).refusal();
            assert_eq!(
                (key(&error), error.is_temporary()),
                (wanted, temporary),
                "{error}"
            );
        }
        let said = mta.verbs();
        let allowed = ["EHLO", "STARTTLS", "QUIT"];
        assert!(
            said.iter().all(|verb| allowed.contains(&verb.as_str())),
            "{said:?}"
        );
    }
}

#[test]
fn f34_data_injected_before_tls_ends_the_session() {
    for more in ["250-hello\r\n250 AUTH PLAIN XOAUTH2\r\n235 ok", "2", "\r\n"] {
        let mta = Mta::new(MODERN)
            .with("STARTTLS", &format!("220 go\r\n{more}"))
            .start();
        let error = Mail::to(&mta).mode(SmtpMode::Starttls).token().refusal();
        assert_eq!(
            (key(&error), error.is_temporary()),
            ("smtp-injected", false),
            "{error}"
        );
        assert_eq!(mta.verbs(), ["EHLO", "STARTTLS"]);
    }
}

#[test]
fn a_token_needs_tls_and_nothing_is_opened_without() {
    let server = Server::tcp(|mut tcp, _| hold(&mut tcp));
    let error = Mail::to_port(server.address.port()).token().refusal();
    assert!(
        error
            .to_string()
            .starts_with("mode: must be starttls or tls"),
        "{error}"
    );
    assert_eq!(error.code(), 400);
    assert_eq!(server.count(), 0);
}

#[test]
fn logins_that_would_inject_are_refused_before_anything_is_sent() {
    let server = Server::tcp(|mut tcp, _| hold(&mut tcp));
    let port = server.address.port();
    let password = |user: &str, password: &str| Login::Password {
        user: user.to_owned(),
        password: Secret::new(password),
    };
    let bearer = |user: &str, token: &str| Login::Token {
        user: user.to_owned(),
        token: Secret::new(token),
    };
    for (login, name) in [
        (bearer("user\x01auth=Bearer x", "t"), "username"),
        (bearer("", "t"), "username"),
        (bearer("user", "t\x01\x01"), "access token"),
        (bearer("user", "t\r\nQUIT"), "access token"),
        (bearer("user", "t t"), "access token"),
        (bearer("user", "tä"), "access token"),
        (bearer("user", ""), "access token"),
        (password("user\0admin", "p"), "username"),
        (password("user\r\n", "p"), "username"),
        (password("", "p"), "username"),
        (password("user", "p\0q"), "password"),
    ] {
        let mut mail = Mail::to_port(port).mode(SmtpMode::Starttls);
        mail.login = login;
        let error = mail.refusal();
        assert!(
            error.to_string().starts_with(&format!("{name}: must ")),
            "{error}"
        );
        assert_eq!(error.code(), 400);
    }
    assert_eq!(server.count(), 0);
}

#[test]
fn f33_challenges_without_end_are_cancelled() {
    for (mechanisms, is_token) in [
        ("XOAUTH2", true),
        ("OAUTHBEARER", true),
        ("PLAIN", false),
        ("LOGIN", false),
    ] {
        let mta = offering(mechanisms)
            .with("", "334 ZW5kbGVzcw==")
            .with(
                "EHLO",
                &format!("250-hello\r\n250-STARTTLS\r\n250 AUTH {mechanisms}"),
            )
            .with("STARTTLS", "220 go")
            .with("GREETING", "220 hello")
            .start();
        let mail = Mail::to(&mta).mode(SmtpMode::Starttls);
        let mail = if is_token {
            mail.token()
        } else {
            mail.password()
        };
        let error = mail.refusal();
        assert_eq!(key(&error), "smtp-nonsense", "{mechanisms}");
        let lines = dialogue(&mta);
        assert!(lines.len() <= 6, "{lines:?}");
        assert_eq!(lines.last().unwrap(), "*");
    }
    // a server that honours the cancellation is quoted
    let mta = offering("PLAIN")
        .with("AUTH", "334 eHg=")
        .with("*", "501 5.7.0 cancelled")
        .start();
    let error = Mail::to(&mta).password().refusal();
    assert!(error.to_string().contains("501 5.7.0 cancelled"), "{error}");
}

#[test]
fn f32_a_server_that_echoes_the_login_gives_nothing_away() {
    // submit() looks for the canary in every text; here in each form that can come back
    let secret = format!("{CANARY}-password");
    let plain = BASE64_STANDARD.encode(format!("\0user@example.org\0{secret}"));
    let alone = BASE64_STANDARD.encode(&secret);
    let (head, tail) = plain.split_at(40);
    for echo in [
        format!("535 5.7.8 AUTH PLAIN {plain}"),
        format!("535 5.7.8 wrong password {secret}"),
        format!("535-5.7.8 {head}\r\n535 5.7.8 {tail}"),
        format!("535 5.7.8 {alone}"),
        format!("454 4.7.0 {alone} {plain} {secret}"),
    ] {
        let mta = Mta::new(MODERN).with("AUTH", &echo).start();
        let error = Mail::to(&mta).password().refusal().to_string();
        assert!(error.contains("[secret]"), "{error}");
        for form in [&plain[28..], &alone[..12]] {
            assert!(!error.contains(form), "{error}");
        }
    }
    for echo in [
        "user=user@example.org auth=Bearer ",
        r#"{"status":"400","token":""#,
    ] {
        let bearer = format!("{CANARY}-access.token_1234567890");
        let challenge = BASE64_STANDARD.encode(format!("{echo}{bearer}\"}}"));
        let mta = offering("XOAUTH2")
            .with("AUTH", &format!("334 {challenge}"))
            .with("", &format!("535 5.7.8 {bearer} {challenge}"))
            .with("EHLO", "250-hello\r\n250-STARTTLS\r\n250 AUTH XOAUTH2")
            .with("STARTTLS", "220 go")
            .with("GREETING", "220 hello")
            .start();
        let error = Mail::to(&mta)
            .mode(SmtpMode::Starttls)
            .token()
            .refusal()
            .to_string();
        assert!(error.matches("[secret]").count() >= 3, "{error}");
    }
}
