//! What is sent, and what a good answer may look like.

use std::io::Write;
use std::net::SocketAddr;
use std::sync::{OnceLock, mpsc};
use std::time::Duration;

use notify::oauth2::CodeExchange;
use notify::{Host, Secret};
use rcgen::CertificateParams;

use crate::peer::{
    GRANT, Machine, Pki, Server, close, json, read_request, request, run, write_file,
};

/// A server that reports what it was sent.
fn recording() -> (Server, mpsc::Receiver<String>) {
    let (sender, receiver) = mpsc::channel();
    let server = Server::tls(move |tls, _| {
        sender.send(read_request(tls)).unwrap();
        tls.write_all(&json("200 OK", GRANT)).unwrap();
        close(tls);
    });
    (server, receiver)
}

fn fields(request: &str) -> Vec<(String, String)> {
    let body = request.split_once("\r\n\r\n").unwrap().1;
    let mut pairs: Vec<_> = oauth2::url::form_urlencoded::parse(body.as_bytes())
        .into_owned()
        .collect();
    pairs.sort();
    pairs
}

fn pair(name: &str, value: &str) -> (String, String) {
    (name.to_owned(), value.to_owned())
}

#[test]
fn a_code_becomes_a_refresh_token() {
    let (server, seen) = recording();
    let machine = Machine::new(&server);
    assert_eq!(machine.exchange().unwrap().expose(), "1//cAnArY-refresh");
    let seen = seen.recv().unwrap();
    assert!(seen.starts_with("POST /token HTTP/1.1\r\n"), "{seen}");
    assert!(
        !seen.to_ascii_lowercase().contains("authorization:"),
        "{seen}"
    );
    assert_eq!(
        fields(&seen),
        [
            pair("client_id", "client.apps.example.org"),
            pair("client_secret", "s3c/cAnArY+~&% secret"),
            pair("code", "4/0cAnArY-code"),
            pair("grant_type", "authorization_code"),
            pair("redirect_uri", "https://pve.example.org:8006"),
        ]
    );
    assert_eq!(server.count(), 1);
}

#[test]
fn basic_login_pkce_and_tenant_go_where_they_belong() {
    let (server, seen) = recording();
    let machine = Machine::new(&server);
    let file = format!(
        r#"{{"microsoft-oauth2":{{
            "authorize-url":"https://localhost:{port}/{{tenant}}/authorize",
            "token-url":"https://localhost:{port}/{{tenant}}/token",
            "client-auth":"basic","scopes":["https://mail.google.com/","offline_access"]}}}}"#,
        port = server.address.port()
    );
    write_file(&machine.folder.0.join("oauth2-providers.json"), &file);
    let verifier = "cAnArY_".repeat(7);
    let request = CodeExchange {
        auth_method: "microsoft-oauth2".to_owned(),
        tenant_id: Some("0b5bd6e8-5a2e-4b1c-9b1f-0123456789ab".to_owned()),
        code_verifier: Some(Secret::new(verifier.as_str())),
        ..request()
    };
    run(&machine.host, &request, Duration::from_secs(10)).unwrap();
    let seen = seen.recv().unwrap();
    assert!(seen.starts_with("POST /0b5bd6e8-5a2e-4b1c-9b1f-0123456789ab/token HTTP/1.1\r\n"));
    // RFC 6749 section 2.3.1: both halves form-encoded, then base64
    let login = "Y2xpZW50LmFwcHMuZXhhbXBsZS5vcmc6czNjJTJGY0FuQXJZJTJCJTdFJTI2JTI1K3NlY3JldA==";
    assert!(
        seen.to_ascii_lowercase().contains(&format!(
            "authorization: basic {}",
            login.to_ascii_lowercase()
        )),
        "{seen}"
    );
    assert!(seen.contains(login));
    assert!(fields(&seen).contains(&pair("code_verifier", &verifier)));
    assert!(
        !fields(&seen)
            .iter()
            .any(|(name, _)| name == "client_secret")
    );
}

#[test]
fn long_secrets_go_through() {
    for auth in ["post", "basic"] {
        let (server, seen) = recording();
        let machine = Machine::new(&server);
        let file = format!(
            r#"{{"google-oauth2":{{"token-url":"https://localhost:{}/token","client-auth":"{auth}"}}}}"#,
            server.address.port()
        );
        write_file(&machine.folder.0.join("oauth2-providers.json"), &file);
        let request = CodeExchange {
            client_secret: Secret::new("%".repeat(16 * 1024)),
            authorization_code: Secret::new("&".repeat(16 * 1024)),
            ..request()
        };
        run(&machine.host, &request, Duration::from_secs(10)).unwrap();
        assert!(fields(&seen.recv().unwrap()).contains(&pair("code", &"&".repeat(16 * 1024))));
    }
}

