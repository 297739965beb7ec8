//! What belongs to the machine: its provider file, its CA certificates, its kind.

use std::fs::{self, Permissions};
use std::os::unix::fs::{PermissionsExt, symlink};
use std::process::Command;

use notify::oauth2::{ClientAuth, Providers, Tenant};
use notify::{Host, tls};

use crate::peer::{Folder, GRANT, Machine, Pki, Server, json, key, run, write_file};

const FILE: &str = "oauth2-providers.json";

/// The provider file's fault on a machine that has this text in it.
fn fault(text: &str) -> Option<String> {
    let folder = Folder::new();
    write_file(&folder.0.join(FILE), text);
    let providers = Providers::load(&Host::standalone(&folder.0));
    let fault = providers.fault().map(ToString::to_string);
    if let Some(error) = providers.fault() {
        assert!(error.to_string().contains(FILE), "{error:?}");
        assert_eq!(providers.iter().count(), 2, "the builtin ones remain");
        assert!(
            providers.iter().all(|p| !p.token_url.contains("evil")),
            "{text}"
        );
    }
    fault
}

#[test]
fn the_provider_file_adds_and_overrides() {
    let folder = Folder::new();
    write_file(
        &folder.0.join(FILE),
        r#"{"google-oauth2":{"token-url":"https://google.example.org/token"},
            "microsoft-oauth2":{"client-auth":"basic"},
            "own-oauth2":{"authorize-url":"https://own.example.org/{tenant}/a","token-url":"https://own.example.org/{tenant}/t",
                          "scopes":["smtp.send","offline_access"],"tenant":"required"}}"#,
    );
    let providers = Providers::load(&Host::standalone(&folder.0));
    assert!(providers.fault().is_none(), "{:?}", providers.fault());
    assert_eq!(providers.iter().count(), 3);
    let google = providers.find("google-oauth2").unwrap();
    assert_eq!(google.token_url, "https://google.example.org/token");
    assert_eq!(google.scopes, ["https://mail.google.com/"]);
    let microsoft = providers.find("microsoft-oauth2").unwrap();
    assert_eq!(
        (microsoft.client_auth, microsoft.tenant),
        (Some(ClientAuth::Basic), Tenant::Required)
    );
    let own = providers.find("own-oauth2").unwrap();
    assert_eq!(
        (own.client_auth, own.tenant),
        (Some(ClientAuth::Post), Tenant::Required)
    );
}

