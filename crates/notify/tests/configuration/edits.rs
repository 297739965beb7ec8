//! Changing entries: messages, codes, and the order in which things are done.

use notify::Secret;
use notify::config::{GotifySettings, Kind, MatcherSettings, SendmailSettings, SmtpSettings};

use super::*;

const MAIL: &str = "sendmail: one\n\tcomment old\n\tmailto ann@example.org\n";

fn delete(keys: &[&str]) -> Vec<String> {
    keys.iter().map(|&key| key.to_owned()).collect()
}

#[test]
fn a_missing_entry_is_not_found() {
    let mut config = parse(MAIL, "");
    let endpoint = (404, "endpoint 'no' not found".to_owned());
    for kind in [Kind::Gotify, Kind::Sendmail, Kind::Smtp, Kind::Webhook] {
        assert_eq!(refused(config.get(kind, "no")), endpoint);
        assert_eq!(refused(config.delete(kind, "no")), endpoint);
    }
    assert_eq!(
        refused(config.update("no", SmtpSettings::default(), &[], None)),
        endpoint
    );
    let matcher = (404, "matcher 'no' not found".to_owned());
    assert_eq!(refused(config.get(Kind::Matcher, "no")), matcher);
    assert_eq!(refused(config.delete(Kind::Matcher, "no")), matcher);
    assert_eq!(
        refused(config.update("no", MatcherSettings::default(), &[], None)),
        matcher
    );
    // of another type
    assert_eq!(refused(config.get(Kind::Smtp, "one")).0, 404);
    assert_eq!(refused(config.delete(Kind::Smtp, "one")).0, 404);
    assert_eq!(
        refused(config.update("one", SmtpSettings::default(), &[], None)).0,
        404
    );
    assert_eq!(
        refused(config.endpoint("no")),
        (404, "endpoint 'no' does not exist".to_owned())
    );
}

#[test]
fn mail_needs_a_recipient_when_added_and_when_changed() {
    let refusal = (
        400,
        "must at least provide one recipient, either in mailto or in mailto-user".to_owned(),
    );
    let mut config = parse(MAIL, "");
    assert_eq!(
        refused(config.add("two", SendmailSettings::default())),
        refusal
    );
    let nobody = SmtpSettings {
        mailto: None,
        ..relay("pw")
    };
    assert_eq!(refused(config.add("two", nobody)), refusal);
    let change = config.update(
        "one",
        SendmailSettings::default(),
        &delete(&["mailto"]),
        None,
    );
    assert_eq!(refused(change), refusal);
    let user = SendmailSettings {
        mailto_user: texts(&["root@pam"]),
        ..SendmailSettings::default()
    };
    config
        .update("one", user, &delete(&["mailto"]), None)
        .unwrap();
}

#[test]
fn a_digest_is_checked_before_existence_and_lookup_before_deletions() {
    let mut config = parse(MAIL, "");
    let none = SendmailSettings::default;
    for (digest, reason) in [
        ("xyz", "not hexadecimal digits"),
        ("ab", "must have 64 hexadecimal digits"),
    ] {
        let found = refused(config.update("no", none(), &[], Some(digest)));
        assert_eq!(found, (400, format!("invalid digest: {reason}")));
    }
    let other = "0".repeat(64);
    assert_eq!(
        refused(config.update("no", none(), &delete(&["odd"]), Some(&other))),
        (
            400,
            "detected modified configuration - file changed by other user? Try again.".to_owned()
        )
    );
    let digest = config.digest().to_uppercase();
    let lookup = refused(config.update("no", none(), &delete(&["odd"]), Some(&digest)));
    assert_eq!(lookup.0, 404);
    let deletion = refused(config.update("one", none(), &delete(&["odd"]), Some(&digest)));
    assert_eq!(
        deletion,
        (400, "delete: 'odd' cannot be deleted".to_owned())
    );
}

