//! Settings of an OAuth2 login are refused when they are saved, not when the first mail is sent.

use notify::Secret;
use notify::config::{Kind, SmtpSettings};

use super::*;

pub fn settings(method: &str) -> SmtpSettings {
    SmtpSettings {
        auth_method: text(method),
        oauth2_client_id: text("client"),
        oauth2_client_secret: Some(Secret::new("canary")),
        password: None,
        ..relay("")
    }
}

fn custom() -> SmtpSettings {
    SmtpSettings {
        oauth2_token_url: text("https://example.org/token"),
        oauth2_authorize_url: text("https://example.org/authorize"),
        oauth2_scopes: text("mail.send"),
        ..settings("custom-oauth2")
    }
}

fn app() -> SmtpSettings {
    SmtpSettings {
        oauth2_grant_type: text("client-credentials"),
        ..SmtpSettings::default()
    }
}

/// A configuration with this target.
pub fn with(settings: SmtpSettings) -> Config {
    let mut config = parse("", "");
    config.add("s1", settings).unwrap();
    config
}

#[test]
fn a_change_of_any_key_is_checked() {
    let mut config = with(custom());
    let change = |scopes: &str, authorize: &str| SmtpSettings {
        oauth2_scopes: text(scopes),
        oauth2_authorize_url: text(authorize),
        ..SmtpSettings::default()
    };
    let good = "https://example.org/authorize";
    let mut refusal = |change, delete: &[&str]| {
        let delete: Vec<_> = delete.iter().map(|&key| key.to_owned()).collect();
        let (code, text) = refused(config.update("s1", change, &delete, None));
        assert_eq!(code, 400);
        text
    };
    for (change, delete, name) in [
        (change("mail\"send", good), &[][..], "oauth2-scopes"),
        (
            change("mail.send", "http://example.org/"),
            &[],
            "oauth2-authorize-url",
        ),
        (
            SmtpSettings::default(),
            &["oauth2-authorize-url"],
            "oauth2-authorize-url",
        ),
    ] {
        let text = refusal(change, delete);
        assert!(text.starts_with(&format!("{name}: ")), "{text}");
    }
    config
        .update("s1", change("mail.send offline_access", good), &[], None)
        .unwrap();
}

#[test]
fn what_a_provider_does_not_have() {
    let of_cloud = |name: &str| SmtpSettings {
        oauth2_cloud: text(name),
        ..SmtpSettings::default()
    };
    let mut config = with(settings("google-oauth2"));
    for (change, expected) in [
        (
            app(),
            "oauth2-grant-type: client-credentials cannot be used with auth-method 'google-oauth2'; \
             use jwt-bearer with the JSON key file of a service account",
        ),
        (
            of_cloud("us-gov"),
            "oauth2-cloud: cannot be used with auth-method 'google-oauth2'",
        ),
    ] {
        let both = SmtpSettings {
            oauth2_cloud: change.oauth2_cloud.clone(),
            oauth2_grant_type: change.oauth2_grant_type.clone(),
            ..settings("google-oauth2")
        };
        let change = refused(config.update("s1", change, &[], None));
        assert_eq!(change, (400, expected.to_owned()));
        assert_eq!(refused(config.add("s2", both)), change);
    }
    config.update("s1", of_cloud("global"), &[], None).unwrap();
    let mut config = with(custom());
    config.update("s1", app(), &[], None).unwrap();
    let delete = ["oauth2-scopes".to_owned()];
    let change = config.update("s1", SmtpSettings::default(), &delete, None);
    let missing = "oauth2-scopes: is missing (needed with oauth2-grant-type 'client-credentials')";
    assert_eq!(refused(change).1, missing);
    let new = SmtpSettings {
        oauth2_grant_type: text("client-credentials"),
        oauth2_scopes: None,
        ..custom()
    };
    assert_eq!(refused(config.add("s2", new)).1, missing);
    let blank = SmtpSettings {
        oauth2_scopes: text(" "),
        ..SmtpSettings::default()
    };
    assert_eq!(refused(config.update("s1", blank, &[], None)).1, missing);
}

fn logging_in(how: &str) -> SmtpSettings {
    SmtpSettings {
        oauth2_client_auth: text(how),
        ..SmtpSettings::default()
    }
}

