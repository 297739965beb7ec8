//! The machine's own store, changed by update-ca-certificates and by hand.

use crate::Folder;
use crate::namespace::{Row, Step, can_run, row};
use crate::pki::{CA, Issued, LAST_YEAR, LONG_AGO, Wanted, Workshop};
use crate::row::{Accepted, NAME, Refused, Setup, Verdict, check_all};

pub const ADD: &str =
    r#"cp "$W/store.crt" /usr/local/share/ca-certificates/row.crt; update-ca-certificates"#;
pub const REMOVE: &str = "rm /usr/local/share/ca-certificates/row.crt; update-ca-certificates";
/// The folder forgets what the bundle has; `rehash` alone would leave a link to nothing.
pub const BUNDLE_ONLY: &str =
    "rm /etc/ssl/certs/row.pem /etc/ssl/certs/*.[0-9]; openssl rehash /etc/ssl/certs";
/// The folder has what the bundle has not.
pub const FOLDER_ONLY: &str = r#"cp --remove-destination "$W/store.crt" /etc/ssl/certs/row.pem; openssl rehash /etc/ssl/certs"#;

/// The bundle has it beside what it had.
pub const BUNDLE_TOO: &str = r#"cat "$W/store.crt" >>/etc/ssl/certs/ca-certificates.crt"#;
/// The folder has another authority of the same name.
const SAME: &str = r#"cp "$W/same.crt" /etc/ssl/certs/a.pem; openssl rehash /etc/ssl/certs"#;

pub const UNKNOWN: Verdict = Refused("authority");
pub const NOTHING: Step = ("true", UNKNOWN);

pub fn usual(workshop: &Workshop) -> Setup {
    let (root, leaf) = workshop.usual();
    Setup::new(&[&leaf], &[&root])
}

fn with_root(workshop: &Workshop, root: &Issued) -> Setup {
    let leaf = workshop.issue(&Wanted::server("DNS:mail.example.org"), root);
    Setup::new(&[&leaf], &[root])
}

fn expired(workshop: &Workshop) -> Setup {
    let root = Wanted::authority("Expired").span(LONG_AGO, LAST_YEAR);
    with_root(workshop, &workshop.self_signed(&root))
}

fn own(workshop: &Workshop) -> Setup {
    let own = Wanted::server("DNS:mail.example.org")
        .called(NAME)
        .saying(CA);
    let own = own.saying(&["keyUsage=critical,digitalSignature,keyCertSign"]);
    let own = workshop.self_signed(&own);
    Setup::new(&[&own], &[&own])
}

fn rows() -> Vec<Row> {
    vec![
        row(
            "added, removed, added by update-ca-certificates",
            usual,
            &[NOTHING, (ADD, Accepted), (REMOVE, UNKNOWN), (ADD, Accepted)],
        ),
        row(
            "in the bundle alone",
            usual,
            &[
                NOTHING,
                (ADD, Accepted),
                (BUNDLE_ONLY, Accepted),
                ("rm /etc/ssl/certs/ca-certificates.crt", UNKNOWN),
            ],
        ),
        row(
            "in the folder alone",
            usual,
            &[
                NOTHING,
                (FOLDER_ONLY, Accepted),
                (
                    "rm /etc/ssl/certs/row.pem; openssl rehash /etc/ssl/certs",
                    UNKNOWN,
                ),
            ],
        ),
        row(
            "in the folder without the link of its hash",
            usual,
            &[(r#"cp "$W/store.crt" /etc/ssl/certs/row.pem"#, UNKNOWN)],
        ),
        row(
            "disabled in ca-certificates.conf",
            usual,
            &[
                (
                    r#"cp "$W/store.crt" /usr/share/ca-certificates/own/row.crt
                echo own/row.crt >>/etc/ca-certificates.conf; update-ca-certificates"#,
                    Accepted,
                ),
                (
                    r#"sed 's,^own/row,!own/row,' /etc/ca-certificates.conf >"$W/new"
                cat "$W/new" >/etc/ca-certificates.conf; update-ca-certificates"#,
                    UNKNOWN,
                ),
            ],
        ),
        row(
            "an expired authority",
            expired,
            &[NOTHING, (ADD, Refused("expired"))],
        ),
        row(
            "the server's own certificate",
            own,
            &[
                ("true", Refused("authority|self-signed")),
                (ADD, Accepted),
                (REMOVE, Refused("authority|self-signed")),
            ],
        ),
        row(
            "no bundle",
            usual,
            &[
                ("rm /etc/ssl/certs/ca-certificates.crt", UNKNOWN),
                (FOLDER_ONLY, Accepted),
            ],
        ),
        row(
            "an empty bundle",
            usual,
            &[
                (": >/etc/ssl/certs/ca-certificates.crt", UNKNOWN),
                (FOLDER_ONLY, Accepted),
            ],
        ),
        row(
            "no store at all",
            usual,
            &[("rm -r /etc/ssl/certs/*", UNKNOWN), (FOLDER_ONLY, Accepted)],
        ),
        row(
            "a broken certificate in the bundle",
            usual,
            &[(
                r#"printf -- '-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n' >>/etc/ssl/certs/ca-certificates.crt
                cat "$W/store.crt" >>/etc/ssl/certs/ca-certificates.crt"#,
                UNKNOWN,
            )],
        ),
    ]
}

/// A folder and a bundle that do not say the same.
fn at_odds() -> Vec<Row> {
    vec![
        row(
            "another of the same name in the folder",
            usual,
            &[
                (SAME, Refused("authority|signature")),
                (
                    r#"cp "$W/store.crt" /etc/ssl/certs/b.pem; openssl rehash /etc/ssl/certs"#,
                    Accepted,
                ),
                (
                    r#"rm /etc/ssl/certs/a.pem /etc/ssl/certs/*.[0-9]; openssl rehash /etc/ssl/certs"#,
                    Accepted,
                ),
            ],
        ),
        row(
            "another of the same name in the folder, the right one in the bundle",
            usual,
            &[
                (SAME, Refused("authority|signature")),
                (BUNDLE_TOO, Accepted),
            ],
        ),
        row(
            "an expired one in the folder, its successor in the bundle",
            usual,
            &[
                (
                    r#"cp "$W/old.crt" /etc/ssl/certs/a.pem; openssl rehash /etc/ssl/certs"#,
                    Refused("expired"),
                ),
                (BUNDLE_TOO, Accepted),
            ],
        ),
        row(
            "a bundle that OpenSSL does not know",
            usual,
            &[
                (ADD, Accepted),
                (BUNDLE_ONLY, Accepted),
                ("rm /usr/lib/ssl/cert.pem", UNKNOWN),
            ],
        ),
        row(
            "a bundle of its own in OpenSSL's folder",
            usual,
            &[(
                r#"rm /usr/lib/ssl/cert.pem; cp "$W/store.crt" /usr/lib/ssl/cert.pem"#,
                Accepted,
            )],
        ),
    ]
}

pub fn check(rows: &[Row], cnf: Option<&str>) {
    if !can_run() {
        return;
    }
    let folder = Folder::new();
    let workshop = Workshop::new(folder.0.join("pki"));
    check_all(
        rows,
        |row| row.title,
        |row, number| row.faults(&workshop, &folder.0.join(format!("row-{number}")), cnf),
    );
}

#[test]
fn the_default_store() {
    check(&[rows(), at_odds()].concat(), None);
}