#[test]
fn setting_wins_over_deleting() {
    let mut config = parse(MAIL, "");
    let settings = SendmailSettings {
        comment: text("new"),
        ..SendmailSettings::default()
    };
    config
        .update("one", settings, &delete(&["comment"]), None)
        .unwrap();
    assert_eq!(
        config.get(Kind::Sendmail, "one").unwrap().comment(),
        Some("new")
    );
}

#[test]
fn a_refused_change_changes_nothing() {
    let mut config = parse(MAIL, "");
    let before = config.write().unwrap().public;
    let settings = SendmailSettings {
        author: text("somebody"),
        comment: text(&"c".repeat(129)),
        ..SendmailSettings::default()
    };
    assert_eq!(
        refused(config.update("one", settings, &[], None)),
        (
            400,
            "comment: must not be longer than 128 characters".to_owned()
        )
    );
    assert_eq!(config.write().unwrap().public, before);
}

#[test]
fn the_digest_is_that_of_the_public_file_as_passed() {
    assert_eq!(
        parse("", "").digest(),
        "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
    );
    // sha256sum of "matcher: a1\n"
    assert_eq!(
        parse("matcher: a1\n", "").digest(),
        "a3063df755487385cbc2889fdea07703d76d52a54612ade22433ff704bb84964"
    );
    let private = parse("", "gotify: gone\n\ttoken x\n");
    assert_eq!(
        private.digest(),
        parse("", "").digest(),
        "the private file does not count"
    );
    let mut config = parse("", "");
    config.add("m1", MatcherSettings::default()).unwrap();
    assert_eq!(
        config.digest(),
        parse("", "").digest(),
        "changes do not count"
    );
}

#[test]
fn the_files_of_our_own_count_in_the_digest_when_not_empty() {
    let public = "smtp: s1\n\tfrom-address a@example.org\n\tserver example.org\n";
    let digest = |ext: &str, private_ext: &str| {
        parse_all(public, "smtp: s1\n", ext, private_ext)
            .digest()
            .to_owned()
    };
    let plain = digest("", "");
    assert_eq!(digest("\n", ""), plain);
    let ext = digest("smtp: s1\n\tauth-method plain\n", "");
    let secret = digest("", "smtp: s1\n\toauth2-client-secret x\n");
    let other = digest("", "smtp: s1\n\toauth2-client-secret y\n");
    let all = [&plain, &ext, &secret, &other];
    for (index, one) in all.iter().enumerate() {
        assert!(!all[index + 1..].contains(one));
    }
    // a record of a write is no configuration
    assert_eq!(digest("", "binding: s1\n\tkey 00\n"), plain);
}

#[test]
fn an_empty_text_means_none_and_a_needed_one_is_refused() {
    let mut config = parse(MAIL, "");
    let settings = SendmailSettings {
        comment: text(" "),
        author: text(""),
        ..SendmailSettings::default()
    };
    config.update("one", settings, &[], None).unwrap();
    assert_eq!(config.get(Kind::Sendmail, "one").unwrap().comment(), None);
    again(&mut config);
    let gotify = GotifySettings {
        token: Some(notify::Secret::new("t")),
        ..GotifySettings::default()
    };
    assert_eq!(
        refused(config.add("g1", gotify)),
        (400, "server: must not be empty".to_owned())
    );
}

#[test]
fn control_characters_are_refused_at_once_and_not_only_when_written() {
    let mut config = parse(MAIL, "");
    for bad in ["a\nb", "a\tb", "a\u{7f}b", "a\0b", "a\u{85}b"] {
        let refusal = "must not contain control characters";
        let settings = SendmailSettings {
            author: text(bad),
            ..SendmailSettings::default()
        };
        assert_eq!(
            refused(config.update("one", settings, &[], None)),
            (400, format!("author: {refusal}"))
        );
        assert_eq!(
            refused(config.add("s1", relay(bad))),
            (400, format!("password: {refusal}"))
        );
        for key in ["server", "from-address", "mailto", "mailto-user"] {
            let mut settings = relay("pw");
            match key {
                "server" => settings.server = text(bad),
                "from-address" => settings.from_address = text(bad),
                "mailto" => settings.mailto = texts(&[bad]),
                _ => settings.mailto_user = texts(&[bad]),
            }
            assert_eq!(
                refused(config.add("s1", settings)),
                (400, format!("{key}: {refusal}"))
            );
        }
        let settings = GotifySettings {
            server: text("https://gotify.example.org"),
            token: Some(notify::Secret::new(bad)),
            ..GotifySettings::default()
        };
        assert_eq!(
            refused(config.add("g1", settings)),
            (400, format!("token: {refusal}"))
        );
        let settings = MatcherSettings {
            match_field: texts(&[&format!("exact:type={bad}")]),
            ..MatcherSettings::default()
        };
        assert_eq!(
            refused(config.add("m1", settings)),
            (400, format!("match-field: {refusal}"))
        );
    }
}

