//! What certificates say that they are for.

use crate::pki::{Wanted, Workshop};
use crate::row::{Accepted, Refused, Row, Setup, Verdict, row};

/// A server whose certificate says this, too.
fn server(title: &'static str, verdict: Verdict, extension: &'static str) -> Row {
    row(title, verdict, move |workshop: &Workshop| {
        let root = workshop.root();
        let wanted = Wanted::server("DNS:mail.example.org").saying(&[extension]);
        let leaf = workshop.issue(&wanted, &root);
        Setup::new(&[&leaf], &[&root])
    })
}

/// A chain of three, whose intermediate says this, too.
fn middle(title: &'static str, verdict: Verdict, extension: &'static str) -> Row {
    row(title, verdict, move |workshop: &Workshop| {
        let root = workshop.root();
        let wanted = Wanted::authority("A middle").saying(&[extension]);
        let middle = workshop.issue(&wanted, &root);
        let leaf = Wanted::server("DNS:mail.example.org");
        let leaf = workshop.issue(&leaf, &middle);
        Setup::new(&[&leaf, &middle], &[&root])
    })
}

const NOT_ACCEPTABLE: Verdict = Refused("certificate");

pub fn rows() -> Vec<Row> {
    vec![
        server("for clients", NOT_ACCEPTABLE, "extendedKeyUsage=clientAuth"),
        server(
            "for clients and servers",
            Accepted,
            "extendedKeyUsage=clientAuth,serverAuth",
        ),
        server(
            "for any purpose by name",
            NOT_ACCEPTABLE,
            "extendedKeyUsage=anyExtendedKeyUsage",
        ),
        server(
            "a key that signs certificates alone",
            NOT_ACCEPTABLE,
            "keyUsage=critical,keyCertSign",
        ),
        server(
            "a key that signs nothing",
            Accepted,
            "keyUsage=critical,keyEncipherment",
        ),
        server(
            "an unknown extension",
            Accepted,
            "1.2.3.4=ASN1:UTF8String:x",
        ),
        server(
            "an unknown critical extension",
            NOT_ACCEPTABLE,
            "1.2.3.4=critical,ASN1:UTF8String:x",
        ),
        server(
            "no extension but its name",
            Accepted,
            "basicConstraints=CA:FALSE",
        ),
        middle(
            "an issuer that is none",
            NOT_ACCEPTABLE,
            "basicConstraints=critical,CA:FALSE",
        ),
        middle(
            "an issuer that may not sign",
            NOT_ACCEPTABLE,
            "keyUsage=critical,digitalSignature",
        ),
        middle(
            "an issuer for clients",
            NOT_ACCEPTABLE,
            "extendedKeyUsage=clientAuth",
        ),
        middle(
            "an issuer for servers",
            Accepted,
            "extendedKeyUsage=serverAuth",
        ),
        middle(
            "an issuer for these names",
            Accepted,
            "nameConstraints=critical,permitted;DNS:example.org",
        ),
        middle(
            "an issuer for other names",
            NOT_ACCEPTABLE,
            "nameConstraints=critical,permitted;DNS:example.com",
        ),
        middle(
            "an issuer for all names but these",
            NOT_ACCEPTABLE,
            "nameConstraints=critical,excluded;DNS:example.org",
        ),
        middle(
            "an issuer with a policy",
            Accepted,
            "certificatePolicies=1.2.3.4",
        ),
        row("an issuer of bare certificates", Accepted, |workshop| {
            let root = workshop.root();
            let wanted = Wanted::server("").bare().called("mail.example.org");
            let leaf = workshop.issue(&wanted, &root);
            Setup::new(&[&leaf], &[&root])
        }),
        row(
            "a chain longer than its root allows",
            NOT_ACCEPTABLE,
            |workshop| {
                let root = Wanted::authority("Short root")
                    .saying(&["basicConstraints=critical,CA:TRUE,pathlen:0"]);
                let root = workshop.self_signed(&root);
                let middle = workshop.issue(&Wanted::authority("A middle"), &root);
                let leaf = Wanted::server("DNS:mail.example.org");
                let leaf = workshop.issue(&leaf, &middle);
                Setup::new(&[&leaf, &middle], &[&root])
            },
        ),
    ]
}
