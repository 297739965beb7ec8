//! A provider file that cannot be used: no builtin provider stands in for those that it may override.

use std::fs::{self, Permissions};
use std::net::SocketAddr;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use notify::oauth2::{CodeExchange, exchange_code_until};
use notify::upkeep::Condition;
use notify::{Deadline, Secret};

use crate::mta::token_endpoint;
use crate::site::Site;

const FILE: &str = "oauth2-providers.json";

/// How it breaks, and what is said of it: the cause, and the fix.
type Break = (&'static str, fn(&Path), &'static str, &'static str);

const BREAKS: [Break; 8] = [
    (
        "others may write it",
        |path| fs::set_permissions(path, Permissions::from_mode(0o666)).unwrap(),
        "it is writable by group or others",
        "chmod go-w",
    ),
    (
        "a link",
        |path| {
            let elsewhere = path.with_extension("elsewhere");
            fs::rename(path, &elsewhere).unwrap();
            symlink(elsewhere, path).unwrap();
        },
        "it is a symbolic link",
        "replace it",
    ),
    (
        "a link to nothing",
        |path| {
            fs::remove_file(path).unwrap();
            symlink(path.with_extension("nowhere"), path).unwrap();
        },
        "it is a symbolic link",
        "replace it",
    ),
    (
        "a folder",
        |path| {
            fs::remove_file(path).unwrap();
            fs::create_dir(path).unwrap();
        },
        "it is not a plain file",
        "replace it",
    ),
    (
        "no JSON",
        |path| fs::write(path, "{\"google-oauth2\":").unwrap(),
        "not understood",
        "fix it in the file",
    ),
    (
        "empty",
        |path| fs::write(path, "").unwrap(),
        "not understood",
        "fix it in the file",
    ),
    (
        "not UTF-8",
        |path| fs::write(path, b"{\"\xff\":{}}").unwrap(),
        "cannot read it",
        "replace it",
    ),
    (
        "too large",
        |path| fs::write(path, " ".repeat(64 * 1024 + 1)).unwrap(),
        "it is larger than 64 KiB",
        "shorten it",
    ),
];

/// Names of providers that were looked up.
static LOOKED_UP: AtomicUsize = AtomicUsize::new(0);

fn lookup(name: &str, port: u16) -> std::io::Result<Vec<SocketAddr>> {
    if name != "localhost" {
        LOOKED_UP.fetch_add(1, Ordering::SeqCst);
    }
    Ok(vec![([127, 0, 0, 1], port).into()])
}

fn target(name: &str, more: &str) -> String {
    format!(
        "smtp: {name}\n\tserver localhost\n\tport 9\n\tmode tls\n\tfrom-address pve@example.org\n\
         \tmailto ann@example.org\n\tusername pve@example.org\n\toauth2-client-id 1.apps.example.org\n{more}\n"
    )
}

#[test]
fn nobody_is_asked_in_its_place() {
    let tokens = token_endpoint("https://mail.google.com/");
    let port = tokens.address.port();
    let own = format!("https://localhost:{port}/token");
    let public = [
        target("relay", "\tauth-method google-oauth2\n"),
        target(
            "app",
            "\tauth-method microsoft-oauth2\n\toauth2-grant-type client-credentials\n\
             \toauth2-tenant-id example.org\n",
        ),
        target(
            "china",
            "\tauth-method microsoft-oauth2\n\toauth2-cloud china\n\toauth2-tenant-id example.org\n",
        ),
        target(
            "own",
            &format!(
                "\tauth-method custom-oauth2\n\toauth2-token-url {own}\n\
                 \toauth2-authorize-url {own}\n\toauth2-scopes https://mail.google.com/\n"
            ),
        ),
    ]
    .concat();
    let names = ["relay", "app", "china", "own"];
    let secrets: String = names
        .map(|name| format!("smtp: {name}\n\toauth2-client-secret s-cAnArY\n\n"))
        .concat();
    for (kind, spoil, cause, fix) in BREAKS {
        let mut site = Site::new(&public, &secrets);
        site.host = site.host.with_lookup(lookup);
        site.provider(&tokens);
        site.consent("relay");
        let path = site.path(FILE);
        spoil(&path);
        let asked = tokens.count();
        let told = |text: &str| {
            let place = path.display().to_string();
            for part in [place.as_str(), cause, fix] {
                assert!(text.contains(part), "{kind}: no '{part}' in {text}");
            }
        };
        for name in ["relay", "app", "china"] {
            let error = site.test(name).unwrap_err();
            assert_eq!(error.code(), 500, "{kind}: {error}");
            told(&error.to_string());
            let health = site.health(name);
            assert_eq!(health.condition, Condition::Misconfigured, "{kind}");
            told(&health.last_error.unwrap());
        }
        for (method, tenant) in [
            ("google-oauth2", None),
            ("microsoft-oauth2", Some("example.org")),
            ("added-oauth2", None),
        ] {
            let request = CodeExchange {
                auth_method: method.to_owned(),
                client_id: "client".to_owned(),
                client_secret: Secret::new("s-cAnArY"),
                tenant_id: tenant.map(str::to_owned),
                authorization_code: Secret::new("c-cAnArY"),
                redirect_uri: "https://pve.example.org:8006".to_owned(),
                code_verifier: None,
                token_url: None,
                scopes: None,
                client_auth: None,
            };
            let end = Deadline::after(Duration::from_secs(5));
            let error = exchange_code_until(&site.host, &request, end).unwrap_err();
            assert_eq!(error.code(), 500, "{kind}: {error}");
            told(&error.to_string());
        }
        assert_eq!(tokens.count(), asked, "{kind}: somebody was asked");
        // of the target's own settings alone
        site.consent("own");
        let health = site.health("own");
        assert_eq!(health.condition, Condition::Untested, "{kind}: {health:?}");
        site.token("own");
        assert_eq!(tokens.count(), asked + 1, "{kind}");
    }
    assert_eq!(LOOKED_UP.load(Ordering::SeqCst), 0, "a real provider");
}