#[test]
fn recipients_have_2_to_64_characters() {
    let mut config = parse(MAIL, "");
    for (length, good) in [(1, false), (2, true), (64, true), (65, false)] {
        let (mailto, mailto_user) = (vec!["m".repeat(length)], vec!["u".repeat(length)]);
        for (key, settings) in [
            (
                "mailto",
                SendmailSettings {
                    mailto: Some(mailto),
                    ..SendmailSettings::default()
                },
            ),
            (
                "mailto-user",
                SendmailSettings {
                    mailto_user: Some(mailto_user),
                    ..SendmailSettings::default()
                },
            ),
        ] {
            let change = config.update("one", settings, &[], None);
            let refusal = (400, format!("{key}: must have 2 to 64 characters"));
            match good {
                true => change.unwrap(),
                false => assert_eq!(refused(change), refusal),
            }
        }
    }
}

#[test]
fn a_secret_that_a_file_would_change_is_refused() {
    let mut config = parse("", "");
    assert_eq!(
        refused(config.add("s1", relay(" pw"))),
        (
            400,
            "password: must not begin or end with whitespace".to_owned()
        )
    );
}

#[test]
fn deleting_the_password_keeps_an_entry_without_password() {
    let mut config = parse("", "");
    config.add("s1", relay("pw")).unwrap();
    let (written, mut config) = again(&mut config);
    assert_eq!(written.private, "smtp: s1\n\tpassword pw\n");
    config
        .update("s1", SmtpSettings::default(), &delete(&["password"]), None)
        .unwrap();
    let (written, config) = again(&mut config);
    assert_eq!(written.private, "smtp: s1\n");
    assert!(config.endpoint("s1").is_ok());
}

#[test]
fn an_endpoint_without_private_section_is_listed_but_not_sendable() {
    let config = parse(
        "gotify: g1\n\tserver x\n\nsmtp: s1\n\tserver x\n\tfrom-address y\n\n\
         webhook: w1\n\tmethod get\n\turl http://x/\n",
        "",
    );
    assert_eq!(config.targets().len(), 4);
    for name in ["g1", "s1", "w1"] {
        assert_eq!(
            refused(config.endpoint(name)),
            (404, format!("endpoint '{name}' does not exist"))
        );
    }
}

#[test]
fn what_cannot_be_used_is_switched_off_where_its_lines_say_so() {
    let disabled = |properties: &str, private: &str| {
        let config = parse(&format!("gotify: g1\n{properties}"), private);
        assert!(config.endpoint("g1").is_err(), "{properties}");
        config.is_disabled("g1")
    };
    assert!(disabled("\tserver x\n\tdisable 1\n", ""));
    assert!(disabled("\tserver x\n\tdisable 1\n", "gotify: g1\n"));
    assert!(disabled("\tdisable On\n", ""), "no server");
    assert!(disabled("\tdisable true\n\tfrob\n\tserver x\n", ""));
    assert!(!disabled("\tdisable 0\n", ""));
    assert!(!disabled("\tdisable perhaps\n", ""));
    assert!(!disabled("\tdisable 1\n\tdisable 0\n", ""), "which?");
    assert!(!parse("", "").is_disabled("nothing"));
}

