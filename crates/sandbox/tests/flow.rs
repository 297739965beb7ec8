//! The code flow as a client and a browser see it: what is given, and what is refused.

mod common;

use base64::Engine;
use common::{REDIRECT_URI, Sandbox, field};
use serde_json::{Value, json};

const GOOGLE: &str = "google-oauth2";
const MICROSOFT: &str = "microsoft-oauth2";
const STRICT: &str = "strict-oauth2";

const VERIFIER: &str = "a-verifier-of-at-least-forty-three-characters";

fn s256(verifier: &str) -> String {
    let digest = openssl::sha::sha256(verifier.as_bytes());
    base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(digest)
}

#[test]
fn each_provider_gives_a_refresh_token_for_a_code() {
    let sandbox = Sandbox::start();
    for (provider, scope) in [
        (GOOGLE, "https://mail.google.com/"),
        (MICROSOFT, "https://outlook.office.com/SMTP.Send"),
        (STRICT, "https://mail.google.com/ offline_access"),
    ] {
        let code = sandbox.code(provider, &[]);
        let (status, answer) = sandbox.redeem(provider, &code, &[]);
        assert_eq!(status, 200, "{provider}: {answer}");
        assert_eq!(answer["scope"], scope);
        assert_eq!(answer["token_type"], "Bearer");
        assert!(
            answer["refresh_token"]
                .as_str()
                .is_some_and(|token| token.len() > 40)
        );
        assert!(
            answer["access_token"]
                .as_str()
                .is_some_and(|token| token.len() > 40)
        );
    }
}

#[test]
fn the_state_comes_back_as_it_was() {
    let sandbox = Sandbox::start();
    let fields = sandbox
        .consent(&sandbox.authorize_url(GOOGLE, &[]), &[])
        .unwrap();
    assert_eq!(field(&fields, "state"), "of & the=moment");
}

#[test]
fn a_client_may_show_its_secret_in_the_basic_header_but_not_twice() {
    let sandbox = Sandbox::start();
    let client = sandbox.client(GOOGLE);
    let encode = |key: &str| {
        let text = client[key].as_str().unwrap();
        url::form_urlencoded::byte_serialize(text.as_bytes()).collect::<String>()
    };
    let pair = format!("{}:{}", encode("client-id"), encode("client-secret"));
    let header = format!(
        "Basic {}",
        base64::engine::general_purpose::STANDARD.encode(pair)
    );
    let code = sandbox.code(GOOGLE, &[]);
    let form = [
        ("grant_type", "authorization_code"),
        ("code", &code),
        ("redirect_uri", REDIRECT_URI),
    ];
    let secret = ("client_secret", client["client-secret"].as_str().unwrap());
    for (form, expected) in [([&form[..], &[secret]].concat(), 400), (form.to_vec(), 200)] {
        let url = sandbox.endpoint(GOOGLE, "token-url");
        let request = sandbox.agent().post(&url).header("Authorization", &header);
        assert_eq!(request.send_form(form).unwrap().status(), expected);
    }
}

#[test]
fn a_code_is_good_once_and_its_replay_revokes_what_it_gave() {
    let sandbox = Sandbox::start();
    let code = sandbox.code(STRICT, &[]);
    let (_, first) = sandbox.redeem(STRICT, &code, &[]);
    let (status, replay) = sandbox.redeem(STRICT, &code, &[]);
    assert_eq!((status, &replay["error"]), (400, &json!("invalid_grant")));
    let (status, refused) = sandbox.refresh(STRICT, &first["refresh_token"]);
    assert_eq!((status, &refused["error"]), (400, &json!("invalid_grant")));
}

#[test]
fn a_code_expires_after_ten_minutes() {
    let sandbox = Sandbox::start();
    let (early, late) = (sandbox.code(GOOGLE, &[]), sandbox.code(GOOGLE, &[]));
    sandbox.control(&json!({ "advance-seconds": 590 }));
    assert_eq!(sandbox.redeem(GOOGLE, &early, &[]).0, 200);
    sandbox.control(&json!({ "advance-seconds": 11 }));
    assert_eq!(
        sandbox.redeem(GOOGLE, &late, &[]).1["error"],
        "invalid_grant"
    );
}

