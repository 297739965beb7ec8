//! What is in the place of the client secret: a secret or a private key. An empty text is no credential, and what
//! was deleted is kept nowhere.

use notify::Secret;
use notify::config::{Config, SmtpSettings};

use crate::oauth2::{settings, with};
use crate::{again, parse_all, relay, text};

const NAME: &str = "s1";

fn custom(credential: SmtpSettings) -> SmtpSettings {
    SmtpSettings {
        oauth2_token_url: text("https://example.org/token"),
        oauth2_authorize_url: text("https://example.org/authorize"),
        oauth2_scopes: text("mail.send"),
        oauth2_client_secret: credential.oauth2_client_secret,
        oauth2_client_key: credential.oauth2_client_key,
        ..settings("custom-oauth2")
    }
}

fn secret(value: &str) -> SmtpSettings {
    SmtpSettings {
        oauth2_client_secret: Some(Secret::new(value)),
        ..SmtpSettings::default()
    }
}

fn key(value: &str) -> SmtpSettings {
    SmtpSettings {
        oauth2_client_key: Some(Secret::new(value)),
        ..SmtpSettings::default()
    }
}

fn pem() -> String {
    rcgen::KeyPair::generate().unwrap().serialize_pem()
}

/// What the private file of ours holds after this change.
fn left(config: &mut Config, change: SmtpSettings, delete: &[&str]) -> String {
    let delete: Vec<String> = delete.iter().map(ToString::to_string).collect();
    config.update(NAME, change, &delete, None).unwrap();
    again(config).0.private_ext
}

#[test]
fn an_empty_one_takes_no_secret_to_other_settings() {
    for empty in [key(""), secret("")] {
        for change in [
            SmtpSettings {
                server: text("evil.example.net"),
                ..empty.clone()
            },
            SmtpSettings {
                oauth2_token_url: text("https://evil.example.net/token"),
                ..empty.clone()
            },
        ] {
            let mut config = with(custom(secret("canary")));
            let private = left(&mut config, change, &[]);
            assert!(!private.contains("\toauth2-client-secret"), "{private}");
        }
    }
}

#[test]
fn an_empty_one_proves_nothing_about_a_torn_target() {
    let mut config = with(custom(secret("canary")));
    let (written, _) = again(&mut config);
    // a hand has taken the target to another provider
    let ext = written.ext.replace(
        "https://example.org/token",
        "https://evil.example.net/token",
    );
    let mut torn = parse_all(
        &written.public,
        &written.private,
        &ext,
        &written.private_ext,
    );
    let is_torn = |config: &Config| config.endpoint(NAME).is_err();
    let was_torn = is_torn(&torn);
    torn.update(NAME, key(""), &[], None).unwrap();
    assert_eq!(is_torn(&torn), was_torn);
}

#[test]
fn an_empty_one_deletes_its_own_kind() {
    let mut config = with(custom(key(&pem())));
    assert!(left(&mut config, secret(""), &[]).contains("oauth2-client-key"));
    assert!(
        left(
            &mut config,
            SmtpSettings::default(),
            &["oauth2-client-secret"]
        )
        .contains("oauth2-client-key")
    );
    assert!(!left(&mut config, key(""), &[]).contains("oauth2-client"));
    let mut config = with(custom(secret("canary")));
    assert!(left(&mut config, key(""), &[]).contains("canary"));
    assert!(!left(&mut config, secret(""), &[]).contains("oauth2-client"));
}

#[test]
fn what_was_deleted_is_not_put_aside() {
    let moved = |credential: SmtpSettings| SmtpSettings {
        oauth2_client_id: text("other"),
        ..credential
    };
    let nothing = SmtpSettings::default;
    for (kept, change, delete) in [
        (key(&pem()), moved(nothing()), "oauth2-client-key"),
        (key(&pem()), moved(secret("canary-2")), "oauth2-client-key"),
        (secret("canary-1"), moved(nothing()), "oauth2-client-secret"),
        (
            secret("canary-1"),
            moved(secret("canary-2")),
            "oauth2-client-secret",
        ),
    ] {
        let mut config = with(custom(kept));
        let private = left(&mut config, change, &[delete]);
        assert!(!private.contains("aside-"), "{delete}: {private}");
        assert!(!private.contains("canary-1"), "{delete}: {private}");
    }
    // without a wish it waits
    let mut config = with(custom(key(&pem())));
    let private = left(&mut config, moved(nothing()), &[]);
    assert!(private.contains("aside-client-key"), "{private}");
}

#[test]
fn a_key_makes_a_target_usable_as_a_secret_does() {
    for credential in [secret("canary"), key(&pem())] {
        let public = "smtp: s1\n\tserver localhost\n\tfrom-address pve@example.org\n\tmailto ann@example.org\n\
             \tusername pve@example.org\n\tauth-method custom-oauth2\n\toauth2-client-id client\n\
             \toauth2-token-url https://example.org/token\n\toauth2-authorize-url https://example.org/a\n\
             \toauth2-scopes mail\n";
        let mut config = parse_all(public, "", "", "");
        assert!(
            config.endpoint(NAME).is_err(),
            "there is no private section"
        );
        config.update(NAME, credential, &[], None).unwrap();
        config.endpoint(NAME).unwrap();
    }
}

#[test]
fn a_date_ends_with_the_credential_that_it_is_about() {
    let dated = |credential: SmtpSettings, day: &str| SmtpSettings {
        oauth2_secret_expires: text(day),
        ..custom(credential)
    };
    for (change, stays) in [
        (secret("canary-2"), None),
        (key(&pem()), None),
        (
            SmtpSettings {
                oauth2_secret_expires: text("2029-01-01"),
                ..secret("canary-2")
            },
            Some("2029-01-01"),
        ),
        (
            SmtpSettings {
                author: text("Ann"),
                ..relay("")
            },
            Some("2028-12-31"),
        ),
    ] {
        let mut config = with(dated(secret("canary-1"), "2028-12-31"));
        let change = SmtpSettings {
            password: None,
            ..change
        };
        config.update(NAME, change, &[], None).unwrap();
        let ext = again(&mut config).0.ext;
        let line = stays.map(|day| format!("\toauth2-secret-expires {day}\n"));
        match line {
            Some(line) => assert!(ext.contains(&line), "{ext}"),
            None => assert!(!ext.contains("expires"), "{ext}"),
        }
    }
    for day in [
        "2028-2-1",
        "2028-02-30",
        "28-02-01",
        "+123-01-01",
        "tomorrow",
    ] {
        let mut config = with(custom(secret("canary")));
        let change = SmtpSettings {
            oauth2_secret_expires: text(day),
            ..SmtpSettings::default()
        };
        let refused = config.update(NAME, change, &[], None);
        assert!(refused.is_err(), "{day}");
    }
}