#[test]
fn directives_are_checked_when_they_are_set() {
    let mut config = parse("", "");
    let none = MatcherSettings::default;
    for (settings, key) in [
        (
            MatcherSettings {
                match_severity: texts(&["nope"]),
                ..none()
            },
            "match-severity",
        ),
        (
            MatcherSettings {
                match_field: texts(&["regex:type=("]),
                ..none()
            },
            "match-field",
        ),
        (
            MatcherSettings {
                match_field: texts(&["regex:type=\\w{999}{999}"]),
                ..none()
            },
            "match-field",
        ),
        (
            MatcherSettings {
                match_calendar: texts(&["22-6"]),
                ..none()
            },
            "match-calendar",
        ),
        (
            MatcherSettings {
                mode: text("some"),
                ..none()
            },
            "mode",
        ),
    ] {
        let (code, message) = refused(config.add("m1", settings));
        assert_eq!(code, 400);
        assert!(message.starts_with(&format!("{key}: ")), "{message}");
    }
}

#[test]
fn every_kind_survives_being_written_and_read() {
    let mut config = parse("", "");
    config.add("s1", relay("pw")).unwrap();
    let matcher = MatcherSettings {
        target: texts(&["s1"]),
        match_severity: texts(&["error,warning"]),
        match_field: texts(&["exact:type=a, b", "regex:x=^a=b$"]),
        match_calendar: texts(&["mon..fri 8-17"]),
        mode: text("any"),
        invert_match: Some(true),
        comment: text("c"),
        disable: Some(false),
    };
    config.add("m1", matcher).unwrap();
    let (_, second) = again(&mut config);
    for (kind, name) in [(Kind::Smtp, "s1"), (Kind::Matcher, "m1")] {
        assert_eq!(
            json(config.get(kind, name).unwrap()),
            json(second.get(kind, name).unwrap())
        );
    }
    assert_eq!(
        json(second.get(Kind::Matcher, "m1").unwrap()),
        serde_json::json!({ "name": "m1", "target": ["s1"], "match-severity": ["error,warning"],
            "match-field": ["exact:type=a,b", "regex:x=^a=b$"], "match-calendar": ["mon..fri 8-17"],
            "mode": "any", "invert-match": true, "comment": "c", "disable": false, "origin": "user-created" })
    );
}

#[test]
fn settings_have_the_names_of_the_api() {
    let settings: SmtpSettings = serde_json::from_str(
        r#"{"server":"a","port":25,"mode":"insecure","from-address":"b","mailto-user":["root@pam"],"password":"c"}"#,
    )
    .unwrap();
    assert_eq!(settings.port, Some(25));
    assert!(serde_json::from_str::<SmtpSettings>(r#"{"from_address":"b"}"#).is_err());
    assert!(serde_json::from_str::<SmtpSettings>(r#"{"mode":"ssl"}"#).is_err());
    assert!(!format!("{settings:?}").contains("\"c\""));
}

#[test]
fn the_server_of_a_gotify_target_is_an_address() {
    let gotify = |server: &str| GotifySettings {
        server: text(server),
        token: Some(Secret::new("canary")),
        ..GotifySettings::default()
    };
    let mut config = parse("", "");
    for server in [
        "push.example.org",
        "ftp://push.example.org",
        "https://a b/",
        "https://<b>/",
        "https://push.example.org:99999/",
        "https:/push.example.org",
        "https://push.example.org/?x=1",
        "https://push.example.org/#a",
        "https://x:y@push.example.org/",
    ] {
        let (code, reason) = refused(config.add("g1", gotify(server)));
        assert_eq!(code, 400, "{server}");
        assert!(reason.starts_with("server: "), "{reason}");
    }
    for (name, server) in [
        ("g1", "https://push.example.org"),
        ("g2", "http://[2001:db8::1]:8080/sub/"),
    ] {
        config.add(name, gotify(server)).unwrap();
    }
    // what stands in a file stays usable in all other respects
    let mut config = parse(
        "gotify: g3\n\tserver push.example.org\n",
        "gotify: g3\n\ttoken x\n",
    );
    let comment = GotifySettings {
        comment: text("about"),
        ..GotifySettings::default()
    };
    config.update("g3", comment, &[], None).unwrap();
}
