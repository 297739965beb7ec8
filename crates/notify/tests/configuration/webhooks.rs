//! Webhooks: base64, headers, secrets.

use notify::config::{Kind, Pair, WebhookSettings};

use super::*;

fn pairs(list: &[&str]) -> Option<Vec<Pair>> {
    Some(list.iter().map(|text| text.parse().unwrap()).collect())
}

fn hook() -> WebhookSettings {
    WebhookSettings {
        url: text("https://hook.example.org/{{ title }}"),
        ..WebhookSettings::default()
    }
}

fn none() -> WebhookSettings {
    WebhookSettings::default()
}

fn refusal(message: &str) -> (u16, String) {
    (400, message.to_owned())
}

#[test]
fn defect_3_adding_checks_what_changing_checks() {
    let mut config = parse("", "");
    config.add("old", hook()).unwrap();
    for (settings, message) in [
        (
            WebhookSettings {
                header: pairs(&["name=X"]),
                ..hook()
            },
            "header 'X' has empty value",
        ),
        (
            WebhookSettings {
                header: pairs(&["name=X,value="]),
                ..hook()
            },
            "header 'X' has empty value",
        ),
        (
            WebhookSettings {
                header: pairs(&["name=X,value=*"]),
                ..hook()
            },
            "header 'X' does not have valid base64 encoded data",
        ),
        (
            WebhookSettings {
                secret: pairs(&["name=s,value=*"]),
                ..hook()
            },
            "secret 's' does not have valid base64 encoded data",
        ),
        (
            WebhookSettings {
                secret: pairs(&["name=s"]),
                ..hook()
            },
            "secret 's' not known",
        ),
        (
            WebhookSettings {
                secret: pairs(&["name=s,value=eA==", "name=s,value=eQ=="]),
                ..hook()
            },
            "secret 's' defined multiple times",
        ),
        (
            WebhookSettings {
                body: text("*"),
                ..hook()
            },
            "body: does not have valid base64 encoded data",
        ),
    ] {
        assert_eq!(
            refused(config.add("new", settings.clone())),
            refusal(message)
        );
        assert_eq!(
            refused(config.update("old", settings, &[], None)),
            refusal(message)
        );
    }
}

#[test]
fn defect_3_a_bad_url_is_refused_at_once() {
    let mut config = parse("", "");
    for url in [
        "",
        "example.org",
        "ftp://example.org",
        "http://",
        "http://a b/",
        "http://x:0x1/",
        "http://[::g]/",
        "http://-a/",
    ] {
        let settings = WebhookSettings {
            url: text(url),
            ..none()
        };
        let (code, message) = refused(config.add("new", settings));
        assert_eq!(code, 400, "{url}");
        assert!(message.starts_with("url: "), "{message}");
    }
    for url in [
        "http://a",
        "https://a.example.org:1/{{ x }}?y",
        "http://192.0.2.1/",
        "http://[2001:db8::1]:80/x",
        "http://a_b",
    ] {
        let settings = WebhookSettings {
            url: text(url),
            ..none()
        };
        let mut config = parse("", "");
        config.add("new", settings).unwrap();
        again(&mut config);
    }
}

#[test]
fn answers_carry_only_the_names_of_secrets() {
    let mut config = parse("", "");
    let settings = WebhookSettings {
        header: pairs(&["name=X,value=eA=="]),
        secret: pairs(&["name=s,value=Y2FuYXJ5", "name=t,value=eQ=="]),
        ..hook()
    };
    config.add("hook", settings).unwrap();
    let (written, config) = again(&mut config);
    assert_eq!(
        json(config.get(Kind::Webhook, "hook").unwrap()),
        serde_json::json!({ "name": "hook", "method": "post", "url": "https://hook.example.org/{{ title }}",
            "header": ["name=X,value=eA=="], "secret": ["name=s", "name=t"], "origin": "user-created" })
    );
    assert!(!written.public.contains("secret"));
    assert_eq!(
        written.private,
        "webhook: hook\n\tsecret name=s,value=Y2FuYXJ5\n\tsecret name=t,value=eQ==\n"
    );
    assert!(!format!("{config:?}").contains("Y2FuYXJ5"));
}

#[test]
fn a_change_must_repeat_all_secrets_to_keep_and_one_without_value_keeps_its_own() {
    let mut config = parse("", "");
    let settings = WebhookSettings {
        secret: pairs(&[
            "name=a,value=YQ==",
            "name=b,value=Yg==",
            "name=c,value=Yw==",
        ]),
        ..hook()
    };
    config.add("hook", settings).unwrap();
    let comment = WebhookSettings {
        comment: text("x"),
        ..none()
    };
    config.update("hook", comment, &[], None).unwrap();
    assert!(
        again(&mut config).0.private.contains("Yw=="),
        "not given: all stay"
    );
    let change = WebhookSettings {
        secret: pairs(&["name=a", "name=b,value=QkI="]),
        ..none()
    };
    config.update("hook", change, &[], None).unwrap();
    assert_eq!(
        again(&mut config).0.private,
        "webhook: hook\n\tsecret name=a,value=YQ==\n\tsecret name=b,value=QkI=\n"
    );
    let unknown = WebhookSettings {
        secret: pairs(&["name=c"]),
        ..none()
    };
    assert_eq!(
        refused(config.update("hook", unknown, &[], None)),
        refusal("secret 'c' not known")
    );
    config
        .update("hook", none(), &["secret".to_owned()], None)
        .unwrap();
    assert_eq!(again(&mut config).0.private, "webhook: hook\n");
}

#[test]
fn values_are_decoded_for_the_sender() {
    let pair: Pair = "value=w6Q=, name=x".parse().unwrap();
    assert_eq!(pair.decoded().unwrap().expose(), "ä");
    for bad in [
        "",
        "x",
        "value=YQ==",
        "name=",
        "name=a,name=b",
        "name=a,odd=1",
        "name=a,value=b,c",
    ] {
        assert!(bad.parse::<Pair>().is_err(), "{bad}");
    }
}
