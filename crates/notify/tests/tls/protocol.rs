//! Versions of TLS, suites, groups and parameters of the key exchange.

use openssl::dh::Dh;
use openssl::ssl::{SslContextBuilder, SslOptions, SslVerifyMode, SslVersion};

use crate::pki::{RSA2048, Wanted, Workshop};
use crate::row::{Accepted, Refused, Row, Setup, Tune, Verdict, row};

/// What is no certificate's fault.
const NO_TLS: Verdict = Refused("TLS");

/// A server with a key of RSA, with these settings.
fn case(title: &'static str, verdict: Verdict, tune: Tune) -> Row {
    row(title, verdict, move |workshop: &Workshop| {
        let root = workshop.root();
        let wanted = Wanted::server("DNS:mail.example.org").key(RSA2048);
        let leaf = workshop.issue(&wanted, &root);
        Setup::new(&[&leaf], &[&root]).tuned(tune)
    })
}

fn only(tls: &mut SslContextBuilder, version: SslVersion) {
    tls.set_min_proto_version(Some(version)).unwrap();
    tls.set_max_proto_version(Some(version)).unwrap();
}

/// TLS 1.2 with these suites.
fn suites(tls: &mut SslContextBuilder, list: &str) {
    only(tls, SslVersion::TLS1_2);
    tls.set_cipher_list(&format!("{list}:@SECLEVEL=0")).unwrap();
}

pub fn rows() -> Vec<Row> {
    let mut rows = versions();
    rows.extend(twelve());
    rows.extend(thirteen());
    rows
}

fn versions() -> Vec<Row> {
    vec![
        case("TLS 1.0", NO_TLS, |tls| only(tls, SslVersion::TLS1)),
        case("TLS 1.1", NO_TLS, |tls| only(tls, SslVersion::TLS1_1)),
        case("TLS 1.2", Accepted, |tls| only(tls, SslVersion::TLS1_2)),
        case("TLS 1.3", Accepted, |tls| only(tls, SslVersion::TLS1_3)),
    ]
}

fn twelve() -> Vec<Row> {
    vec![
        case("CBC", Accepted, |tls| suites(tls, "ECDHE-RSA-AES128-SHA")),
        case("CBC with SHA-384", Accepted, |tls| {
            suites(tls, "ECDHE-RSA-AES256-SHA384");
        }),
        case("key exchange by RSA", Accepted, |tls| {
            suites(tls, "AES128-GCM-SHA256");
        }),
        case("key exchange by RSA with CBC", Accepted, |tls| {
            suites(tls, "AES256-SHA")
        }),
        case("ChaCha20", Accepted, |tls| {
            suites(tls, "ECDHE-RSA-CHACHA20-POLY1305");
        }),
        case("no certificate", NO_TLS, |tls| {
            suites(tls, "ADH-AES128-SHA256")
        }),
        case("no encryption", NO_TLS, |tls| {
            suites(tls, "ECDHE-RSA-NULL-SHA")
        }),
        case("DH of 2048 bits", Accepted, |tls| {
            suites(tls, "DHE-RSA-AES128-GCM-SHA256");
            tls.set_tmp_dh(&Dh::get_2048_256().unwrap()).unwrap();
        }),
        case("DH of 1024 bits", NO_TLS, |tls| {
            suites(tls, "DHE-RSA-AES128-GCM-SHA256");
            tls.set_tmp_dh(&Dh::get_1024_160().unwrap()).unwrap();
        }),
        case("a client's certificate asked for", Accepted, |tls| {
            only(tls, SslVersion::TLS1_2);
            tls.set_verify(SslVerifyMode::PEER);
        }),
        case("a client's certificate demanded", Refused("alert"), |tls| {
            only(tls, SslVersion::TLS1_2);
            tls.set_verify(SslVerifyMode::PEER | SslVerifyMode::FAIL_IF_NO_PEER_CERT);
        }),
        case("no extended master secret", Accepted, |tls| {
            only(tls, SslVersion::TLS1_2);
            // SSL_OP_NO_EXTENDED_MASTER_SECRET
            tls.set_options(SslOptions::from_bits_retain(1));
        }),
        case("CBC by which the hash comes first", Accepted, |tls| {
            suites(tls, "ECDHE-RSA-AES128-SHA");
            // SSL_OP_NO_ENCRYPT_THEN_MAC
            tls.set_options(SslOptions::from_bits_retain(1 << 19));
        }),
        case("signatures by SHA-1 in TLS 1.2", NO_TLS, |tls| {
            only(tls, SslVersion::TLS1_2);
            tls.set_sigalgs_list("RSA+SHA1").unwrap();
        }),
        case(
            "signatures by RSA and SHA-224 in TLS 1.2",
            Accepted,
            |tls| {
                only(tls, SslVersion::TLS1_2);
                tls.set_sigalgs_list("RSA+SHA224").unwrap();
            },
        ),
    ]
}

fn thirteen() -> Vec<Row> {
    vec![
        case("TLS 1.3 with CCM", NO_TLS, |tls| {
            only(tls, SslVersion::TLS1_3);
            tls.set_ciphersuites("TLS_AES_128_CCM_SHA256").unwrap();
        }),
        case("P-521 alone", Accepted, |tls| {
            tls.set_groups_list("P-521").unwrap()
        }),
        case("X448 alone", Accepted, |tls| {
            tls.set_groups_list("X448").unwrap()
        }),
        case("a finite field alone", Accepted, |tls| {
            only(tls, SslVersion::TLS1_3);
            tls.set_groups_list("ffdhe2048").unwrap();
        }),
        case("brainpool alone", NO_TLS, |tls| {
            tls.set_groups_list("brainpoolP256r1").unwrap();
        }),
    ]
}
