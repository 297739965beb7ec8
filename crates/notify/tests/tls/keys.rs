//! Kinds and sizes of keys, curves, and the hashes of signatures.

use openssl::ssl::{SslContextBuilder, SslVersion};

use crate::pki::{
    ED448, ED25519, EXPLICIT, Issued, P256, P384, P521, RSA_3, RSA_PSS, RSA1024, RSA2048, RSA3072,
    RSA4096, SECP256K1, Wanted, Workshop,
};
use crate::row::{Accepted, Refused, Row, Setup, row};

fn server() -> Wanted {
    Wanted::server("DNS:mail.example.org")
}

/// A chain of two, the server with a key of this kind.
fn with_key(kind: &'static str) -> impl Fn(&Workshop) -> Setup {
    move |workshop| {
        let root = workshop.root();
        let leaf = workshop.issue(&server().key(kind), &root);
        Setup::new(&[&leaf], &[&root])
    }
}

/// An authority with this kind of key, whose signature on the server's certificate has this hash.
fn signed(kind: &'static str, digest: &'static str) -> impl Fn(&Workshop) -> Setup {
    move |workshop| {
        let root = workshop.self_signed(&Wanted::authority("A root").key(kind));
        let leaf = workshop.issue(&server().digest(digest), &root);
        Setup::new(&[&leaf], &[&root])
    }
}

fn intermediate(workshop: &Workshop, wanted: Wanted) -> (Issued, Issued, Issued) {
    let root = workshop.self_signed(&Wanted::authority("A root").key(RSA2048));
    let middle = workshop.issue(&wanted, &root);
    let leaf = workshop.issue(&server(), &middle);
    (root, middle, leaf)
}

fn twelve(tls: &mut SslContextBuilder) {
    tls.set_max_proto_version(Some(SslVersion::TLS1_2)).unwrap();
}

pub fn rows() -> Vec<Row> {
    vec![
        row("RSA 2048", Accepted, with_key(RSA2048)),
        row("RSA 3072", Accepted, with_key(RSA3072)),
        row("RSA 4096", Accepted, with_key(RSA4096)),
        row("RSA 1024", Refused("weak"), with_key(RSA1024)),
        row("RSA with the exponent 3", Accepted, with_key(RSA_3)),
        row(
            "P-256 with its parameters written out",
            Refused("certificate"),
            with_key(EXPLICIT),
        ),
        row("RSA-PSS", Accepted, with_key(RSA_PSS)),
        row("P-256", Accepted, with_key(P256)),
        row("P-384", Accepted, with_key(P384)),
        row("P-521", Accepted, with_key(P521)),
        row("secp256k1", Refused("TLS"), with_key(SECP256K1)),
        row("secp256k1 by TLS 1.2", Refused("TLS"), |workshop| {
            with_key(SECP256K1)(workshop).tuned(twelve)
        }),
        row("P-384 by TLS 1.2", Accepted, |workshop| {
            with_key(P384)(workshop).tuned(twelve)
        }),
        row("P-521 by TLS 1.2", Accepted, |workshop| {
            with_key(P521)(workshop).tuned(twelve)
        }),
        row("Ed25519", Accepted, with_key(ED25519)),
        row("Ed448", Accepted, with_key(ED448)),
        row(
            "RSA authority, SHA-256",
            Accepted,
            signed(RSA2048, "sha256"),
        ),
        row(
            "RSA authority, SHA-384",
            Accepted,
            signed(RSA2048, "sha384"),
        ),
        row(
            "RSA authority, SHA-512",
            Accepted,
            signed(RSA2048, "sha512"),
        ),
        row(
            "RSA authority, SHA-224",
            Accepted,
            signed(RSA2048, "sha224"),
        ),
        row(
            "RSA authority, SHA3-256",
            Accepted,
            signed(RSA2048, "sha3-256"),
        ),
        row(
            "RSA authority, SHA-1",
            Refused("weak"),
            signed(RSA2048, "sha1"),
        ),
        row(
            "RSA authority, MD5",
            Refused("weak"),
            signed(RSA2048, "md5"),
        ),
        row("RSA-PSS authority", Accepted, signed(RSA_PSS, "sha256")),
        row(
            "RSA 1024 authority",
            Refused("weak"),
            signed(RSA1024, "sha256"),
        ),
        row("P-256 authority, SHA-384", Accepted, signed(P256, "sha384")),
        row("P-256 authority, SHA-512", Accepted, signed(P256, "sha512")),
        row("P-384 authority, SHA-256", Accepted, signed(P384, "sha256")),
        row("P-384 authority, SHA-512", Accepted, signed(P384, "sha512")),
        row("P-521 authority, SHA-256", Accepted, signed(P521, "sha256")),
        row("P-521 authority, SHA-512", Accepted, signed(P521, "sha512")),
        row(
            "P-256 authority, SHA-1",
            Refused("weak"),
            signed(P256, "sha1"),
        ),
        row("secp256k1 authority", Accepted, signed(SECP256K1, "sha256")),
        row("Ed25519 authority", Accepted, signed(ED25519, "null")),
        row("Ed448 authority", Accepted, signed(ED448, "null")),
        row("root by SHA-1", Accepted, |workshop| {
            let root = Wanted::authority("An old root").key(RSA2048).digest("sha1");
            let root = workshop.self_signed(&root);
            let leaf = workshop.issue(&server(), &root);
            Setup::new(&[&leaf], &[&root])
        }),
        row("intermediate by SHA-1", Refused("weak"), |workshop| {
            let wanted = Wanted::authority("A middle").digest("sha1");
            let (root, middle, leaf) = intermediate(workshop, wanted);
            Setup::new(&[&leaf, &middle], &[&root])
        }),
        row("intermediate of 1024 bits", Refused("weak"), |workshop| {
            let wanted = Wanted::authority("A middle").key(RSA1024);
            let (root, middle, leaf) = intermediate(workshop, wanted);
            Setup::new(&[&leaf, &middle], &[&root])
        }),
    ]
}