#[test]
fn a_code_is_bound_to_client_redirect_uri_and_tenant() {
    let sandbox = Sandbox::start();
    let code = sandbox.code(GOOGLE, &[]);
    assert_eq!(
        sandbox.redeem(STRICT, &code, &[]).1["error"],
        "invalid_grant"
    );

    let mut form = vec![("grant_type", "authorization_code"), ("code", &code)];
    let client = sandbox.client(GOOGLE);
    form.push(("client_id", client["client-id"].as_str().unwrap()));
    form.push(("client_secret", client["client-secret"].as_str().unwrap()));
    form.push(("redirect_uri", "https://localhost:8006/other"));
    let (_, answer) = sandbox
        .post(&sandbox.endpoint(GOOGLE, "token-url"), &form)
        .unwrap();
    assert_eq!(answer["error"], "redirect_uri_mismatch");

    // the code was asked for at the tenant's id; its domain is the same tenant, `common` is not
    let code = sandbox.code(MICROSOFT, &[]);
    let client = sandbox.client(MICROSOFT);
    form = vec![("grant_type", "authorization_code"), ("code", &code)];
    form.push(("client_id", client["client-id"].as_str().unwrap()));
    form.push(("client_secret", client["client-secret"].as_str().unwrap()));
    form.push(("redirect_uri", REDIRECT_URI));
    let url = |tenant: &str| {
        let template = sandbox.published["providers"][MICROSOFT]["token-url"]
            .as_str()
            .unwrap();
        template.replace("{tenant}", tenant)
    };
    for (tenant, numbers) in [
        ("nowhere.example.org", json!([90002])),
        ("common", json!([700005])),
        ("example.org", Value::Null),
    ] {
        let (_, answer) = sandbox.post(&url(tenant), &form).unwrap();
        assert_eq!(answer["error_codes"], numbers, "{tenant}: {answer}");
    }
}

#[test]
fn the_code_verifier_must_match_the_challenge() {
    let sandbox = Sandbox::start();
    let hashed = s256(VERIFIER);
    for (challenge, method) in [(hashed.as_str(), "S256"), (VERIFIER, "plain")] {
        let with = [
            ("code_challenge", challenge),
            ("code_challenge_method", method),
        ];
        let code = sandbox.code(GOOGLE, &with);
        assert_eq!(
            sandbox.redeem(GOOGLE, &code, &[]).0,
            400,
            "{method} without verifier"
        );
        let wrong = (
            "code_verifier",
            "another-verifier-of-at-least-forty-three-chars",
        );
        assert_eq!(
            sandbox.redeem(GOOGLE, &code, &[wrong]).0,
            400,
            "{method} with another"
        );
        let right = ("code_verifier", VERIFIER);
        assert_eq!(sandbox.redeem(GOOGLE, &code, &[right]).0, 200, "{method}");
    }
    let code = sandbox.code(GOOGLE, &[]);
    let unasked = ("code_verifier", VERIFIER);
    assert_eq!(
        sandbox.redeem(GOOGLE, &code, &[unasked]).0,
        400,
        "verifier without challenge"
    );
}

#[test]
fn google_gives_a_refresh_token_only_offline_and_after_consent() {
    let sandbox = Sandbox::start();
    let refresh_token = |more: &[(&str, &str)]| {
        let fields = sandbox
            .consent(&sandbox.authorize_url(GOOGLE, more), &[])
            .unwrap();
        let (status, answer) = sandbox.redeem(GOOGLE, &field(&fields, "code"), &[]);
        assert_eq!(status, 200);
        answer.get("refresh_token").cloned()
    };
    let (offline, consent) = (("access_type", "offline"), ("prompt", "consent"));
    assert!(refresh_token(&[offline]).is_some(), "the first consent");
    assert!(refresh_token(&[offline]).is_none(), "the second time");
    assert!(refresh_token(&[consent]).is_none(), "online");
    assert!(refresh_token(&[offline, consent]).is_some(), "asked again");
}

#[test]
fn microsoft_gives_a_refresh_token_only_with_offline_access() {
    let sandbox = Sandbox::start();
    let url = sandbox
        .authorize_url(MICROSOFT, &[])
        .replace("+offline_access", "");
    let fields = sandbox.consent(&url, &[]).unwrap();
    let (status, answer) = sandbox.redeem(MICROSOFT, &field(&fields, "code"), &[]);
    assert_eq!((status, answer.get("refresh_token")), (200, None));
}

