//! The provider's own words: which advice they lead to, and what of them is shown.

use notify::oauth2::Error;

use crate::peer::{Machine, Server, json, key, request};

fn refusal(body: &str) -> Error {
    Machine::new(&Server::answering(json("400 Bad Request", body))).refusal()
}

#[test]
fn the_finest_known_reason_counts() {
    for (body, wanted) in [
        (
            r#"{"error":"invalid_grant","error_subtype":"invalid_rapt"}"#,
            "invalid_rapt",
        ),
        (
            r#"{"error":"admin_policy_enforced"}"#,
            "admin_policy_enforced",
        ),
        (
            r#"{"error":"redirect_uri_mismatch","error_description":"Bad Request"}"#,
            "redirect_uri_mismatch",
        ),
        (r#"{"error":"org_internal"}"#, "org_internal"),
        (r#"{"error":"deleted_client"}"#, "deleted_client"),
        (r#"{"error":"disabled_client"}"#, "disabled_client"),
        (r#"{"error":"access_denied"}"#, "access_denied"),
        (
            r#"{"error":"invalid_client","error_codes":[7000215]}"#,
            "aadsts-secret-wrong",
        ),
        (
            r#"{"error":"invalid_grant","error_description":"AADSTS54005: OAuth2 code was already redeemed"}"#,
            "aadsts-code-spent",
        ),
        (
            r#"{"error":"invalid_grant","error_codes":[1,"x",-1,700082]}"#,
            "aadsts-expired",
        ),
        (
            r#"{"error":"invalid_grant","error_codes":"none","error_description":"AADSTS1: AADSTS50011: no"}"#,
            "aadsts-redirect-uri",
        ),
        (
            r#"{"error":"invalid_grant","error_description":"AADSTS99999999999999: AADSTS"}"#,
            "invalid_grant",
        ),
        (
            r#"{"error":"invalid_grant","error_description":["AADSTS7000222"]}"#,
            "aadsts-secret-expired",
        ),
    ] {
        assert_eq!(key(&refusal(body)), wanted, "{body}");
    }
}

#[test]
fn the_message_says_who_has_to_do_what_and_then_quotes() {
    let body = r#"{"error":"invalid_client","error_description":"AADSTS7000215: Invalid client secret provided.\r\nTrace ID: 1"}"#;
    assert_eq!(
        refusal(body).to_string(),
        "google-oauth2: the client secret is wrong; enter the client secret again: its \"Value\", not its \
         \"Secret ID\"; Google says: \"invalid_client: AADSTS7000215: Invalid client secret provided. Trace ID: \
         1\""
    );
}

/// What is shown of a description.
fn said(description: &str) -> String {
    let body = serde_json::json!({ "error": "x", "error_description": description }).to_string();
    match refusal(&body) {
        Error::Answer { said, .. } => said.unwrap(),
        error => panic!("{error:?}"),
    }
}

#[test]
fn quotes_are_short_and_have_no_control_characters() {
    assert_eq!(said("a\u{0}b\u{1b}[31mc\u{7f}\u{9b}d"), "x: ab[31mcd");
    assert_eq!(said("a\r\n\r\n\tb   c"), "x: a b c");
    assert_eq!(
        said("a\u{202e}b\u{2066}c\u{200b}d\u{feff}e\u{2028}f"),
        "x: abcdef"
    );
    let long = said(&"ä".repeat(2000));
    assert_eq!(long.chars().count(), 1000);
    assert!(long.ends_with("ä…"));
    assert_eq!(said(&"ä".repeat(997)).chars().count(), 1000);
    assert!(said(&"ä".repeat(997)).ends_with('ä'));
}

#[test]
fn f32_a_provider_that_echoes_everything() {
    use base64::prelude::{BASE64_STANDARD, BASE64_URL_SAFE, BASE64_URL_SAFE_NO_PAD, Engine};
    let request = request();
    let secret = request.client_secret.expose();
    let code = request.authorization_code.expose();
    let login = format!("{}:{secret}", request.client_id);
    for (name, echo) in [
        ("raw", secret.to_owned()),
        ("code", code.to_owned()),
        ("form", "s3c%2FcAnArY%2B%7E%26%25+secret".to_owned()),
        ("percent", "s3c%2fcAnArY%2b~%26%25%20secret".to_owned()),
        (
            "every byte",
            secret.bytes().map(|byte| format!("%{byte:02x}")).collect(),
        ),
        ("base64", BASE64_STANDARD.encode(secret)),
        ("base64 url", BASE64_URL_SAFE.encode(secret)),
        (
            "base64 url without padding",
            BASE64_URL_SAFE_NO_PAD.encode(secret),
        ),
        (
            "base64 escaped",
            BASE64_STANDARD.encode(secret).replace('=', "%3D"),
        ),
        ("login", BASE64_STANDARD.encode(&login)),
        (
            "login encoded",
            BASE64_STANDARD.encode("client.apps.example.org:s3c%2FcAnArY%2B%7E%26%25+secret"),
        ),
        ("other login", BASE64_STANDARD.encode(format!("x:{secret}"))),
        (
            "other login",
            BASE64_STANDARD.encode(format!("xy:{secret}")),
        ),
        ("other login", BASE64_STANDARD.encode(format!("xyz:{code}"))),
        ("cut off", secret[..13].to_owned()),
        (
            "broken in two",
            format!("{}\r\n{}", &secret[..7], &secret[7..]),
        ),
        (
            "split invisibly",
            format!("{}\u{200b}\u{1}{}", &secret[..7], &secret[7..]),
        ),
        (
            "at the end of what is shown",
            format!("{}{secret}", "a".repeat(285)),
        ),
    ] {
        let shown = said(&format!("<{echo}> again <{echo}>"));
        assert!(
            shown.contains("[secret]") || name.starts_with("at the end"),
            "{name}: {shown}"
        );
        let middle: String = echo
            .chars()
            .skip(echo.chars().count() / 3)
            .take(7)
            .collect();
        for piece in [&secret[4..10], &code[..6], &middle] {
            assert!(
                !shown.contains(piece) || piece == "aaaaaaa",
                "{name}: {piece} in {shown}"
            );
        }
    }
    // tokens of the answer itself, in the error's text and code
    let body = r#"{"error":"bad ya29.cAnArY-access","error_description":"1//cAnArY-refresh, id.cAnArY.token",
        "access_token":"ya29.cAnArY-access","refresh_token":"1//cAnArY-refresh","id_token":"id.cAnArY.token"}"#;
    assert!(
        refusal(body)
            .to_string()
            .ends_with("Google says: \"bad [secret]: [secret], [secret]\"")
    );
}

#[test]
fn f32_the_code_verifier_is_a_secret_too() {
    let verifier = "cAnArY-verifier-0123456789-0123456789-0123456789";
    let body = format!(r#"{{"error":"invalid_grant","error_description":"{verifier}"}}"#);
    let server = Server::answering(json("400 Bad Request", body));
    let machine = Machine::new(&server);
    let mut request = request();
    request.code_verifier = Some(notify::Secret::new(verifier));
    let error =
        crate::peer::run(&machine.host, &request, std::time::Duration::from_secs(5)).unwrap_err();
    assert!(
        error
            .to_string()
            .ends_with("Google says: \"invalid_grant: [secret]\""),
        "{error}"
    );
}
