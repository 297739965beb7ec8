//! A provider that no machine knows: the call says where it is.

use std::time::Duration;

use notify::Secret;
use notify::oauth2::CodeExchange;
use notify::oauth2::Error;

use crate::peer::{GRANT, Machine, Server, answer, close, json, key, read_request, request, run};

const BUDGET: Duration = Duration::from_secs(10);

fn custom(token_url: Option<String>) -> CodeExchange {
    CodeExchange {
        auth_method: "custom-oauth2".to_owned(),
        token_url,
        ..request()
    }
}

#[test]
fn a_code_of_any_provider_is_exchanged_at_the_address_given() {
    let server = Server::answering(json("200 OK", GRANT));
    let machine = Machine::new(&server);
    let url = format!("https://localhost:{}/any/token", server.address.port());
    let token = run(&machine.host, &custom(Some(url)), BUDGET).unwrap();
    assert!(!token.expose().is_empty());
    assert_eq!(server.count(), 1);
}

#[test]
fn what_was_asked_for_and_what_was_granted_are_both_named() {
    for (scope, granted) in [
        (r#""openid,read""#, "granted: openid read"),
        (r#"["openid"]"#, "granted: openid"),
        (r#""""#, "granted: nothing"),
    ] {
        let body = format!(r#"{{"access_token":"one","refresh_token":"two","scope":{scope}}}"#);
        let error = Machine::new(&Server::answering(json("200 OK", body))).refusal();
        let text = error.to_string();
        assert!(
            text.contains("asked for: https://mail.google.com/; "),
            "{text}"
        );
        assert!(text.ends_with(granted), "{text}");
    }
}

#[test]
fn less_than_the_scopes_asked_for_is_refused() {
    let server = Server::tls(|tls, _| {
        use std::io::Write;
        read_request(tls);
        let body =
            r#"{"access_token":"a","token_type":"Bearer","refresh_token":"r","scope":"read"}"#;
        let head = "Content-Type: application/json\r\n";
        let _ = tls.write_all(&answer("200 OK", head, body));
        close(tls);
    });
    let machine = Machine::new(&server);
    let url = format!("https://localhost:{}/token", server.address.port());
    let with = |scopes: &str| CodeExchange {
        scopes: Some(scopes.to_owned()),
        ..custom(Some(url.clone()))
    };
    let exchange =
        |scopes| run(&machine.host, &with(scopes), BUDGET).map(|token| token.expose().to_owned());
    assert_eq!(exchange("read offline_access").unwrap(), "r");
    let error = exchange("mail.send offline_access").unwrap_err();
    assert!(matches!(error, Error::Answer { .. }), "{error}");
}

#[test]
fn an_address_must_be_there_be_https_and_be_for_this_provider_alone() {
    let server = Server::answering(json("200 OK", GRANT));
    let machine = Machine::new(&server);
    let port = server.address.port();
    let other = |change: fn(&mut CodeExchange)| {
        let mut request = request();
        change(&mut request);
        request
    };
    let scope = CodeExchange {
        scopes: Some("mail\"send".to_owned()),
        ..custom(Some(format!("https://localhost:{port}/token")))
    };
    for (request, name) in [
        (custom(None), "token-url"),
        (custom(Some(String::new())), "token-url"),
        (
            custom(Some(format!("http://localhost:{port}/token"))),
            "token-url",
        ),
        (
            custom(Some(format!("https://a:b@localhost:{port}/"))),
            "token-url",
        ),
        (scope, "scopes"),
        (
            other(|it| it.token_url = Some("https://localhost/".to_owned())),
            "token-url",
        ),
        (
            other(|it| it.scopes = Some("mail.send".to_owned())),
            "scopes",
        ),
    ] {
        let error = run(&machine.host, &request, BUDGET)
            .map(|_: Secret| ())
            .unwrap_err();
        assert!(
            error.to_string().starts_with(&format!("{name}: ")),
            "{error}"
        );
        assert_eq!(error.code(), 400);
    }
    assert_eq!(server.count(), 0, "something was sent");
}

#[test]
fn an_address_without_token_endpoint_names_the_setting() {
    for status in ["404 Not Found", "405 No", "410 Gone"] {
        let server = Server::answering(answer(status, "", ""));
        let machine = Machine::new(&server);
        let url = format!("https://localhost:{}/wrong", server.address.port());
        let error = run(&machine.host, &custom(Some(url)), BUDGET).unwrap_err();
        assert_eq!(key(&error), "token-url-not-found", "{status}: {error}");
        assert!(
            error.to_string().contains("set oauth2-token-url"),
            "{error}"
        );
    }
}
