//! F-35: each refusal at each command, and what it means for each recipient.

use notify::outcome::{Outcome, Retry};
use notify::smtp::Step;

use crate::mta::{BARE, CLOSE, MODERN, Mail, Mta, SILENCE, key};

const CODES: [(&str, bool); 8] = [
    ("421 4.3.2 closing", true),
    ("450 4.2.0 not now", true),
    ("451 4.3.0 trouble", true),
    ("452 4.3.1 no room", true),
    ("550 5.7.1 never", false),
    ("552 5.3.4 too large", false),
    ("553 5.1.3 bad", false),
    ("554 5.7.0 no", false),
];

#[test]
fn f35_before_any_recipient_nothing_is_sent_to_anybody() {
    for offers in [MODERN, BARE] {
        for (place, step) in [
            ("GREETING", Step::Greeting),
            ("EHLO", Step::Ehlo),
            ("MAIL", Step::Mail),
        ] {
            for (reply, temporary) in CODES {
                let mta = Mta::new(offers)
                    .with(place, reply)
                    .with("HELO", reply)
                    .start();
                let error = Mail::to(&mta).refusal();
                let context = format!("{place} {reply}: {error}");
                assert_eq!(error.is_temporary(), temporary, "{context}");
                assert!(error.to_string().contains(reply), "{context}");
                assert!(error.message().fix.is_some(), "{context}");
                assert!(
                    error
                        .to_string()
                        .contains(&format!("server says at {}: ", step.as_str())),
                    "{context}"
                );
                let word = if temporary { "unsent" } else { "refused" };
                assert_eq!(error.outcome().as_str(), word, "{context}");
                assert!(mta.messages().is_empty(), "{context}");
            }
        }
    }
}

#[test]
fn f35_at_auth() {
    for (reply, temporary) in CODES {
        let mta = Mta::new(MODERN).with("AUTH", reply).start();
        let error = Mail::to(&mta).password().refusal();
        assert_eq!(error.is_temporary(), temporary, "{error}");
        let refused = error.auth_refused().unwrap();
        assert_eq!((refused.mechanism, refused.json.as_ref()), ("PLAIN", None));
        assert_eq!(refused.reply.to_string(), reply);
        assert!(
            !mta.verbs().contains(&"MAIL".to_owned()),
            "{:?}",
            mta.lines()
        );
    }
}

#[test]
fn f35_from_the_recipient_on_each_has_an_outcome() {
    for offers in [MODERN, BARE] {
        for place in ["RCPT", "DATA", "DOT"] {
            for (reply, temporary) in CODES {
                let mta = Mta::new(offers).with(place, reply).start();
                let outcomes = Mail::to(&mta).submit().unwrap();
                let context = format!("{place} {reply}: {outcomes:?}");
                let [(recipient, outcome)] = outcomes.as_slice() else {
                    panic!("{context}");
                };
                assert_eq!(recipient, "admin@example.org", "{context}");
                let word = if temporary { "unsent" } else { "refused" };
                assert_eq!(outcome.as_str(), word, "{context}");
                assert!(outcome.reason().unwrap().contains(reply), "{context}");
                let taken = mta.messages().len();
                assert_eq!(taken, usize::from(place == "DOT"), "{context}");
            }
        }
    }
}

#[test]
fn f35_success_for_some_recipients_is_told_for_each() {
    for offers in [MODERN, BARE] {
        let mta = Mta::new(offers)
            .with("RCPT TO:<full", "452 4.2.2 full")
            .with("RCPT TO:<gone", "550 5.1.1 unknown")
            .with("RCPT TO:<moved", "251 2.1.5 will forward")
            .start();
        let mail = Mail::to(&mta).recipients(&[
            "a@example.org",
            "full@example.org",
            "gone@example.org",
            "moved@example.org",
            "z@example.org",
        ]);
        let outcomes = mail.submit().unwrap();
        let seen: Vec<_> = outcomes
            .iter()
            .map(|(recipient, outcome)| (recipient.as_str(), outcome.as_str()))
            .collect();
        assert_eq!(
            seen,
            [
                ("a@example.org", "sent"),
                ("full@example.org", "unsent"),
                ("gone@example.org", "refused"),
                ("moved@example.org", "sent"),
                ("z@example.org", "sent"),
            ]
        );
        assert!(outcomes[1].1.reason().unwrap().contains("mailbox is full"));
        assert!(
            outcomes[2]
                .1
                .reason()
                .unwrap()
                .contains("mailbox does not exist")
        );
        assert_eq!(mta.messages().len(), 1);
    }
}