#[test]
fn how_an_application_logs_in_has_a_file_and_is_shown() {
    let mut config = with(custom());
    let shown = |config: &Config| json(config.get(Kind::Smtp, "s1").unwrap());
    assert!(shown(&config).get("oauth2-client-auth").is_none());
    for how in ["basic", "post", "none"] {
        config.update("s1", logging_in(how), &[], None).unwrap();
        let (written, read) = again(&mut config);
        let line = format!("\toauth2-client-auth {how}\n");
        assert!(written.ext.contains(&line), "{}", written.ext);
        assert!(!written.public.contains("oauth2"), "{}", written.public);
        // no part of what a secret was given for
        assert!(written.private_ext.contains("oauth2-client-secret canary"));
        assert_eq!(shown(&read)["oauth2-client-auth"], how);
    }
    config
        .update(
            "s1",
            SmtpSettings::default(),
            &keys(&["oauth2-client-auth"]),
            None,
        )
        .unwrap();
    assert!(shown(&config).get("oauth2-client-auth").is_none());
}

#[test]
fn how_an_application_logs_in_fits_the_other_settings() {
    const NAME: &str = "oauth2-client-auth";
    let of = |method, how| SmtpSettings {
        oauth2_tenant_id: text("example.org"),
        oauth2_client_auth: text(how),
        ..settings(method)
    };
    let public = || SmtpSettings {
        oauth2_client_auth: text("none"),
        oauth2_client_secret: None,
        ..custom()
    };
    let app_only = SmtpSettings {
        oauth2_grant_type: text("client-credentials"),
        ..public()
    };
    let mut config = parse("", "");
    for (settings, name) in [
        (of("google-oauth2", "post"), NAME),
        (of("microsoft-oauth2", "basic"), NAME),
        (
            SmtpSettings {
                oauth2_client_auth: text("mtls"),
                ..custom()
            },
            NAME,
        ),
        (app_only, NAME),
        (
            SmtpSettings {
                oauth2_client_secret: Some(Secret::new("canary")),
                ..public()
            },
            "oauth2-client-secret",
        ),
    ] {
        let (code, reason) = refused(config.add("s1", settings));
        assert_eq!(code, 400);
        assert!(reason.starts_with(&format!("{name}: ")), "{reason}");
    }
    config.add("s1", public()).unwrap();
    let secret = SmtpSettings {
        oauth2_client_secret: Some(Secret::new("canary")),
        ..SmtpSettings::default()
    };
    let (_, reason) = refused(config.update("s1", secret, &[], None));
    assert!(reason.starts_with("oauth2-client-secret: "), "{reason}");
    let (_, reason) = refused(config.update("s1", app(), &[], None));
    assert!(reason.starts_with("oauth2-client-auth: "), "{reason}");
    // what a later change of the provider leaves
    let google = SmtpSettings {
        auth_method: text("google-oauth2"),
        oauth2_client_secret: Some(Secret::new("canary")),
        ..SmtpSettings::default()
    };
    let (_, reason) = refused(config.update("s1", google.clone(), &[], None));
    assert!(
        reason
            .starts_with("oauth2-client-auth: is only for auth-method 'custom-oauth2'; delete it"),
        "{reason}"
    );
    config.update("s1", google, &keys(&[NAME]), None).unwrap();
}

#[test]
fn what_was_incomplete_before_stays_changeable_in_other_respects() {
    let public =
        "smtp: s1\n\tserver example.org\n\tfrom-address a@example.org\n\tmailto b@example.org\n";
    let ext = "smtp: s1\n\tauth-method custom-oauth2\n";
    let mut config = parse_all(public, "smtp: s1\n", ext, "");
    let comment = SmtpSettings {
        comment: text("to be mended"),
        ..SmtpSettings::default()
    };
    config.update("s1", comment, &[], None).unwrap();
}

#[test]
fn how_early_a_token_is_renewed_has_a_range_and_a_file() {
    let early = |seconds| SmtpSettings {
        oauth2_refresh_before: Some(seconds),
        ..SmtpSettings::default()
    };
    let mut config = with(custom());
    for seconds in [0, 59, 3601] {
        assert_eq!(
            refused(config.update("s1", early(seconds), &[], None)),
            (
                400,
                "oauth2-refresh-before: must be a number of seconds from 60 to 3600".to_owned()
            )
        );
    }
    config.update("s1", early(60), &[], None).unwrap();
    let (written, mut config) = again(&mut config);
    assert!(written.ext.contains("\toauth2-refresh-before 60\n"));
    let shown = |config: &Config| json(config.get(Kind::Smtp, "s1").unwrap());
    assert_eq!(shown(&config)["oauth2-refresh-before"], 60);
    let delete = ["oauth2-refresh-before".to_owned()];
    config
        .update("s1", SmtpSettings::default(), &delete, None)
        .unwrap();
    assert!(shown(&config).get("oauth2-refresh-before").is_none());
    // a hand in the file
    let ext = written.ext.replace("before 60", "before 5");
    let damaged = parse_all(
        &written.public,
        &written.private,
        &ext,
        &written.private_ext,
    );
    let reason = &damaged.faults()[0].reason;
    assert!(reason.contains("from 60 to 3600"), "{reason}");
}

