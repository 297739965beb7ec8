//! The client secret of settings that were changed, and that went back.

use notify::Secret;
use notify::config::{Config, Entity, Kind, SmtpMode, SmtpSettings};

use crate::oauth2::{settings, with};
use crate::{again, parse_all, text};

const NAME: &str = "s1";

fn target() -> Config {
    with(SmtpSettings {
        oauth2_client_secret: Some(Secret::new("canary-1")),
        oauth2_tenant_id: text("example.org"),
        ..settings("microsoft-oauth2")
    })
}

fn used(config: &Config) -> Option<String> {
    let Entity::Smtp(smtp) = config.get(Kind::Smtp, NAME).unwrap() else {
        panic!("another kind");
    };
    smtp.client_secret()
        .map(|secret| secret.expose().to_owned())
}

/// The target as another process reads it after this change.
fn changed(config: &mut Config, change: SmtpSettings) -> Config {
    config.update(NAME, change, &[], None).unwrap();
    again(config).1
}

fn at(server: &str) -> SmtpSettings {
    SmtpSettings {
        server: text(server),
        ..SmtpSettings::default()
    }
}

#[test]
fn what_puts_it_aside_and_what_does_not() {
    let other = SmtpSettings::default;
    for (change, stays) in [
        (
            SmtpSettings {
                port: Some(2525),
                ..other()
            },
            true,
        ),
        (
            SmtpSettings {
                mode: Some(SmtpMode::Starttls),
                ..other()
            },
            true,
        ),
        (at("MAIL.example.org."), true),
        (
            SmtpSettings {
                author: text("Ann"),
                ..other()
            },
            true,
        ),
        (at("other.example.org"), false),
        (
            SmtpSettings {
                oauth2_cloud: text("china"),
                ..other()
            },
            false,
        ),
        (
            SmtpSettings {
                oauth2_tenant_id: text("other.example.org"),
                ..other()
            },
            false,
        ),
        (
            SmtpSettings {
                oauth2_client_id: text("another"),
                ..other()
            },
            false,
        ),
        (
            SmtpSettings {
                username: text("other@example.org"),
                ..other()
            },
            false,
        ),
        (
            SmtpSettings {
                auth_method: text("google-oauth2"),
                ..other()
            },
            false,
        ),
    ] {
        let shown = format!("{change:?}");
        let mut config = target();
        let before = config.get(Kind::Smtp, NAME).unwrap().clone();
        let Entity::Smtp(before) = before else {
            panic!("another kind");
        };
        let mut config = changed(&mut config, change);
        assert_eq!(used(&config).is_some(), stays, "{shown}");
        // and back, by a call
        let back = SmtpSettings {
            server: Some(before.server.clone()),
            username: before.username.clone(),
            auth_method: before.auth_method.clone(),
            oauth2_client_id: before.oauth2_client_id.clone(),
            oauth2_tenant_id: before.oauth2_tenant_id.clone(),
            oauth2_cloud: text("global"),
            ..other()
        };
        let config = changed(&mut config, back);
        assert_eq!(used(&config).as_deref(), Some("canary-1"), "{shown}");
    }
}

#[test]
fn there_and_back_by_a_hand_in_the_files() {
    let mut config = target();
    config
        .update(NAME, at("other.example.org"), &[], None)
        .unwrap();
    let mut written = config.write().unwrap();
    written.public = written
        .public
        .replace("other.example.org", "mail.example.org");
    let [public, private] = [&written.public, &written.private];
    let config = parse_all(public, private, &written.ext, &written.private_ext);
    assert_eq!(used(&config).as_deref(), Some("canary-1"));
}

#[test]
fn there_by_a_call_and_back_by_a_hand_in_the_files() {
    for (there, key) in [
        (at("other.example.org"), "server mail.example.org"),
        (
            SmtpSettings {
                username: text("other@example.org"),
                ..SmtpSettings::default()
            },
            "username pve",
        ),
    ] {
        // as two processes do it
        let (_, mut config) = again(&mut target());
        config.update(NAME, there, &[], None).unwrap();
        let written = config.write().unwrap();
        let word = key.split(' ').next().unwrap();
        let lines = written.public.lines().map(|line| {
            match line.trim_start().starts_with(&format!("{word} ")) {
                true => format!("\t{key}\n"),
                false => format!("{line}\n"),
            }
        });
        let public: String = lines.collect();
        let [private, ext] = [&written.private, &written.ext];
        let config = parse_all(&public, private, ext, &written.private_ext);
        assert_eq!(used(&config).as_deref(), Some("canary-1"));
        config.endpoint(NAME).unwrap();
    }
}

#[test]
fn each_of_two_servers_has_its_own() {
    let mut config = target();
    let both = SmtpSettings {
        oauth2_client_secret: Some(Secret::new("canary-2")),
        ..at("other.example.org")
    };
    let mut config = changed(&mut config, both);
    for _ in 0..2 {
        assert_eq!(used(&config).as_deref(), Some("canary-2"));
        config = changed(&mut config, at("mail.example.org"));
        assert_eq!(used(&config).as_deref(), Some("canary-1"));
        config = changed(&mut config, at("other.example.org"));
    }
    // a third one has none, and costs none
    let mut config = changed(&mut config, at("third.example.org"));
    assert_eq!(used(&config), None);
    let mut config = changed(&mut config, at("mail.example.org"));
    assert_eq!(used(&config).as_deref(), Some("canary-1"));
    let config = changed(&mut config, at("other.example.org"));
    assert_eq!(used(&config).as_deref(), Some("canary-2"));
}

#[test]
fn it_is_gone_where_somebody_deletes_it_or_ends_the_login() {
    for delete in ["oauth2-client-secret", "auth-method"] {
        let mut config = target();
        let mut config = changed(&mut config, at("other.example.org"));
        let delete = [delete.to_owned()];
        config
            .update(NAME, SmtpSettings::default(), &delete, None)
            .unwrap();
        let (written, _) = again(&mut config);
        assert!(!written.private_ext.contains("canary"), "{delete:?}");
    }
    // one that came back by a hand in the files is deleted as well
    let (_, mut config) = again(&mut target());
    config
        .update(NAME, at("other.example.org"), &[], None)
        .unwrap();
    let written = config.write().unwrap();
    let public = written
        .public
        .replace("other.example.org", "mail.example.org");
    let mut config = parse_all(
        &public,
        &written.private,
        &written.ext,
        &written.private_ext,
    );
    let delete = ["oauth2-client-secret".to_owned()];
    config
        .update(NAME, at("third.example.org"), &delete, None)
        .unwrap();
    assert!(!again(&mut config).0.private_ext.contains("canary"));

    let mut config = target();
    config
        .update(NAME, at("other.example.org"), &delete, None)
        .unwrap();
    assert!(!again(&mut config).0.private_ext.contains("canary"));
}