#[test]
fn refresh_tokens_are_kept_replaced_or_punished_as_the_provider_does() {
    let sandbox = Sandbox::start();
    for (provider, replaced, old_is_good, new_is_good) in [
        (GOOGLE, false, 200, None),
        (MICROSOFT, true, 200, Some(200)),
        (STRICT, true, 400, Some(400)),
    ] {
        let code = sandbox.code(provider, &[]);
        let old = sandbox.redeem(provider, &code, &[]).1["refresh_token"].clone();
        let (status, answer) = sandbox.refresh(provider, &old);
        assert_eq!(status, 200, "{provider}");
        assert_eq!(
            answer.get("refresh_token").is_some(),
            replaced,
            "{provider}"
        );
        assert_eq!(
            sandbox.refresh(provider, &old).0,
            old_is_good,
            "{provider}: the old one"
        );
        let new = answer
            .get("refresh_token")
            .map(|new| sandbox.refresh(provider, new).0);
        assert_eq!(
            new, new_is_good,
            "{provider}: the new one after the replay of the old one"
        );
    }
}

#[test]
fn wrong_clients_are_refused_in_the_words_of_the_provider() {
    let sandbox = Sandbox::start();
    let code = sandbox.code(MICROSOFT, &[]);
    for (more, status, number) in [
        (("client_secret", "wrong"), 401, 7000215),
        (("client_id", "nobody"), 401, 700016),
        (("client_secret", ""), 400, 7000218),
        (("grant_type", "password"), 400, 900144),
    ] {
        let (got, answer) = sandbox.redeem(MICROSOFT, &code, &[more]);
        assert_eq!(
            (got, &answer["error_codes"]),
            (status, &json!([number])),
            "{answer}"
        );
        let text = answer["error_description"].as_str().unwrap();
        assert!(text.starts_with(&format!("AADSTS{number}: ")), "{text}");
    }
    let code = sandbox.code(GOOGLE, &[]);
    let (status, answer) = sandbox.redeem(GOOGLE, &code, &[("client_secret", "wrong")]);
    assert_eq!(status, 401);
    assert_eq!(
        answer,
        json!({ "error": "invalid_client", "error_description": "Unauthorized" })
    );
    assert_eq!(
        sandbox.redeem(GOOGLE, &code, &[]).0,
        200,
        "a refused client spends no code"
    );
}

#[test]
fn the_person_can_mistype_decline_and_allow_less() {
    let sandbox = Sandbox::start();
    let url = sandbox.authorize_url(GOOGLE, &[("prompt", "consent")]);
    let error = sandbox.consent_as(&url, "wrong", &[]).unwrap_err();
    assert!(
        error.contains("The login or the password is wrong"),
        "{error}"
    );
    let declined = sandbox.consent(&url, &["--decline"]).unwrap();
    assert_eq!(field(&declined, "error"), "access_denied");
    assert_eq!(field(&declined, "code"), "");

    let url = url.replace("scope=", "scope=email+");
    let fields = sandbox
        .consent(&url, &["--without", "https://mail.google.com/"])
        .unwrap();
    let (_, answer) = sandbox.redeem(GOOGLE, &field(&fields, "code"), &[]);
    assert_eq!(answer["scope"], "email");
}

#[test]
fn an_unregistered_redirect_uri_is_never_redirected_to() {
    let sandbox = Sandbox::start();
    let url = sandbox.authorize_url(GOOGLE, &[]).replace("8006", "8007");
    let answer = sandbox.agent().get(&url).call().unwrap();
    assert_eq!(answer.status(), 400);
    assert!(answer.headers().get("location").is_none());
}

#[test]
fn another_browser_cannot_press_the_buttons() {
    let sandbox = Sandbox::start();
    let answer = sandbox
        .agent()
        .get(sandbox.authorize_url(GOOGLE, &[]))
        .call()
        .unwrap();
    let location = answer.headers()["location"].to_str().unwrap();
    let url = format!("{}{location}", sandbox.published["url"].as_str().unwrap());
    let password = sandbox.published["users"][0]["password"].as_str().unwrap();
    let (status, page) = sandbox
        .post(
            &url,
            &[("login", "admin@example.org"), ("password", password)],
        )
        .unwrap();
    assert_eq!(status, 400);
    assert!(page.as_str().unwrap().contains("another browser"));
}

#[test]
fn it_ends_when_its_standard_input_does() {
    let mut sandbox = Sandbox::start();
    assert!(sandbox.stop().success());
}

#[test]
fn nobody_else_can_read_its_secrets() {
    use std::os::unix::fs::PermissionsExt;
    let sandbox = Sandbox::start();
    for name in ["sandbox.json", "server.key"] {
        let mode = std::fs::metadata(sandbox.dir.join(name))
            .unwrap()
            .permissions()
            .mode();
        assert_eq!(mode & 0o777, 0o600, "{name}");
    }
}

