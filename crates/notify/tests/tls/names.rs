//! Whose certificate it is: names and addresses.

use std::net::{Ipv6Addr, TcpListener};

use openssl::ssl::{NameType, SniError};

use crate::pki::{Wanted, Workshop};
use crate::row::{Accepted, Refused, Row, Setup, Verdict, row};

/// A server with these alternative names and this common name, called `name`.
fn case(
    title: &'static str,
    verdict: Verdict,
    alternatives: &'static str,
    common: &'static str,
    name: &'static str,
) -> Row {
    row(title, verdict, move |workshop: &Workshop| {
        let root = workshop.root();
        let wanted = Wanted::server(alternatives).called(common);
        let leaf = workshop.issue(&wanted, &root);
        Setup::new(&[&leaf], &[&root]).named(name)
    })
}

const MAIL: &str = "mail.example.org";
const OTHER: &str = "other.example.org";
const WRONG: Verdict = Refused("another name");

pub fn rows() -> Vec<Row> {
    let mut rows = hosts();
    rows.extend(wildcards());
    rows.extend(addresses());
    rows.extend(ipv6_addresses());
    rows.extend(asked_for());
    rows
}

fn hosts() -> Vec<Row> {
    vec![
        case(
            "alternative name",
            Accepted,
            "DNS:mail.example.org",
            OTHER,
            MAIL,
        ),
        case(
            "the second alternative name",
            Accepted,
            "DNS:other.example.org,DNS:mail.example.org",
            OTHER,
            MAIL,
        ),
        case("common name alone", Accepted, "", MAIL, MAIL),
        case(
            "common name, alternative names without hosts",
            Accepted,
            "email:root@example.org",
            MAIL,
            MAIL,
        ),
        case(
            "common name, another alternative name",
            WRONG,
            "DNS:other.example.org",
            MAIL,
            MAIL,
        ),
        case("another name", WRONG, "DNS:other.example.org", OTHER, MAIL),
        case("another common name alone", WRONG, "", OTHER, MAIL),
        case(
            "capital letters in the certificate",
            Accepted,
            "DNS:MAIL.Example.ORG",
            OTHER,
            MAIL,
        ),
        case(
            "capital letters in the setting",
            Accepted,
            "DNS:mail.example.org",
            OTHER,
            "Mail.EXAMPLE.org",
        ),
        case(
            "a dot behind the name in the setting",
            WRONG,
            "DNS:mail.example.org",
            OTHER,
            "mail.example.org.",
        ),
        case(
            "a dot behind the name in the certificate",
            WRONG,
            "DNS:mail.example.org.",
            OTHER,
            MAIL,
        ),
        case(
            "name of another alphabet",
            Accepted,
            "DNS:xn--mller-kva.example.org",
            OTHER,
            "xn--mller-kva.example.org",
        ),
        case(
            "name of one word",
            Accepted,
            "DNS:mailhost",
            OTHER,
            "mailhost",
        ),
        case(
            "name with a low line",
            Accepted,
            "DNS:mail_1.example.org",
            OTHER,
            "mail_1.example.org",
        ),
        case("a name above it", WRONG, "DNS:example.org", OTHER, MAIL),
    ]
}

fn wildcards() -> Vec<Row> {
    vec![
        case("wildcard", Accepted, "DNS:*.example.org", OTHER, MAIL),
        case(
            "wildcard in the common name",
            Accepted,
            "",
            "*.example.org",
            MAIL,
        ),
        case(
            "part of a word before the wildcard",
            Accepted,
            "DNS:m*.example.org",
            OTHER,
            MAIL,
        ),
        case(
            "part of a word behind the wildcard",
            Accepted,
            "DNS:*l.example.org",
            OTHER,
            MAIL,
        ),
        case(
            "part of another word",
            WRONG,
            "DNS:x*.example.org",
            OTHER,
            MAIL,
        ),
        case(
            "wildcard for two words",
            WRONG,
            "DNS:*.example.org",
            OTHER,
            "a.mail.example.org",
        ),
        case(
            "wildcard for no word",
            WRONG,
            "DNS:*.example.org",
            OTHER,
            "example.org",
        ),
        case(
            "wildcard of the second word",
            WRONG,
            "DNS:mail.*.org",
            OTHER,
            MAIL,
        ),
        case(
            "wildcard of a whole domain",
            WRONG,
            "DNS:*.org",
            OTHER,
            "example.org",
        ),
    ]
}

fn addresses() -> Vec<Row> {
    vec![
        case("address", Accepted, "IP:127.0.0.1", OTHER, "127.0.0.1"),
        case("another address", WRONG, "IP:127.0.0.2", OTHER, "127.0.0.1"),
        case(
            "address in the common name alone",
            WRONG,
            "",
            "127.0.0.1",
            "127.0.0.1",
        ),
        case(
            "address as the name of a host",
            WRONG,
            "DNS:127.0.0.1",
            OTHER,
            "127.0.0.1",
        ),
    ]
}

fn ipv6_addresses() -> Vec<Row> {
    if TcpListener::bind((Ipv6Addr::LOCALHOST, 0)).is_err() {
        println!("SKIPPED: no IPv6 here");
        return Vec::new();
    }
    vec![
        case("IPv6 address", Accepted, "IP:0:0:0:0:0:0:0:1", OTHER, "::1"),
        case("another IPv6 address", WRONG, "IP:fe80::1", OTHER, "::1"),
    ]
}

/// The name that the client asks the server for.
fn asked_for() -> Vec<Row> {
    vec![
        row(
            "a server that wants to hear its name",
            Accepted,
            |workshop| {
                let (root, leaf) = workshop.usual();
                Setup::new(&[&leaf], &[&root]).tuned(|tls| {
                    tls.set_servername_callback(|ssl, _| {
                        match ssl.servername(NameType::HOST_NAME) {
                            Some(MAIL) => Ok(()),
                            _ => Err(SniError::ALERT_FATAL),
                        }
                    });
                })
            },
        ),
        row(
            "a server that wants to hear no address",
            Accepted,
            |workshop| {
                let root = workshop.root();
                let leaf = workshop.issue(&Wanted::server("IP:127.0.0.1"), &root);
                Setup::new(&[&leaf], &[&root])
                    .named("127.0.0.1")
                    .tuned(|tls| {
                        tls.set_servername_callback(|ssl, _| {
                            match ssl.servername_raw(NameType::HOST_NAME) {
                                None => Ok(()),
                                Some(_) => Err(SniError::ALERT_FATAL),
                            }
                        });
                    })
            },
        ),
        row(
            "a server that knows no such name",
            Refused("alert"),
            |workshop| {
                let (root, leaf) = workshop.usual();
                Setup::new(&[&leaf], &[&root]).tuned(|tls| {
                    tls.set_servername_callback(|_, _| Err(SniError::ALERT_FATAL));
                })
            },
        ),
    ]
}
