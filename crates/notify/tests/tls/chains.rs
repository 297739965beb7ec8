//! How the server's certificate comes to one that is trusted.

use openssl::asn1::Asn1Time;
use openssl::bn::BigNum;
use openssl::hash::MessageDigest;
use openssl::pkey::PKey;
use openssl::x509::{X509, X509Name, X509NameRef};

use crate::pki::{IN_SIXTY_YEARS, Issued, LAST_YEAR, LONG_AGO, Wanted, Workshop};
use crate::row::{Accepted, NAME, Refused, Row, Setup, row};

fn server() -> Wanted {
    Wanted::server("DNS:mail.example.org")
}

/// Root, two intermediates, server.
fn long(workshop: &Workshop) -> [Issued; 4] {
    let root = workshop.root();
    let upper = workshop.issue(&Wanted::authority("Upper"), &root);
    let lower = workshop.issue(&Wanted::authority("Lower"), &upper);
    let leaf = workshop.issue(&server(), &lower);
    [root, upper, lower, leaf]
}

/// As `openssl req -x509` makes one: its own authority.
fn self_signed(workshop: &Workshop, constraints: &str) -> Issued {
    let ours = server()
        .called(NAME)
        .saying(&["subjectKeyIdentifier=hash", "authorityKeyIdentifier=keyid"])
        .saying(&[
            "keyUsage=critical,digitalSignature,keyCertSign",
            constraints,
        ]);
    workshop.self_signed(&ours)
}

/// A certificate of version 1, which has no extensions, in the place of another one. The program makes
/// them in some releases only.
fn version_1(of: &Issued, name: &str, issuer: Option<&Issued>) -> Issued {
    let read = |one: &Issued| X509::from_pem(one.pem().as_bytes()).unwrap();
    let key = |one: &Issued| {
        let pem = std::fs::read(&one.key).unwrap();
        PKey::private_key_from_pem(&pem).unwrap()
    };
    let mut subject = X509Name::builder().unwrap();
    subject.append_entry_by_text("CN", name).unwrap();
    let subject = subject.build();
    let mut made = X509::builder().unwrap();
    made.set_version(0).unwrap();
    let number = BigNum::from_u32(7).unwrap().to_asn1_integer().unwrap();
    made.set_serial_number(&number).unwrap();
    made.set_subject_name(&subject).unwrap();
    let theirs = issuer.map(read);
    let parent: &X509NameRef = theirs.as_ref().map_or(&subject, |one| one.subject_name());
    made.set_issuer_name(parent).unwrap();
    let moment = |text| Asn1Time::from_str(text).unwrap();
    made.set_not_before(&moment(LONG_AGO)).unwrap();
    made.set_not_after(&moment(IN_SIXTY_YEARS)).unwrap();
    made.set_pubkey(&key(of)).unwrap();
    let signer = key(issuer.unwrap_or(of));
    made.sign(&signer, MessageDigest::sha256()).unwrap();
    let mut issued = of.clone();
    issued.certificate.set_extension("v1");
    let pem = made.build().to_pem().unwrap();
    std::fs::write(&issued.certificate, pem).unwrap();
    issued
}

pub fn rows() -> Vec<Row> {
    let mut rows = whole();
    rows.extend(alone());
    rows.extend(old());
    rows.extend(trusted());
    rows
}