#[test]
fn f35_a_refusal_of_the_message_counts_for_the_accepted_ones_alone() {
    let mta = Mta::new(MODERN)
        .with("RCPT TO:<gone", "550 5.1.1 unknown")
        .with("DOT", "451 4.3.0 try again")
        .start();
    let mail = Mail::to(&mta).recipients(&["gone@example.org", "a@example.org"]);
    let outcomes = mail.submit().unwrap();
    assert!(outcomes[0].1.reason().unwrap().contains("5.1.1"));
    assert_eq!(outcomes[0].1.as_str(), "refused");
    assert!(outcomes[1].1.reason().unwrap().contains("try again"));
    assert_eq!(outcomes[1].1.as_str(), "unsent");
}

#[test]
fn without_an_accepted_recipient_no_message_goes_out() {
    for (offers, data) in [
        (BARE, "354 go ahead"),
        (MODERN, "554 5.5.1 no valid recipients"),
        // RFC 2920 lets a server do this; nothing may follow but the end
        (MODERN, "354 go ahead"),
    ] {
        let mta = Mta::new(offers)
            .with("RCPT", "550 5.1.1 unknown")
            .with("DATA", data)
            .start();
        let mail = Mail::to(&mta).recipients(&["a@example.org", "b@example.org"]);
        assert_eq!(mail.outcomes(), ["refused", "refused"]);
        assert!(mta.messages().is_empty());
        let said = mta.verbs();
        assert_eq!(
            said.contains(&"DATA".to_owned()),
            offers == MODERN,
            "{said:?}"
        );
        assert_eq!(
            said.last().unwrap() == "QUIT",
            data.starts_with('5') || offers == BARE,
            "{said:?}"
        );
    }
}

#[test]
fn f35_421_among_the_recipients_ends_all() {
    for offers in [MODERN, BARE] {
        let mta = Mta::new(offers)
            .with("RCPT TO:<b", "421 4.3.2 shutting down")
            .with("RCPT TO:<gone", "550 5.1.1 unknown")
            .start();
        let mail = Mail::to(&mta).recipients(&[
            "gone@example.org",
            "a@example.org",
            "b@example.org",
            "c@example.org",
        ]);
        assert_eq!(mail.outcomes(), ["refused", "unsent", "unsent", "unsent"]);
        assert!(mta.messages().is_empty());
    }
}

#[test]
fn a_reply_that_makes_no_sense_is_neither_success_nor_silence() {
    for (place, reply, wanted) in [
        ("GREETING", "354 go", "smtp-nonsense"),
        ("EHLO", "334 go", "smtp-nonsense"),
        ("MAIL", "354 go", "smtp-nonsense"),
    ] {
        let mta = Mta::new(BARE).with(place, reply).start();
        let error = Mail::to(&mta).refusal();
        assert_eq!(key(&error), wanted, "{place} {reply}: {error}");
    }
    for (place, reply, wanted) in [
        ("RCPT", "354 go", "unsent"),
        ("DATA", "250 ok", "unsent"),
        ("DOT", "354 go", "unknown"),
    ] {
        for offers in [MODERN, BARE] {
            let mta = Mta::new(offers).with(place, reply).start();
            assert_eq!(Mail::to(&mta).outcomes(), [wanted], "{place} {reply}");
        }
    }
}

#[test]
fn a_reply_that_comes_before_its_command_confirms_nothing() {
    for offers in [MODERN, BARE] {
        for (place, reply) in [
            ("DATA", "354 go\r\n250 2.0.0 queued"),
            ("RCPT TO:<z", "250 ok\r\n354 go\r\n250 2.0.0 queued"),
        ] {
            let mta = Mta::new(offers)
                .with(place, reply)
                .with("DOT", "550 5.7.1 never")
                .start();
            let mail = Mail::to(&mta).recipients(&["a@example.org", "z@example.org"]);
            assert_eq!(mail.outcomes(), ["unsent", "unsent"], "{place} {reply}");
            assert!(mta.messages().is_empty(), "{place} {reply}");
        }
        // a server that gives up may say so at any time
        let mta = Mta::new(offers)
            .with("EHLO", "250 hello\r\n421 4.3.2 going down")
            .start();
        let error = Mail::to(&mta).refusal();
        assert_eq!(
            (key(&error), error.is_temporary()),
            ("smtp-closing", true),
            "{error}"
        );
    }
}

