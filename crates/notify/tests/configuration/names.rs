//! Names: one space for all entries, checked when they are written.

use notify::config::{GotifySettings, Kind, MatcherSettings, SendmailSettings};

use super::*;

fn mail(to: &str) -> SendmailSettings {
    SendmailSettings {
        mailto: texts(&[to]),
        ..SendmailSettings::default()
    }
}

#[test]
fn endpoints_and_matchers_share_one_name_space() {
    let mut config = parse("pager: beeper\n\tnumber 5\n", "");
    config.add("one", mail("ann@example.org")).unwrap();
    let message = |name: &str| {
        (
            400,
            format!("Cannot create '{name}', an entity with the same name already exists"),
        )
    };
    assert_eq!(
        refused(config.add("one", MatcherSettings::default())),
        message("one")
    );
    assert_eq!(refused(config.add("one", relay("pw"))), message("one"));
    assert_eq!(
        refused(config.add("default-matcher", mail("ann@example.org"))),
        message("default-matcher")
    );
    // also that of an entry nobody understands
    assert_eq!(
        refused(config.add("beeper", mail("ann@example.org"))),
        message("beeper")
    );
}

#[test]
fn an_entry_that_is_never_written_may_have_any_name() {
    let mut config = parse("", "");
    config.delete(Kind::Matcher, "default-matcher").unwrap();
    let name = "mail-to <ann@example.org>";
    config.add(name, mail("ann@example.org")).unwrap();
    let matcher = MatcherSettings {
        target: texts(&[name]),
        ..MatcherSettings::default()
    };
    config.add("legacy", matcher).unwrap();
    assert!(config.endpoint(name).is_ok());
    let routed: Vec<_> = config
        .matchers()
        .flat_map(|matcher| &matcher.target)
        .collect();
    assert_eq!(
        routed,
        [name],
        "nothing but the one target of the legacy mode"
    );
    let (code, message) = refused(config.write().map(|_| ()));
    assert_eq!(code, 500);
    assert!(
        message.starts_with(
            "could not save configuration: sendmail 'mail-to <ann@example.org>': the name must"
        ),
        "{message}"
    );
}

#[test]
fn names_have_2_to_32_characters_and_begin_with_a_letter_digit_or_underscore() {
    for (name, good) in [
        ("ab", true),
        ("_b", true),
        ("9.-_", true),
        (&*"n".repeat(32), true),
        ("a", false),
        ("", false),
        (&*"n".repeat(33), false),
        ("-ab", false),
        (".ab", false),
        ("a b", false),
        ("a\nb", false),
        ("äb", false),
    ] {
        let mut config = parse("", "");
        config.add(name, mail("ann@example.org")).unwrap();
        assert_eq!(config.write().is_ok(), good, "{name:?}");
    }
}

#[test]
fn references_keep_an_endpoint_from_being_deleted() {
    let mut config = parse(
        "sendmail: one\n\tmailto ann@example.org\n\nmatcher: b1\n\ttarget one\n\nmatcher: a1\n\ttarget one\n\n\
         matcher: c1\n\ttarget one\n\tmode odd\n",
        "",
    );
    assert_eq!(
        refused(config.delete(Kind::Sendmail, "one")),
        (
            400,
            "cannot delete 'one', referenced by: a1, b1, c1".to_owned()
        )
    );
    for matcher in ["a1", "b1", "c1"] {
        config.delete(Kind::Matcher, matcher).unwrap();
    }
    config.delete(Kind::Sendmail, "one").unwrap();
}

#[test]
fn a_matchers_target_must_exist() {
    let mut config = parse("", "");
    let to = |name: &str| MatcherSettings {
        target: texts(&[name]),
        ..MatcherSettings::default()
    };
    let refusal = (404, "endpoint 'nobody' does not exist".to_owned());
    assert_eq!(refused(config.add("one", to("nobody"))), refusal);
    config.add("one", to("mail-to-root")).unwrap();
    assert_eq!(
        refused(config.update("one", to("nobody"), &[], None)),
        refusal
    );
    // a matcher is no endpoint
    assert_eq!(refused(config.add("two", to("one"))).0, 404);
}

#[test]
fn defect_9_a_matcher_of_itself_ends_the_search() {
    let config = parse(
        "matcher: loop\n\ttarget loop\n\ttarget mail-to-root\n\ttarget mail-to-root\n",
        "",
    );
    assert_eq!(config.referenced("loop"), ["loop", "mail-to-root"]);
    assert_eq!(config.referenced("mail-to-root"), ["mail-to-root"]);
    assert_eq!(config.referenced("nobody"), ["nobody"]);
}

#[test]
fn defect_7_equal_content_is_written_equally() {
    let build = |names: [&str; 4]| {
        let mut config = parse("", "");
        for name in names {
            if name.starts_with('g') {
                let settings = GotifySettings {
                    server: text("https://gotify.example.org"),
                    token: Some(notify::Secret::new("t")),
                    ..GotifySettings::default()
                };
                config.add(name, settings).unwrap();
            } else {
                config.add(name, mail("ann@example.org")).unwrap();
            }
        }
        let (written, again) = again(&mut config);
        (written.public, written.private, again.digest().to_owned())
    };
    assert_eq!(
        build(["ga", "gb", "ma", "mb"]),
        build(["mb", "gb", "ga", "ma"])
    );
}

#[test]
fn defect_7_a_name_used_twice_is_told_and_written_once() {
    let text = "sendmail: twice\n\tmailto first@example.org\n\nsendmail: twice\n\tmailto last@example.org\n";
    let mut config = parse(text, "");
    assert_eq!(config.faults().len(), 1);
    assert_eq!(config.faults()[0].line, 4);
    let (written, config) = again(&mut config);
    assert!(!written.public.contains("first@"));
    assert!(written.public.contains("last@"));
    assert!(config.faults().is_empty());
}

#[test]
fn targets_are_listed_by_type() {
    let config = parse(
        "webhook: w1\n\tmethod get\n\turl http://example.org\n\nsmtp: s1\n\tserver example.org\n\tfrom-address a@example.org\n\
         \ngotify: g1\n\tserver x\n\tdisable 1\n\tcomment hello\n",
        "",
    );
    assert_eq!(
        json(config.targets()),
        serde_json::json!([
            { "name": "g1", "type": "gotify", "origin": "user-created", "disable": true, "comment": "hello" },
            { "name": "mail-to-root", "type": "sendmail", "origin": "builtin",
              "comment": "Send mails to root@pam's email address" },
            { "name": "s1", "type": "smtp", "origin": "user-created" },
            { "name": "w1", "type": "webhook", "origin": "user-created" },
        ])
    );
}
