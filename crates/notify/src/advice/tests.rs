//! What every row must be like, and that they have their facts right.

use std::cell::Cell;
use std::collections::HashSet;

use super::*;

pub(crate) mod rules;

thread_local! {
    /// Whether every text is "x".
    pub(crate) static MUTE: Cell<bool> = const { Cell::new(false) };
}

#[test]
fn every_row_keeps_the_rules_and_none_repeats_another() {
    let (mut keys, mut whats, mut all_broken) = (HashSet::new(), HashSet::new(), Vec::new());
    for row in all() {
        assert!(!row.key.is_empty() && !row.cure.is_empty(), "{row:?}");
        assert!([400, 500, 502, 504].contains(&row.code), "{row:?}");
        let broken = rules::broken(row.what, Some(&row.fix()));
        if !broken.is_empty() {
            all_broken.push(format!("{}, {broken:?}: {row}", row.key));
        }
        assert!(keys.insert(row.key), "key twice: {}", row.key);
        assert!(
            whats.insert(row.what.to_lowercase()),
            "cause twice: {row:?}"
        );
    }
    assert!(all_broken.is_empty(), "{}", all_broken.join("\n"));
    assert!(keys.len() > 160, "only {} rows", keys.len());
}

/// A cause, what its text must have, and what would be wrong in it.
type Facts = (Cause, &'static [&'static str], &'static [&'static str]);

fn aadsts(number: u32) -> Cause {
    Cause::Denied(Box::new(Denial {
        numbers: vec![number],
        ..Denial::default()
    }))
}

fn word(error: &str) -> Cause {
    Cause::Denied(Box::new(Denial {
        error: error.to_owned(),
        ..Denial::default()
    }))
}

fn check(facts: &[Facts], row: fn(&Cause) -> Option<&'static Advice>) {
    for (cause, right, wrong) in facts {
        let text = row(cause).unwrap().to_string();
        let has = |word: &&str| text.contains(*word);
        assert!(right.iter().all(has), "{cause:?}, {right:?}: {text}");
        assert!(!wrong.iter().any(has), "{cause:?}, {wrong:?}: {text}");
    }
}

#[test]
fn the_rows_have_the_facts_right() {
    let tenant = &["in the target: ", "oauth2-tenant-id"][..];
    check(
        &[
            (aadsts(50173), &["revoked"], &["new password", "change of"]),
            (aadsts(65004), &["declined"], &["administrator", "tenant"]),
            (
                aadsts(65001),
                &["consent", "SMTP.Send"],
                &["declined", "SendAsApp"],
            ),
            (
                aadsts(90094),
                &["consent", "SMTP.Send"],
                &["declined", "SendAsApp"],
            ),
            (
                aadsts(650057),
                &["SMTP.Send", "offline_access"],
                &["SendAsApp"],
            ),
            (aadsts(50194), tenant, &["person", "as tenant-id"]),
            (aadsts(90002), tenant, &["person"]),
            (
                aadsts(90038),
                &["in the target: ", "oauth2-cloud"],
                &["person"],
            ),
            (
                word("deleted_client"),
                &["6 unused months", "Google Auth Platform > Clients"],
                &[],
            ),
            (
                word("disabled_client"),
                &["Google Auth Platform > Clients"],
                &[],
            ),
            (
                word("redirect_uri_mismatch"),
                &["Google Auth Platform > Clients"],
                &[],
            ),
            (
                word("invalid_client"),
                &["\"Value\"", "Google", "once"],
                &[],
            ),
        ],
        of,
    );
    check(
        &[
            (aadsts(65001), &["SMTP.Send"], &["SendAsApp"]),
            (word("invalid_grant"), &["authorize the target again"], &[]),
        ],
        of_refresh,
    );
    check(
        &[
            (
                aadsts(65001),
                &["SMTP.SendAsApp"],
                &["offline_access", "SMTP.Send "],
            ),
            (
                aadsts(70011),
                &["SMTP.SendAsApp"],
                &["offline_access", "SMTP.Send "],
            ),
            (aadsts(7000222), &["expired"], &[]),
            (word("invalid_grant"), &["client secret"], &["authorize"]),
            (word("server_error"), &["provider"], &["authorize"]),
            (
                Cause::Odd(Oddity::ScopeMissing),
                &["client credentials"],
                &["authorize"],
            ),
        ],
        of_app_only,
    );
    check(
        &[
            (
                word("unauthorized_client"),
                &["Domain-wide delegation", "https://mail.google.com/"],
                &["authorize", "client secret"],
            ),
            (
                word("invalid_grant"),
                &["clock", "username"],
                &["authorize"],
            ),
            (word("server_error"), &["provider"], &["authorize"]),
        ],
        of_service_account,
    );
}