#[test]
fn a_connection_that_ends_between_commands_sends_nothing() {
    for offers in [MODERN, BARE] {
        for end in [CLOSE, SILENCE] {
            for place in ["GREETING", "EHLO", "MAIL", "RCPT", "DATA"] {
                let mta = Mta::new(offers).with(place, end).start();
                let mut mail = Mail::to(&mta);
                mail.budget = std::time::Duration::from_millis(150);
                let outcome = match mail.submit() {
                    Ok(outcomes) => {
                        assert!(["RCPT", "DATA"].contains(&place), "{place}");
                        outcomes[0].1.clone()
                    }
                    Err(error) => {
                        assert!(["GREETING", "EHLO", "MAIL"].contains(&place), "{place}");
                        error.outcome()
                    }
                };
                assert_eq!(outcome.as_str(), "unsent", "{place} {end}");
                let reason = outcome.reason().unwrap();
                let word = if end == CLOSE {
                    "closed the connection"
                } else {
                    "timeout"
                };
                assert!(reason.contains(word), "{place}: {reason}");
            }
        }
    }
}

#[test]
fn a_throttled_mailbox_asks_for_a_pause() {
    let mta = Mta::new(MODERN)
        .with(
            "DOT",
            "432 4.3.2 STOREDRV.ClientSubmit; sender thread limit exceeded",
        )
        .start();
    let outcomes = Mail::to(&mta).submit().unwrap();
    let Outcome::Unsent { why: reason, retry } = &outcomes[0].1 else {
        panic!("{outcomes:?}");
    };
    assert!(reason.to_string().contains("30 mails a minute"), "{reason}");
    assert_eq!(*retry, Retry::After(std::time::Duration::from_secs(60)));
}