#[test]
fn an_application_may_act_for_itself_at_microsoft() {
    let sandbox = Sandbox::start();
    let app = |provider, scope| {
        let form = [("grant_type", "client_credentials"), ("scope", scope)];
        sandbox.ask(provider, &form)
    };
    let scope = "https://outlook.office365.com/.default";
    let (status, answer) = app(MICROSOFT, scope);
    assert_eq!(status, 200, "{answer}");
    assert_eq!(answer["token_type"], "Bearer");
    assert!(answer["access_token"].is_string());
    assert!(answer["refresh_token"].is_null() && answer["scope"].is_null());
    let (_, refused) = app(MICROSOFT, "https://outlook.office.com/SMTP.Send");
    assert_eq!(refused["error_codes"], json!([1_002_012]));
    for provider in [GOOGLE, STRICT] {
        assert_eq!(app(provider, scope).1["error"], "unsupported_grant_type");
    }
    let client = sandbox.client(MICROSOFT);
    let url = sandbox.endpoint(MICROSOFT, "token-url");
    let url = url.replace(client["tenant-id"].as_str().unwrap(), "common");
    let form = [
        ("grant_type", "client_credentials"),
        ("scope", scope),
        ("client_id", client["client-id"].as_str().unwrap()),
        ("client_secret", client["client-secret"].as_str().unwrap()),
    ];
    let (_, refused) = sandbox.post(&url, &form).unwrap();
    assert_eq!(refused["error_codes"], json!([9_001_023]));
}

#[test]
fn an_order_says_how_an_application_may_log_in() {
    let sandbox = Sandbox::start();
    let client = sandbox.client(STRICT);
    let [id, secret] = ["client-id", "client-secret"].map(|key| client[key].as_str().unwrap());
    let url = sandbox.endpoint(STRICT, "token-url");
    let form =
        |text: &str| url::form_urlencoded::byte_serialize(text.as_bytes()).collect::<String>();
    let header = format!(
        "Basic {}",
        base64::engine::general_purpose::STANDARD.encode(format!("{}:{}", form(id), form(secret)))
    );
    // asks in this way; the answer
    let ask = |way: &str, form: &[(&str, &str)]| {
        let mut form = form.to_vec();
        let mut request = sandbox.agent().post(&url);
        match way {
            "basic" => request = request.header("Authorization", &header),
            "post" => form.extend([("client_id", id), ("client_secret", secret)]),
            _ => form.push(("client_id", id)),
        }
        let mut answer = request.send_form(form).unwrap();
        let body = answer.body_mut().read_to_string().unwrap();
        (
            answer.status().as_u16(),
            serde_json::from_str::<Value>(&body).unwrap(),
        )
    };
    let challenge = s256(VERIFIER);
    let with_challenge = [
        ("code_challenge", &*challenge),
        ("code_challenge_method", "S256"),
    ];
    for (rule, code_by, refresh_by) in [
        ("any", &["basic", "post"][..], &["basic", "post"][..]),
        ("basic", &["basic"], &["basic"]),
        ("post", &["post"], &["post"]),
        ("post-then-basic", &["post"], &["basic"]),
        ("none", &["none"], &["none"]),
    ] {
        sandbox.control(&json!({ "client-auth": rule }));
        for way in ["basic", "post", "none"] {
            let code = sandbox.code(STRICT, &with_challenge);
            let redeem = [
                ("grant_type", "authorization_code"),
                ("code", &code),
                ("redirect_uri", REDIRECT_URI),
                ("code_verifier", VERIFIER),
            ];
            let is_good = code_by.contains(&way);
            let (status, answer) = ask(way, &redeem);
            assert_eq!(status == 200, is_good, "{rule} {way}: {answer}");
            if !is_good {
                continue;
            }
            let mut token = answer["refresh_token"].as_str().unwrap().to_owned();
            for way in ["basic", "post", "none"] {
                let form = [("grant_type", "refresh_token"), ("refresh_token", &token)];
                let (status, answer) = ask(way, &form);
                assert_eq!(
                    status == 200,
                    refresh_by.contains(&way),
                    "{rule} {way}: {answer}"
                );
                if let Some(next) = answer["refresh_token"].as_str() {
                    token = next.to_owned();
                }
            }
        }
    }
    // a public client's code is worth nothing without its verifier
    let code = sandbox.code(STRICT, &[]);
    let redeem = [
        ("grant_type", "authorization_code"),
        ("code", &code),
        ("redirect_uri", REDIRECT_URI),
    ];
    assert_eq!(ask("none", &redeem).1["error"], "invalid_grant");
}