fn whole() -> Vec<Row> {
    vec![
        row("chain of two", Accepted, |workshop| {
            let (root, leaf) = workshop.usual();
            Setup::new(&[&leaf], &[&root])
        }),
        row("chain of four", Accepted, |workshop| {
            let [root, upper, lower, leaf] = long(workshop);
            Setup::new(&[&leaf, &lower, &upper], &[&root])
        }),
        row("chain of twelve", Accepted, |workshop| {
            let root = workshop.root();
            let mut chain = vec![root.clone()];
            for number in 1..=10 {
                let next = Wanted::authority(&format!("Number {number}"));
                chain.push(workshop.issue(&next, &chain[number - 1]));
            }
            let leaf = workshop.issue(&server(), &chain[10]);
            let mut shown: Vec<_> = chain.iter().skip(1).rev().collect();
            shown.insert(0, &leaf);
            Setup::new(&shown, &[&root])
        }),
        row("with its root", Accepted, |workshop| {
            let [root, upper, lower, leaf] = long(workshop);
            Setup::new(&[&leaf, &lower, &upper, &root], &[&root])
        }),
        row("in the wrong order", Accepted, |workshop| {
            let [root, upper, lower, leaf] = long(workshop);
            Setup::new(&[&leaf, &root, &upper, &lower], &[&root])
        }),
        row("with others between them", Accepted, |workshop| {
            let [root, upper, lower, leaf] = long(workshop);
            let other = workshop.self_signed(&Wanted::authority("Other"));
            Setup::new(&[&leaf, &other, &lower, &other, &upper], &[&other, &root])
        }),
        row("with a hundred others", Accepted, |workshop| {
            let (root, leaf) = workshop.usual();
            let other = workshop.self_signed(&Wanted::authority("Other"));
            let mut chain = vec![&other; 100];
            chain.insert(0, &leaf);
            Setup::new(&chain, &[&root])
        }),
        row(
            "with more others than any chain has",
            Refused("TLS"),
            |workshop| {
                let (root, leaf) = workshop.usual();
                let other = workshop.self_signed(&Wanted::authority("Other"));
                let mut chain = vec![&other; 400];
                chain.insert(0, &leaf);
                Setup::new(&chain, &[&root])
            },
        ),
        row(
            "without its intermediate",
            Refused("intermediate"),
            |workshop| {
                let [root, _, lower, leaf] = long(workshop);
                Setup::new(&[&leaf, &lower], &[&root])
            },
        ),
        row(
            "without all intermediates",
            Refused("intermediate"),
            |workshop| {
                let [root, _, _, leaf] = long(workshop);
                Setup::new(&[&leaf], &[&root])
            },
        ),
        row("intermediates in the store", Accepted, |workshop| {
            let [root, upper, lower, leaf] = long(workshop);
            Setup::new(&[&leaf], &[&lower, &upper, &root])
        }),
        row(
            "an intermediate in the store, no root",
            Refused("authority"),
            |workshop| {
                let [_, upper, lower, leaf] = long(workshop);
                Setup::new(&[&leaf, &lower], &[&upper])
            },
        ),
        row(
            "an unknown root that the server shows",
            Refused("authority"),
            |workshop| {
                let [root, upper, lower, leaf] = long(workshop);
                let other = workshop.self_signed(&Wanted::authority("Other"));
                Setup::new(&[&leaf, &lower, &upper, &root], &[&other])
            },
        ),
        row(
            "another root of the same name",
            Refused("authority|signature"),
            |workshop| {
                let (_, leaf) = workshop.usual();
                let root = Wanted::authority("The root").key(crate::pki::P384);
                let root = workshop.self_signed(&root);
                Setup::new(&[&leaf], &[&root])
            },
        ),
        row(
            "an expired root shown, its successor in the store",
            Accepted,
            |workshop| {
                let (root, leaf) = workshop.usual();
                let old = Wanted::authority("The root").span(LONG_AGO, LAST_YEAR);
                let old = workshop.self_signed(&old);
                Setup::new(&[&leaf, &old], &[&root])
            },
        ),
        row(
            "an expired root and its successor in the store",
            Accepted,
            |workshop| {
                let (root, leaf) = workshop.usual();
                let old = Wanted::authority("The root").span(LONG_AGO, LAST_YEAR);
                let old = workshop.self_signed(&old);
                Setup::new(&[&leaf], &[&old, &root])
            },
        ),
    ]
}

