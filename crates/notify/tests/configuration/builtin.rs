//! The entries that are always there.

use notify::config::{Kind, MatcherSettings, Origin, SendmailSettings};

use super::*;

fn origin(config: &Config, kind: Kind, name: &str) -> Origin {
    config.get(kind, name).unwrap().origin()
}

#[test]
fn builtins_are_merged_in_when_absent() {
    let config = parse("", "");
    assert_eq!(
        json(config.of_kind(Kind::Sendmail)),
        serde_json::json!([{ "name": "mail-to-root", "mailto-user": ["root@pam"],
            "comment": "Send mails to root@pam's email address", "origin": "builtin" }])
    );
    assert_eq!(
        json(config.of_kind(Kind::Matcher)),
        serde_json::json!([{ "name": "default-matcher", "mode": "all", "target": ["mail-to-root"],
            "comment": "Route all notifications to mail-to-root", "origin": "builtin" }])
    );
}

#[test]
fn defect_8_a_changed_builtin_says_so_at_once_and_changed_back_too() {
    let mut config = parse("", "");
    let settings = SendmailSettings {
        disable: Some(true),
        ..SendmailSettings::default()
    };
    config.update("mail-to-root", settings, &[], None).unwrap();
    assert_eq!(
        origin(&config, Kind::Sendmail, "mail-to-root"),
        Origin::ModifiedBuiltin
    );
    let (_, mut config) = again(&mut config);
    assert_eq!(
        origin(&config, Kind::Sendmail, "mail-to-root"),
        Origin::ModifiedBuiltin
    );
    let delete = ["disable".to_owned()];
    config
        .update("mail-to-root", SendmailSettings::default(), &delete, None)
        .unwrap();
    assert_eq!(
        origin(&config, Kind::Sendmail, "mail-to-root"),
        Origin::Builtin
    );
}

#[test]
fn defect_8_a_new_entry_has_its_origin_at_once() {
    let mut config = parse("", "");
    config.add("mine", MatcherSettings::default()).unwrap();
    assert_eq!(origin(&config, Kind::Matcher, "mine"), Origin::UserCreated);
}

#[test]
fn deleting_a_builtin_resets_it_gone_until_the_files_are_read_again() {
    let mut config = parse("sendmail: mail-to-root\n\tmailto ann@example.org\n", "");
    // the default matcher refers to it, which does not matter for a builtin
    config.delete(Kind::Sendmail, "mail-to-root").unwrap();
    assert_eq!(
        refused(config.get(Kind::Sendmail, "mail-to-root")),
        (404, "endpoint 'mail-to-root' not found".to_owned())
    );
    let (written, config) = again(&mut config);
    assert!(!written.public.contains("sendmail:"));
    assert_eq!(
        origin(&config, Kind::Sendmail, "mail-to-root"),
        Origin::Builtin
    );
}

#[test]
fn origin_is_never_written() {
    let (written, _) = again(&mut parse("", ""));
    assert!(!written.public.contains("origin"));
}
