//! Where the environment and `openssl.cnf` say what counts.

use openssl::ssl::SslVersion;

use crate::namespace::{Row, row, settings};
use crate::pki::{RSA1024, RSA2048, Wanted, Workshop};
use crate::row::{Accepted, Refused, Setup, Verdict};
use crate::store::{
    ADD, BUNDLE_ONLY, BUNDLE_TOO, FOLDER_ONLY, NOTHING, REMOVE, UNKNOWN, check, usual,
};

/// What was set cannot be used; that may be told instead.
const UNUSABLE: Verdict = Refused("authority|CA bundle");
/// The folder that `SSL_CERT_DIR` names has it.
const ELSEWHERE: &str = r#"cp "$W/store.crt" "$W/other/row.pem"; openssl rehash "$W/other""#;

/// The variables of OpenSSL's store.
fn stores() -> Vec<Row> {
    vec![
        row(
            "SSL_CERT_DIR is set to nothing",
            usual,
            &[NOTHING, (FOLDER_ONLY, UNKNOWN), (BUNDLE_TOO, Accepted)],
        )
        .with(&[("SSL_CERT_DIR", "")]),
        row("SSL_CERT_FILE is another file", usual, &[NOTHING])
            .with(&[("SSL_CERT_FILE", "$W/other.crt")]),
        row(
            "SSL_CERT_FILE has the authority",
            usual,
            &[("true", Accepted)],
        )
        .with(&[("SSL_CERT_FILE", "$W/store.crt")]),
        row(
            "SSL_CERT_FILE is an empty file",
            usual,
            &[("true", UNUSABLE), (ADD, Accepted), (BUNDLE_ONLY, UNUSABLE)],
        )
        .with(&[("SSL_CERT_FILE", "$W/empty")]),
        row(
            "SSL_CERT_FILE is set to nothing",
            usual,
            &[NOTHING, (ADD, Accepted), (BUNDLE_ONLY, UNKNOWN)],
        )
        .with(&[("SSL_CERT_FILE", "")]),
        row(
            "SSL_CERT_FILE is missing",
            usual,
            &[("true", UNUSABLE), (FOLDER_ONLY, Accepted)],
        )
        .with(&[("SSL_CERT_FILE", "/nonexistent")]),
        row(
            "SSL_CERT_DIR is another folder",
            usual,
            &[
                NOTHING,
                (ADD, Accepted),
                (REMOVE, UNKNOWN),
                (FOLDER_ONLY, UNKNOWN),
                (ELSEWHERE, Accepted),
            ],
        )
        .with(&[("SSL_CERT_DIR", "$W/other")]),
        row(
            "SSL_CERT_DIR names two folders",
            usual,
            &[NOTHING, (ELSEWHERE, Accepted)],
        )
        .with(&[("SSL_CERT_DIR", "/etc/ssl/certs:$W/other")]),
        row("both are elsewhere", usual, &[(ADD, UNUSABLE)])
            .with(&[("SSL_CERT_FILE", "$W/empty"), ("SSL_CERT_DIR", "$W/other")]),
    ]
}

/// Settings of an administrator.
fn configurations() -> Vec<Row> {
    vec![
        row(
            "openssl.cnf wants TLS 1.3 of a server with 1.2",
            twelve,
            &[(ADD, Refused("TLS"))],
        )
        .with(&[("OPENSSL_CONF", "$W/thirteen.cnf")]),
        row(
            "openssl.cnf wants TLS 1.3 of a server with it",
            usual,
            &[(ADD, Accepted)],
        )
        .with(&[("OPENSSL_CONF", "$W/thirteen.cnf")]),
        row(
            "openssl.cnf wants the third level, RSA 2048",
            rsa,
            &[(ADD, Refused("weak"))],
        )
        .with(&[("OPENSSL_CONF", "$W/third.cnf")]),
        row("openssl.cnf is missing", usual, &[(ADD, Accepted)])
            .with(&[("OPENSSL_CONF", "/nonexistent")]),
        row("openssl.cnf is broken", usual, &[(ADD, Accepted)])
            .with(&[("OPENSSL_CONF", "$W/broken.cnf")]),
        row(
            "openssl.cnf has what OpenSSL does not know",
            usual,
            &[(ADD, Accepted)],
        )
        .with(&[("OPENSSL_CONF", "$W/unknown.cnf")]),
        row("openssl.cnf allows what is old", old, &[(ADD, Accepted)])
            .with(&[("OPENSSL_CONF", "$W/old.cnf")]),
    ]
}

/// All settings of the machine itself, in the place where they are.
fn at_its_place() -> Vec<Row> {
    vec![row(
        "openssl.cnf in its place",
        twelve,
        &[(ADD, Refused("TLS"))],
    )]
}

fn rsa(workshop: &Workshop) -> Setup {
    let root = workshop.root();
    let wanted = Wanted::server("DNS:mail.example.org").key(RSA2048);
    let leaf = workshop.issue(&wanted, &root);
    Setup::new(&[&leaf], &[&root])
}

/// TLS 1.0, 1024 bits, SHA-1.
fn old(workshop: &Workshop) -> Setup {
    let root = workshop.root();
    let wanted = Wanted::server("DNS:mail.example.org").key(RSA1024);
    let leaf = workshop.issue(&wanted.digest("sha1"), &root);
    Setup::new(&[&leaf], &[&root]).tuned(|tls| {
        let version = SslVersion::TLS1;
        tls.set_max_proto_version(Some(version)).unwrap();
    })
}

fn twelve(workshop: &Workshop) -> Setup {
    usual(workshop).tuned(|tls| {
        let version = SslVersion::TLS1_2;
        tls.set_max_proto_version(Some(version)).unwrap();
    })
}

#[test]
fn stores_of_the_environment() {
    check(&stores(), None);
}

#[test]
fn settings_of_the_environment() {
    check(&configurations(), None);
}

#[test]
fn settings_of_the_machine() {
    check(&at_its_place(), Some(&settings("MinProtocol=TLSv1.3")));
}
