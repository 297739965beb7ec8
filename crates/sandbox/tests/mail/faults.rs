//! Misbehaviour on demand.

use super::*;

#[test]
fn each_fault_is_played_as_often_as_ordered() {
    let sandbox = Sandbox::start();
    let answer = |fault: Value| -> String {
        order(&sandbox, json!({ "clear": true, "faults": [fault] }));
        let (mode, login) = (SmtpMode::Starttls, password(&sandbox));
        let budget = Duration::from_secs(1);
        match within(budget, &sandbox, mode, &login, &[USER], b"hello") {
            Ok(outcomes) => outcomes[0].1.as_str().to_owned(),
            Err(error) => error.advice().unwrap().key.to_owned(),
        }
    };
    for (fault, wanted) in [
        (
            json!({ "at": "GREETING", "kind": "reply", "text": "554 5.3.2 no" }),
            "smtp-not-welcome",
        ),
        (
            json!({ "at": "MAIL", "kind": "reply", "text": "452 4.3.1 full" }),
            "smtp-storage-now",
        ),
        (
            json!({ "at": "RCPT", "kind": "reply", "text": "550 5.1.1 who" }),
            "refused",
        ),
        (
            json!({ "at": "DATA", "kind": "reply", "text": "451 4.3.0 no" }),
            "unsent",
        ),
        (
            json!({ "at": "DOT", "kind": "reply", "text": "451 4.3.0 no" }),
            "unsent",
        ),
        (json!({ "at": "DOT", "kind": "close" }), "unknown"),
        (json!({ "at": "DOT", "kind": "reset" }), "unknown"),
        (json!({ "at": "DOT", "kind": "silence" }), "unknown"),
        (json!({ "at": "BODY", "kind": "reset" }), "unsent"),
        (
            json!({ "at": "AUTH", "kind": "challenge" }),
            "smtp-nonsense",
        ),
        (
            json!({ "at": "AUTH", "kind": "throttle" }),
            "smtp-too-many-logins",
        ),
        (
            json!({ "at": "EHLO", "kind": "continuation" }),
            "smtp-garbled",
        ),
        (
            json!({ "at": "EHLO", "kind": "endless-line" }),
            "smtp-garbled",
        ),
        (
            json!({ "at": "MAIL", "kind": "drip", "ms": 20 }),
            "smtp-timeout-reply",
        ),
        (
            json!({ "at": "MAIL", "kind": "silence" }),
            "smtp-timeout-reply",
        ),
        (json!({ "at": "MAIL", "kind": "close" }), "smtp-closed"),
        (json!({ "at": "MAIL", "kind": "reset" }), "smtp-lost"),
        (
            json!({ "at": "STARTTLS", "kind": "inject", "text": "250 pwned\r\n" }),
            "smtp-injected",
        ),
        (
            json!({ "at": "STARTTLS", "kind": "reply", "text": "454 4.7.0 no" }),
            "smtp-tls-unavailable",
        ),
        (json!({ "at": "RCPT", "kind": "delay", "ms": 10 }), "sent"),
    ] {
        let played = answer(fault.clone());
        // a reset within the message may be seen only after all of it was handed to the system
        if fault["at"] == "BODY" {
            assert!(
                ["unsent", "unknown"].contains(&played.as_str()),
                "{fault}: {played}"
            );
        } else {
            assert_eq!(played, wanted, "{fault}");
        }
        assert_eq!(order(&sandbox, json!({}))["faults"], 0, "{fault}");
        assert_eq!(
            one(&sandbox, SmtpMode::Starttls, &Login::None).unwrap(),
            "sent"
        );
    }
    order(&sandbox, json!({ "clear": true, "without": ["STARTTLS"] }));
    let error = one(&sandbox, SmtpMode::Starttls, &Login::None).unwrap_err();
    assert_eq!(error.advice().unwrap().key, "smtp-no-starttls");
}

#[test]
fn f36_a_mail_whose_confirmation_is_lost_has_arrived() {
    let sandbox = Sandbox::start();
    order(
        &sandbox,
        json!({ "faults": [{ "at": "DOT", "kind": "close", "times": 2 }] }),
    );
    for _ in 0..2 {
        assert_eq!(
            one(&sandbox, SmtpMode::Insecure, &Login::None).unwrap(),
            "unknown"
        );
    }
    assert_eq!(
        one(&sandbox, SmtpMode::Insecure, &Login::None).unwrap(),
        "sent"
    );
    assert_eq!(mails(&sandbox).len(), 3);
}

#[test]
fn f36_a_mail_can_get_lost_together_with_its_confirmation() {
    let sandbox = Sandbox::start();
    let faults = json!([{ "at": "DOT", "kind": "close", "takes": false }]);
    order(&sandbox, json!({ "faults": faults }));
    let one = || one(&sandbox, SmtpMode::Insecure, &Login::None).unwrap();
    assert_eq!((one(), mails(&sandbox).len()), ("unknown", 0));
    assert_eq!((one(), mails(&sandbox).len()), ("sent", 1));
}

#[test]
fn f34_logins_can_be_offered_in_the_clear_only() {
    let sandbox = Sandbox::start();
    order(&sandbox, json!({ "without-over-tls": ["AUTH"] }));
    let login = password(&sandbox);
    for mode in [SmtpMode::Starttls, SmtpMode::Tls] {
        let error = one(&sandbox, mode, &login).unwrap_err();
        assert_eq!(error.advice().unwrap().key, "smtp-no-auth", "{error}");
    }
    assert_eq!(one(&sandbox, SmtpMode::Insecure, &login).unwrap(), "sent");
}

#[test]
fn f35_some_recipients_can_be_refused() {
    let sandbox = Sandbox::start();
    let faults = json!([
        { "at": "RCPT TO:<full@", "kind": "reply", "text": "452 4.2.2 full" },
        { "at": "rcpt to:<gone@", "kind": "reply", "text": "550 5.1.1 gone" },
    ]);
    order(&sandbox, json!({ "faults": faults }));
    let to = [
        "a@example.org",
        "full@example.org",
        "gone@example.org",
        "z@example.org",
    ];
    let outcomes = send(&sandbox, SmtpMode::Tls, &Login::None, &to, b"x").unwrap();
    let words: Vec<_> = outcomes
        .iter()
        .map(|(_, outcome)| outcome.as_str())
        .collect();
    assert_eq!(words, ["sent", "unsent", "refused", "sent"]);
    assert_eq!(
        mails(&sandbox)[0]["to"],
        json!(["a@example.org", "z@example.org"])
    );
}