/// The server's own certificate, trusted itself.
fn alone() -> Vec<Row> {
    vec![
        row(
            "self-signed as by req -x509, in the store",
            Accepted,
            |workshop| {
                let leaf = self_signed(workshop, "basicConstraints=critical,CA:TRUE");
                Setup::new(&[&leaf], &[&leaf])
            },
        ),
        row(
            "self-signed as by req -x509, not in the store",
            Refused("authority|self-signed"),
            |workshop| {
                let leaf = self_signed(workshop, "basicConstraints=critical,CA:TRUE");
                Setup::new(&[&leaf], &[&workshop.root()])
            },
        ),
        row(
            "self-signed, CA:FALSE, in the store",
            Accepted,
            |workshop| {
                let leaf = self_signed(workshop, "basicConstraints=CA:FALSE");
                Setup::new(&[&leaf], &[&leaf])
            },
        ),
        row(
            "self-signed, CA:FALSE, not in the store",
            Refused("authority|self-signed"),
            |workshop| {
                let leaf = self_signed(workshop, "basicConstraints=CA:FALSE");
                Setup::new(&[&leaf], &[&workshop.root()])
            },
        ),
        row(
            "the server's certificate in the store, its issuer not",
            Refused("authority"),
            |workshop| {
                let (_, leaf) = workshop.usual();
                Setup::new(&[&leaf], &[&leaf])
            },
        ),
    ]
}

/// Version 1 of X.509.
fn old() -> Vec<Row> {
    vec![
        row(
            "version 1, self-signed, in the store",
            Accepted,
            |workshop| {
                let (_, leaf) = workshop.usual();
                let leaf = version_1(&leaf, NAME, None);
                Setup::new(&[&leaf], &[&leaf])
            },
        ),
        row("version 1, issued", Accepted, |workshop| {
            let (root, leaf) = workshop.usual();
            let leaf = version_1(&leaf, NAME, Some(&root));
            Setup::new(&[&leaf], &[&root])
        }),
        row("version 1, the root", Accepted, |workshop| {
            let root = workshop.self_signed(&Wanted::authority("An old root"));
            let root = version_1(&root, "An old root", None);
            let leaf = workshop.issue(&server(), &root);
            Setup::new(&[&leaf], &[&root])
        }),
        row(
            "version 1, the intermediate",
            Refused("certificate"),
            |workshop| {
                let root = workshop.root();
                let middle = workshop.issue(&Wanted::authority("Middle"), &root);
                let middle = version_1(&middle, "Middle", Some(&root));
                let leaf = workshop.issue(&server(), &middle);
                Setup::new(&[&leaf, &middle], &[&root])
            },
        ),
    ]
}

/// Certificates in the store that say what they are trusted for.
fn trusted() -> Vec<Row> {
    let root = |title, verdict, options: &'static str| {
        row(title, verdict, move |workshop: &Workshop| {
            let (root, leaf) = workshop.usual();
            let mut setup = Setup::new(&[&leaf], &[]);
            setup.store = workshop.trusted(&root, options);
            setup
        })
    };
    let rejected = Refused("certificate");
    vec![
        root("trusted for servers", Accepted, "-addtrust serverAuth"),
        root("trusted for clients", rejected, "-addtrust clientAuth"),
        root("rejected for servers", rejected, "-addreject serverAuth"),
        row(
            "an intermediate trusted for servers",
            Accepted,
            |workshop| {
                let [_, _, lower, leaf] = long(workshop);
                let mut setup = Setup::new(&[&leaf], &[]);
                setup.store = workshop.trusted(&lower, "-addtrust serverAuth");
                setup
            },
        ),
        row(
            "beside a broken certificate",
            Refused("certificate"),
            |workshop| {
                let (root, leaf) = workshop.usual();
                let mut setup = Setup::new(&[&leaf], &[&root]);
                setup.store += "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n";
                setup
            },
        ),
    ]
}