#[test]
fn harmless_differences_between_providers_are_accepted() {
    for body in [
        // scope absent means as asked; token_type compares without case
        r#"{"access_token":"a","token_type":"bEARER","refresh_token":"r"}"#,
        r#"{"access_token":"a","token_type":"Bearer","refresh_token":"r","scope":null}"#,
        // more scopes than asked for, in any order and case
        r#"{"access_token":"a","token_type":"Bearer","refresh_token":"r","scope":"openid HTTPS://MAIL.GOOGLE.COM/"}"#,
        // the life of the access token does not matter here, so no form of it does
        r#"{"access_token":"a","token_type":"Bearer","refresh_token":"r","expires_in":"3600"}"#,
        r#"{"access_token":"a","token_type":"Bearer","refresh_token":"r","expires_in":-1}"#,
        r#"{"access_token":"a","token_type":"Bearer","refresh_token":"r","expires_in":1e18}"#,
        r#"{"access_token":"a","token_type":"Bearer","refresh_token":"r","expires_in":3600.5,"x":{"y":[]}}"#,
        // no token type, and scopes in other forms
        r#"{"access_token":"a","refresh_token":"r"}"#,
        r#"{"access_token":"a","refresh_token":"r","token_type":null}"#,
        r#"{"access_token":"a","refresh_token":"r","scope":["openid","https://mail.google.com/"]}"#,
        r#"{"access_token":"a","refresh_token":"r","scope":"openid,https://mail.google.com/"}"#,
        // no error
        r#"{"access_token":"a","token_type":"Bearer","refresh_token":"r","error":null}"#,
    ] {
        let server = Server::answering(json("200 OK", body));
        assert_eq!(
            Machine::new(&server).exchange().unwrap().expose(),
            "r",
            "{body}"
        );
    }
}

#[test]
fn framings_of_http_are_accepted() {
    let chunked = format!(
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nContent-Type: application/json\r\n\r\n{:x}\r\n{GRANT}\r\n0\r\n\r\n",
        GRANT.len()
    );
    // the end of the connection ends the body; TLS has sealed it
    let until_close = format!("HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n{GRANT}");
    let after_hints = format!(
        "HTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\n{}",
        String::from_utf8(json("200 OK", GRANT)).unwrap()
    );
    for bytes in [chunked, until_close, after_hints] {
        let server = Server::answering(bytes.as_bytes());
        let token = Machine::new(&server).exchange();
        assert_eq!(token.expect(&bytes).expose(), "1//cAnArY-refresh");
    }
}

#[test]
fn a_node_asks_the_builtin_addresses() {
    static SERVER: OnceLock<SocketAddr> = OnceLock::new();
    let names = ["oauth2.googleapis.com", "login.microsoftonline.com"].map(str::to_owned);
    let config = Pki::shared().server(|params| *params = CertificateParams::new(names).unwrap());
    let (sender, receiver) = mpsc::channel();
    let server = Server::tls_with(config, move |tls, _| {
        sender.send(read_request(tls)).unwrap();
        let grant = r#"{"access_token":"a","token_type":"Bearer","refresh_token":"r"}"#;
        tls.write_all(&json("200 OK", grant)).unwrap();
        close(tls);
    });
    SERVER.set(server.address).unwrap();
    let machine = Machine::new(&server);
    std::fs::remove_file(machine.folder.0.join("oauth2-providers.json")).unwrap();
    let host = Host::pve()
        .with_config_dir(&machine.folder.0)
        .with_ca_bundle(machine.folder.0.join("ca.crt"))
        .with_lookup(|_, port| {
            assert_eq!(port, 443);
            Ok(vec![*SERVER.get().unwrap()])
        });
    let tenant = "organizations";
    for (method, tenant, host_name, path) in [
        ("google-oauth2", None, "oauth2.googleapis.com", "/token"),
        (
            "microsoft-oauth2",
            Some(tenant),
            "login.microsoftonline.com",
            "/organizations/oauth2/v2.0/token",
        ),
    ] {
        let request = CodeExchange {
            auth_method: method.to_owned(),
            tenant_id: tenant.map(str::to_owned),
            ..request()
        };
        run(&host, &request, Duration::from_secs(10)).unwrap();
        let seen = receiver.recv().unwrap();
        assert!(
            seen.starts_with(&format!("POST {path} HTTP/1.1\r\n")),
            "{seen}"
        );
        assert!(
            seen.to_ascii_lowercase()
                .contains(&format!("\r\nhost: {host_name}\r\n")),
            "{seen}"
        );
        assert!(fields(&seen).contains(&pair("client_secret", request.client_secret.expose())));
    }
}
