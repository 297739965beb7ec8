//! Input that cannot be right: refused with the API's name of the parameter, and nothing is sent.

use std::time::Duration;

use notify::oauth2::CodeExchange;
use notify::oauth2::Error;
use notify::{Host, Parameter, Secret};

use crate::peer::{GRANT, Machine, Server, json, request, run, write_file};

const BUDGET: Duration = Duration::from_secs(10);

fn refused(host: &Host, name: &str, request: &CodeExchange) {
    let error = run(host, request, BUDGET).expect_err(name);
    assert_eq!(error.code(), 400, "{error}");
    let Error::Parameter(Parameter { name: named, .. }) = &error else {
        panic!("{error:?}")
    };
    assert_eq!(*named, name, "{error}");
    assert!(
        error.to_string().starts_with(&format!("{name}: ")),
        "{error}"
    );
    assert!(error.to_string().len() < 200, "no value is quoted: {error}");
}

/// A machine whose Google and Microsoft are one counting server.
fn machine() -> (Server, Machine) {
    let server = Server::answering(json("200 OK", GRANT));
    let machine = Machine::new(&server);
    let port = server.address.port();
    let file = format!(
        r#"{{"google-oauth2":{{"token-url":"https://localhost:{port}/token"}},
            "microsoft-oauth2":{{"token-url":"https://localhost:{port}/{{tenant}}/token"}}}}"#
    );
    write_file(&machine.folder.0.join("oauth2-providers.json"), &file);
    (server, machine)
}

#[test]
fn bad_texts_are_refused_in_every_parameter() {
    let (server, machine) = machine();
    type Set = fn(&mut CodeExchange, String);
    let texts: [(&str, Set); 7] = [
        ("auth-method", |request, text| request.auth_method = text),
        ("client-id", |request, text| request.client_id = text),
        ("client-secret", |request, text| {
            request.client_secret = Secret::new(text)
        }),
        ("tenant-id", |request, text| request.tenant_id = Some(text)),
        ("authorization-code", |request, text| {
            request.authorization_code = Secret::new(text)
        }),
        ("redirect-uri", |request, text| request.redirect_uri = text),
        ("code-verifier", |request, text| {
            request.code_verifier = Some(Secret::new(text))
        }),
    ];
    for (name, set) in texts {
        for text in [
            String::new(),
            "text\n".to_owned(),
            "text\r\nX: y".to_owned(),
            "text\0".to_owned(),
            "\u{1}auth=text".to_owned(),
            "text\u{7f}".to_owned(),
            "text\u{85}".to_owned(),
            "a".repeat(16 * 1024 + 1),
            "ä".repeat(1 << 19),
        ] {
            let mut request = request();
            set(&mut request, text);
            refused(&machine.host, name, &request);
        }
    }
    assert_eq!(server.count(), 0, "something was sent");
}

#[test]
fn tenants() {
    let (server, machine) = machine();
    let with = |tenant: Option<&str>| CodeExchange {
        auth_method: "microsoft-oauth2".to_owned(),
        tenant_id: tenant.map(str::to_owned),
        ..request()
    };
    refused(&machine.host, "tenant-id", &with(None));
    let long = format!("{}.org", "a".repeat(64));
    let longer = format!("{}org", "a.".repeat(126));
    for tenant in [
        "Common",
        "tenant",
        "example.org/..",
        "../common",
        "example..org",
        ".example.org",
        "example.org.",
        "-a.example.org",
        "a-.example.org",
        "exämple.org",
        "example.org?x",
        "example.org#x",
        "exam ple.org",
        "a%2eb.org",
        "user@example.org",
        "0b5bd6e8-5a2e-4b1c-9b1f-0123456789aZ",
        "0b5bd6e85a2e4b1c9b1f0123456789ab",
        "{0b5bd6e8-5a2e-4b1c-9b1f-0123456789ab}",
        &long,
        &longer,
    ] {
        refused(&machine.host, "tenant-id", &with(Some(tenant)));
    }
    assert_eq!(server.count(), 0, "something was sent");
    for tenant in [
        "common",
        "organizations",
        "consumers",
        "example.org",
        "example.onmicrosoft.com",
        "xn--exmple-cua.org",
        "0b5bd6e8-5a2e-4b1c-9b1f-0123456789ab",
        "0B5BD6E8-5A2E-4B1C-9B1F-0123456789AB",
    ] {
        // the scope of the answer is Google's
        let error = run(&machine.host, &with(Some(tenant)), BUDGET).unwrap_err();
        assert_eq!(
            error.advice().unwrap().key,
            "scope-missing",
            "{tenant}: {error}"
        );
    }
    // a provider without tenant does not mind one, but it must be one
    run(
        &machine.host,
        &CodeExchange {
            tenant_id: Some("common".to_owned()),
            ..request()
        },
        BUDGET,
    )
    .unwrap();
    refused(
        &machine.host,
        "tenant-id",
        &CodeExchange {
            tenant_id: Some("a/b".to_owned()),
            ..request()
        },
    );
}