fn keys(keys: &[&str]) -> Vec<String> {
    keys.iter().map(|&key| key.to_owned()).collect()
}

/// What the stock form sends when "Authenticate" is unticked.
#[test]
fn the_username_alone_cannot_be_taken_from_an_oauth2_login() {
    let mut config = with(SmtpSettings {
        password: Some(Secret::new("left over")),
        ..settings("google-oauth2")
    });
    let before = json(config.get(Kind::Smtp, "s1").unwrap());
    let other = SmtpSettings {
        server: text("other.example.org"),
        mode: Some("insecure".parse().unwrap()),
        ..SmtpSettings::default()
    };
    for (change, delete) in [
        (SmtpSettings::default(), &["username", "password"][..]),
        (SmtpSettings::default(), &["username"]),
        (other, &["username", "password", "oauth2-client-id"]),
    ] {
        assert_eq!(
            refused(config.update("s1", change, &keys(delete), None)),
            (
                400,
                "delete: auth-method 'google-oauth2' needs username; delete auth-method too, or set it to \
                 plain with username and password"
                    .to_owned()
            ),
            "{delete:?}"
        );
    }
    assert_eq!(json(config.get(Kind::Smtp, "s1").unwrap()), before);
}

#[test]
fn an_oauth2_login_ends_or_changes_in_one_call() {
    let target = || {
        with(SmtpSettings {
            password: Some(Secret::new("left over")),
            oauth2_tenant_id: text("example.org"),
            ..settings("microsoft-oauth2")
        })
    };
    let ours = [
        "auth-method",
        "oauth2-client-id",
        "oauth2-client-secret",
        "oauth2-tenant-id",
    ];
    let shown = |config: &mut Config| {
        let (written, config) = again(config);
        assert_eq!((written.ext.as_str(), written.needs_ext), ("", false));
        json(config.get(Kind::Smtp, "s1").unwrap())
    };

    let mut config = target();
    let none = [&ours[..], &["username", "password"]].concat();
    config
        .update("s1", SmtpSettings::default(), &keys(&none), None)
        .unwrap();
    assert!(shown(&mut config).get("username").is_none());

    // what the refusal of the username alone advises leaves settings, but nothing that is secret
    let mut config = target();
    config
        .update(
            "s1",
            SmtpSettings::default(),
            &keys(&["auth-method", "username", "password"]),
            None,
        )
        .unwrap();
    let (written, _) = again(&mut config);
    assert!(written.ext.contains("oauth2-client-id"));
    assert!(!written.needs_ext, "{}", written.private_ext);

    // the stock form cannot give a name in the same call in which it deletes one, others can
    let mut config = target();
    let plain = SmtpSettings {
        username: text("ann"),
        password: Some(Secret::new("canary")),
        ..SmtpSettings::default()
    };
    config
        .update(
            "s1",
            plain,
            &keys(&[&ours[..], &["username"]].concat()),
            None,
        )
        .unwrap();
    assert_eq!(shown(&mut config)["username"], "ann");

    let mut config = target();
    let plain = SmtpSettings {
        auth_method: text("plain"),
        ..SmtpSettings::default()
    };
    config
        .update("s1", plain, &keys(&["username", "password"]), None)
        .unwrap();

    let mut config = target();
    config
        .update("s1", SmtpSettings::default(), &keys(&["password"]), None)
        .unwrap();
    let (written, config) = again(&mut config);
    assert_eq!(written.private, "smtp: s1\n");
    assert_eq!(
        json(config.get(Kind::Smtp, "s1").unwrap())["auth-method"],
        "microsoft-oauth2"
    );
}

#[test]
fn another_name_in_place_of_the_deleted_one_is_fine() {
    let mut config = with(settings("google-oauth2"));
    let other = SmtpSettings {
        username: text("other@example.org"),
        ..SmtpSettings::default()
    };
    config
        .update("s1", other, &keys(&["username", "password"]), None)
        .unwrap();
}