#[test]
fn a_faulty_provider_file_cannot_be_used_as_a_whole() {
    let entry = |url: &str| format!(r#"{{"google-oauth2":{{"token-url":"{url}"}}}}"#);
    assert_eq!(fault("{}"), None);
    assert_eq!(fault(&entry("https://evil.example.org/")), None);
    for (text, word) in [
        (String::new(), "not understood"),
        ("[]".to_owned(), "not understood"),
        ("{\"google-oauth2\":".to_owned(), "not understood"),
        (
            entry("http://evil.example.org/"),
            "must begin with https://",
        ),
        (entry("https://user@evil.example.org/"), "user or password"),
        (entry("https://evil.example.org/#x"), "fragment"),
        (entry("https://evil.example.org/{tenant}"), "{tenant}"),
        (entry("evil"), "must begin with https://"),
        (entry("https://[evil"), "not a URL"),
        (entry("https://evil.example.org/ x"), "whitespace"),
        (entry(""), "missing"),
        (
            entry(&format!("https://evil.example.org/{}", "a".repeat(2048))),
            "too long",
        ),
        (
            r#"{"microsoft-oauth2":{"token-url":"https://evil.example.org/token"}}"#.to_owned(),
            "{tenant}",
        ),
        (
            r#"{"microsoft-oauth2":{"token-url":"https://{tenant}.evil.example.org/"}}"#.to_owned(),
            "host name",
        ),
        (
            r#"{"google-oauth2":{"token-uri":"https://evil.example.org/"}}"#.to_owned(),
            "token-uri",
        ),
        (
            r#"{"google-oauth2":{"client-auth":"none"}}"#.to_owned(),
            "none",
        ),
        (r#"{"google-oauth2":{"scopes":[]}}"#.to_owned(), "scope"),
        (
            r#"{"google-oauth2":{"scopes":["offline_access"]}}"#.to_owned(),
            "scope",
        ),
        (
            r#"{"google-oauth2":{"scopes":["a b"]}}"#.to_owned(),
            "scopes",
        ),
        (
            r#"{"own":{"token-url":"https://evil.example.org/","scopes":["mail"]}}"#.to_owned(),
            "authorize-url",
        ),
        (r#"{"Own!":{}}"#.to_owned(), "name"),
        (
            r#"{"google-oauth2":{"token-url":"https://evil.example.org/"},"other-oauth2":{}}"#
                .to_owned(),
            "other-oauth2",
        ),
    ] {
        let fault = fault(&text).unwrap_or_else(|| panic!("{text} was taken"));
        assert!(fault.contains(word), "{fault}");
    }
}

#[test]
fn a_provider_file_that_others_could_have_written_cannot_be_used() {
    let text = r#"{"google-oauth2":{"token-url":"https://evil.example.org/"}}"#;
    let folder = Folder::new();
    let path = folder.0.join(FILE);
    let host = Host::standalone(&folder.0);
    let fault = || Providers::load(&host).fault().map(ToString::to_string);
    write_file(&path, text);
    for (mode, word) in [
        (0o620, Some("writable")),
        (0o602, Some("writable")),
        (0o666, Some("writable")),
        (0o644, None),
    ] {
        fs::set_permissions(&path, Permissions::from_mode(mode)).unwrap();
        match (fault(), word) {
            (Some(fault), Some(word)) => assert!(fault.contains(word), "{mode:o}: {fault}"),
            (None, None) => {}
            (fault, _) => panic!("{mode:o}: {fault:?}"),
        }
    }
    // of another owner; only root can make one
    if rustix::process::geteuid().is_root() {
        std::os::unix::fs::chown(&path, Some(65534), None).unwrap();
        assert!(
            fault()
                .unwrap()
                .contains("owned by neither root nor the caller")
        );
    }
    fs::rename(&path, folder.0.join("elsewhere")).unwrap();
    symlink(folder.0.join("elsewhere"), &path).unwrap();
    assert!(fault().unwrap().contains("symbolic link"));
    fs::remove_file(&path).unwrap();
    fs::create_dir(&path).unwrap();
    assert!(fault().unwrap().contains("not a plain file"));
    fs::remove_dir(&path).unwrap();
    assert!(
        Command::new("mkfifo")
            .arg(&path)
            .status()
            .unwrap()
            .success()
    );
    assert!(
        fault().unwrap().contains("not a plain file"),
        "a FIFO must not block"
    );
    fs::remove_file(&path).unwrap();
    write_file(&path, &" ".repeat(64 * 1024 + 1));
    fs::set_permissions(&path, Permissions::from_mode(0o600)).unwrap();
    assert!(fault().unwrap().contains("larger than 64 KiB"));
    fs::remove_file(&path).unwrap();
    assert_eq!(fault(), None, "no file is no fault");
}

#[test]
fn with_a_file_that_cannot_be_used_no_provider_is_known() {
    let folder = Folder::new();
    write_file(&folder.0.join(FILE), "{");
    let providers = Providers::load(&Host::standalone(&folder.0));
    for name in ["own-oauth2", "google-oauth2", "microsoft-oauth2"] {
        let error = providers.find(name).unwrap_err();
        assert_eq!(error.code(), 500);
        let text = error.to_string();
        assert!(
            text.contains("oauth2-providers.json: not understood"),
            "{text}"
        );
        assert!(text.ends_with("; fix it in the file"), "{text}");
    }
}

#[test]
fn a_node_of_the_cluster_has_no_provider_file() {
    let folder = Folder::new();
    write_file(
        &folder.0.join(FILE),
        r#"{"own-oauth2":{"authorize-url":"https://a.example.org/","token-url":"https://a.example.org/","scopes":["m"]},
            "google-oauth2":{"token-url":"https://evil.example.org/"}}"#,
    );
    let providers = Providers::load(&Host::pve().with_config_dir(&folder.0));
    assert!(providers.find("own-oauth2").is_err() && providers.fault().is_none());
    let google = providers.find("google-oauth2").unwrap();
    assert_eq!(google.token_url, "https://oauth2.googleapis.com/token");
}

#[test]
fn ca_certificates_are_read_again_when_the_bundle_changes() {
    let server = Server::answering(json("200 OK", GRANT));
    let machine = Machine::new(&server);
    let bundle = machine.folder.0.join("ca.crt");
    let other = Pki::new("Other CA").bundle();
    // removed, as update-ca-certificates does it: a new file takes the name
    let replace = |text: &str| {
        write_file(&machine.folder.0.join("new"), text);
        fs::rename(machine.folder.0.join("new"), &bundle).unwrap();
    };
    for _ in 0..2 {
        machine.exchange().unwrap();
        replace(&other);
        assert_eq!(key(&machine.refusal()), "certificate-chain");
        // an admin's own authority beside others
        let both = format!("{other}\n# text\n{}", Pki::shared().bundle());
        replace(&both);
        machine.exchange().unwrap();
        // OpenSSL uses nothing of a file in which one is broken
        let broken = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n";
        replace(&(both + broken));
        let error = machine.refusal();
        assert!(error.to_string().contains("or a broken one"), "{error}");
        replace(&Pki::shared().bundle());
    }
}

#[test]
fn an_unchanged_bundle_is_parsed_once() {
    let folder = Folder::new();
    let path = folder.0.join("ca.crt");
    write_file(&path, &Pki::new("Parsed once").bundle());
    // other tests use the one place of the cache in between, so once in many tries must do
    let same = |_| {
        let (first, second) = (
            tls::authorities(&path).unwrap(),
            tls::authorities(&path).unwrap(),
        );
        std::sync::Arc::ptr_eq(&first, &second)
    };
    assert!((0..1000).any(same));
}

#[test]
fn a_bundle_that_cannot_be_used_is_the_machines_fault() {
    let server = Server::answering(json("200 OK", GRANT));
    let mut machine = Machine::new(&server);
    let path = machine.folder.0.join("broken.crt");
    machine.host = machine.host.with_ca_bundle(&path);
    let check = |word: &str| {
        let error = run(
            &machine.host,
            &crate::peer::request(),
            std::time::Duration::from_secs(5),
        )
        .unwrap_err();
        assert_eq!(error.code(), 500, "{error}");
        assert!(
            error.to_string().contains("broken.crt") && error.to_string().contains(word),
            "{error}"
        );
    };
    check("it does not exist");
    let fifo = std::process::Command::new("mkfifo").arg(&path).status();
    assert!(fifo.unwrap().success());
    check("not a plain file");
    fs::remove_file(&path).unwrap();
    write_file(&path, "");
    check("no usable certificate");
    write_file(&path, "no certificate at all");
    check("no usable certificate");
    fs::remove_file(&path).unwrap();
    fs::create_dir(&path).unwrap();
    check("not a plain file");
    assert_eq!(server.count(), 0, "something was sent without trust");
}