#[test]
fn redirect_uris() {
    let (server, machine) = machine();
    let with = |uri: &str| CodeExchange {
        redirect_uri: uri.to_owned(),
        ..request()
    };
    for uri in [
        "pve.example.org:8006",
        "/callback",
        "//pve.example.org",
        "http://pve.example.org",
        "http://127.0.0.1.example.org/",
        "http://localhost.example.org",
        "https://",
        "https:///x#",
        "https://pve.example.org/#",
        "https://pve.example.org/#x",
        "ftp://localhost/",
        "javascript:alert(1)",
        "urn:ietf:wg:oauth:2.0:oob",
        "https://pve.example.org/a b",
        " https://pve.example.org",
        "https://pve.example.org:99999",
        "https://[::1",
        "https://exa mple.org",
    ] {
        refused(&machine.host, "redirect-uri", &with(uri));
    }
    assert_eq!(server.count(), 0, "something was sent");
    for uri in [
        "https://pve.example.org:8006",
        "https://pve.example.org:8006/",
        "https://pve.example.org/?console=1&x=y",
        "https://192.0.2.1:8006/",
        "https://[2001:db8::1]:8006/",
        "http://localhost:8006",
        "https://localhost",
        "http://127.0.0.1:8006/",
        "http://[::1]:8006/",
        "HTTPS://PVE.example.org",
    ] {
        run(&machine.host, &with(uri), BUDGET).expect(uri);
    }
}

#[test]
fn code_verifiers() {
    let (server, machine) = machine();
    let with = |verifier: &str| CodeExchange {
        code_verifier: Some(Secret::new(verifier)),
        ..request()
    };
    for verifier in [
        "a".repeat(42),
        "a".repeat(129),
        "+".repeat(43),
        "=".repeat(43),
        "ä".repeat(43),
    ] {
        refused(&machine.host, "code-verifier", &with(&verifier));
    }
    assert_eq!(server.count(), 0, "something was sent");
    for verifier in ["a".repeat(43), "aZ09-._~".repeat(16)] {
        run(&machine.host, &with(&verifier), BUDGET).unwrap();
    }
}

#[test]
fn unknown_providers() {
    let (server, machine) = machine();
    for name in ["google", "Google-OAuth2", "plain", "google-oauth2 "] {
        refused(
            &machine.host,
            "auth-method",
            &CodeExchange {
                auth_method: name.to_owned(),
                ..request()
            },
        );
    }
    assert_eq!(server.count(), 0, "something was sent");
}

#[test]
fn a_whole_redirect_url_is_no_code() {
    let (server, machine) = machine();
    for url in [
        "https://pve.example.org:8006/?code=4%2F0Aabc&state=x",
        "http://localhost/?code=abc",
    ] {
        let request = CodeExchange {
            authorization_code: Secret::new(url.to_owned()),
            ..request()
        };
        refused(&machine.host, "authorization-code", &request);
    }
    assert_eq!(server.count(), 0, "something was sent");
}