#[test]
fn the_usual_refusals_are_explained() {
    for (place, reply, wanted) in [
        (
            "AUTH",
            "535 5.7.8 Error: authentication failed",
            "smtp-login-refused",
        ),
        (
            "AUTH",
            "535 5.7.139 Authentication unsuccessful, SmtpClientAuthentication is disabled for the Mailbox",
            "smtp-auth-disabled",
        ),
        (
            "AUTH",
            "535 5.7.3 Authentication unsuccessful",
            "smtp-login-refused",
        ),
        (
            "AUTH",
            "535 Incorrect authentication data",
            "smtp-login-refused",
        ),
        (
            "AUTH",
            "534 5.7.9 Application-specific password required",
            "smtp-app-password",
        ),
        (
            "AUTH",
            "534-5.7.14 <https://accounts.example.org/x>\r\n534 5.7.14 Please log in via your web browser",
            "smtp-web-login",
        ),
        (
            "AUTH",
            "454 4.7.0 Temporary authentication failure",
            "smtp-auth-unavailable",
        ),
        (
            "AUTH",
            "454 4.7.0 Too many login attempts, please try again later",
            "smtp-too-many-logins",
        ),
        (
            "AUTH",
            "504 5.7.4 Unrecognized authentication type",
            "smtp-mechanism-unknown",
        ),
        (
            "AUTH",
            "538 5.7.11 Encryption required",
            "smtp-encryption-needed",
        ),
        (
            "AUTH",
            "432 4.3.2 Concurrent connections limit exceeded",
            "smtp-throttled",
        ),
        (
            "AUTH",
            "432 4.7.12 A password transition is needed",
            "smtp-password-transition",
        ),
        ("AUTH", "432 later", "smtp-password-transition"),
        (
            "AUTH",
            "500 5.5.6 Authentication exchange line is too long",
            "smtp-auth-line-too-long",
        ),
        (
            "MAIL",
            "530 5.7.0 Must issue a STARTTLS command first",
            "smtp-starttls-needed",
        ),
        (
            "MAIL",
            "530 5.7.0 Authentication Required",
            "smtp-login-needed",
        ),
        (
            "MAIL",
            "530 5.7.57 Client not authenticated to send mail",
            "smtp-login-needed",
        ),
        (
            "MAIL",
            "550 5.7.30 Basic authentication is not supported for Client Submission",
            "smtp-basic-auth-over",
        ),
        (
            "MAIL",
            "501 5.5.127 token about to expire",
            "smtp-token-too-old",
        ),
        (
            "MAIL",
            "552 5.3.4 Message size exceeds fixed limit",
            "smtp-message-too-large",
        ),
        (
            "MAIL",
            "553 5.7.1 Sender address rejected: not owned by user",
            "smtp-sender-not-owned",
        ),
        (
            "MAIL",
            "550 5.1.8 sender domain not found",
            "smtp-sender-rejected",
        ),
        (
            "GREETING",
            "554 5.7.1 no service for you",
            "smtp-not-welcome",
        ),
        ("GREETING", "421 4.3.2 too many connections", "smtp-closing"),
        ("GREETING", "421 4.7.0 try again later", "smtp-rate"),
        ("HELO", "550 5.7.1 invalid name", "smtp-name-refused"),
    ] {
        let mta = Mta::new(MODERN)
            .with(place, reply)
            .with(
                "EHLO",
                if place == "HELO" {
                    reply
                } else {
                    "250-hello\r\n250 AUTH PLAIN"
                },
            )
            .start();
        let error = Mail::to(&mta).password().refusal();
        assert_eq!(key(&error), wanted, "{place} {reply}: {error}");
    }
    for (place, reply, wanted) in [
        ("RCPT", "550 5.1.1 User unknown", "smtp-no-such-mailbox"),
        ("RCPT", "550 No such user here", "smtp-refused"),
        (
            "RCPT",
            "450 4.7.1 Greylisted, see you later",
            "smtp-greylisted",
        ),
        ("RCPT", "451 4.7.1 Greylisting in action", "smtp-greylisted"),
        ("RCPT", "450 4.2.0 not now", "smtp-mailbox-unavailable"),
        ("RCPT", "554 5.7.1 Relay access denied", "smtp-relay-denied"),
        ("RCPT", "550 relaying is not permitted", "smtp-relay-denied"),
        ("RCPT", "553 5.1.3 bad address", "smtp-bad-address"),
        ("RCPT", "452 4.2.2 mailbox full", "smtp-mailbox-full"),
        ("RCPT", "552 5.2.2 mailbox full", "smtp-mailbox-full"),
        (
            "RCPT",
            "452 4.5.3 Too many recipients",
            "smtp-too-many-recipients",
        ),
        (
            "RCPT",
            "452 4.3.1 Insufficient system storage",
            "smtp-storage-now",
        ),
        ("RCPT", "503 5.5.1 bad sequence", "smtp-bad-sequence"),
        (
            "DOT",
            "554 5.2.252 SendAsDenied; a@example.org not allowed to send as b@example.org",
            "smtp-send-as",
        ),
        (
            "DOT",
            "550 5.7.60 SMTP; Client does not have permissions to send as this sender",
            "smtp-send-as",
        ),
        ("DOT", "552 5.3.4 too large", "smtp-message-too-large"),
        ("DOT", "552 exceeded storage allocation", "smtp-storage"),
        (
            "DOT",
            "552 Message size exceeds the limit",
            "smtp-message-too-large",
        ),
        (
            "DOT",
            "550 5.4.5 Daily user sending limit exceeded",
            "smtp-sending-quota",
        ),
        (
            "DOT",
            "550 5.7.26 This mail is unauthenticated",
            "smtp-sender-authentication",
        ),
        ("DOT", "554 5.7.1 spam", "smtp-message-rejected"),
        ("DOT", "421 4.7.28 unusual rate of mail", "smtp-rate"),
        ("DOT", "451 4.4.2 Timeout", "smtp-network"),
        ("DOT", "459 odd", "smtp-temporary"),
        ("DOT", "599 odd", "smtp-refused"),
    ] {
        let mta = Mta::new(MODERN).with(place, reply).start();
        let outcomes = Mail::to(&mta).submit().unwrap();
        let reason = outcomes[0].1.reason().unwrap();
        let row = notify::advice::all().find(|row| row.key == wanted).unwrap();
        assert!(reason.contains(&row.to_string()), "{reply}: {reason}");
    }
}