#[test]
fn every_number_of_microsoft_leads_to_one_row() {
    let mut numbers = HashSet::new();
    for number in aadsts::TABLE.iter().flat_map(|(numbers, _)| numbers.iter()) {
        assert!(numbers.insert(number), "AADSTS{number} twice");
    }
    for number in [
        700082, 70008, 700084, 50173, 70043, 50076, 50078, 50079, 53003, 530032, 530035, 50057,
        50034, 50020, 500208, 65001, 65004, 65006, 90094, 7000215, 7000222, 70002, 7000218, 700025,
        700016, 7000112, 70001, 700011, 50011, 900971, 50194, 9002332, 90130, 9001023, 90002,
        90038, 54005, 501481, 700005, 70011, 28002, 65005, 650057, 700022, 90033, 90006, 90024,
        50033, 90012, 90055, 50196, 700024, 700027,
    ] {
        let denial = Denial {
            numbers: vec![number],
            ..Denial::default()
        };
        assert!(
            denied(&denial).key.starts_with("aadsts-"),
            "AADSTS{number} missing"
        );
    }
    assert_eq!(denied(&Denial::default()).key, "unknown-error");
    for word in crate::verdict::WORDS {
        assert!(is_word(word), "{word} would not be kept");
    }
}

/// What rooms tell without a row, as an administrator sees it.
fn told() -> Vec<Message> {
    use std::path::PathBuf;

    use crate::state::{self, Peer};
    use crate::{pending, token, upkeep};

    let target = || "mail".to_owned();
    let path = || PathBuf::from("/var/lib/mail.json");
    let waiting = |pause| token::Error::Waiting {
        target: target(),
        pause,
        last: Box::new(state::Trouble {
            cause: Some("google-oauth2: rate limited by the provider (HTTP 429)".to_owned()),
            ..state::Trouble::default()
        }),
    };
    let changed = |setting, app_only| token::Error::SettingsChanged {
        target: target(),
        setting,
        values: ["a".to_owned(), String::new()],
        app_only,
    };
    let moved = |app_only| token::Error::ServerChanged {
        target: target(),
        granted: Box::new(Peer::default()),
        named: Box::new(Peer::default()),
        app_only,
    };
    let no_grant = |unreadable| token::Error::NoGrant {
        target: target(),
        unreadable,
    };
    let corrupt = |moved| state::Error::Corrupt {
        path: path(),
        reason: "it is not UTF-8",
        moved,
    };
    let of_token = [
        no_grant(None),
        no_grant(Some(path())),
        token::Error::Ended {
            target: target(),
            reason: String::new(),
        },
        changed("oauth2-token-url", false),
        changed("username", true),
        moved(false),
        moved(true),
        waiting(token::Pause::Recent {
            ago: 59,
            seconds: 1,
        }),
        waiting(token::Pause::Lasting),
        waiting(token::Pause::Wished {
            until: "14:05".to_owned(),
            seconds: 1,
        }),
        token::Error::StillRefused { target: target() },
    ];
    let of_state = [
        state::Error::Disk {
            path: path(),
            doing: "replace the file",
            source: std::io::ErrorKind::StorageFull.into(),
        },
        state::Error::NoQuorum { path: path() },
        state::Error::Unusable {
            path: path(),
            reason: "a symbolic link",
        },
        corrupt(None),
        corrupt(Some(path())),
        state::Error::Newer { path: path() },
        state::Error::Busy { target: target() },
        state::Error::Superseded { target: target() },
        state::Error::Name,
        state::Error::Random,
    ];
    let panicked = upkeep::Error::Panicked { target: target() };
    let mut all: Vec<Message> = of_token.iter().map(token::Error::message).collect();
    all.extend(of_state.iter().map(state::Error::message));
    let of_pending = [
        pending::Error::Busy,
        pending::Error::Full {
            own: true,
            seconds: 599,
        },
        pending::Error::Full {
            own: false,
            seconds: 0,
        },
    ];
    all.extend(of_pending.iter().map(pending::Error::message));
    all.push(panicked.message());
    all
}

#[test]
fn errors_without_a_row_keep_the_rules_too() {
    for message in told() {
        let broken = rules::broken(&message.cause, message.fix.as_deref());
        assert!(broken.is_empty(), "{broken:?}: {message}");
        assert!(
            !message.cause.contains("target 'mail'"),
            "the name twice: {message}"
        );
    }
}
