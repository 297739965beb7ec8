//! Refusals whose reply code alone would tell the wrong story: they are known by more of the reply.

use crate::mta::{MODERN, Mail, Mta, key};

/// Place, reply, row.
const OF_ALL: [(&str, &str, &str); 8] = [
    (
        "EHLO",
        "504 5.5.2 <localhost>: Helo command rejected: need fully-qualified hostname",
        "smtp-name-refused",
    ),
    (
        "EHLO",
        "450 4.7.1 <pve>: Helo command rejected: Host not found",
        "smtp-name-refused",
    ),
    (
        "EHLO",
        "550 5.7.1 <pve>: Helo command rejected: Access denied",
        "smtp-name-refused",
    ),
    (
        "EHLO",
        "421 4.7.0 Try again later, closing connection. (EHLO) mail-x1 - gsmtp",
        "smtp-name-refused",
    ),
    ("MAIL", "421 4.7.0 Try again later", "smtp-rate"),
    (
        "AUTH",
        "521 5.5.2 Error: line too long",
        "smtp-auth-line-too-long",
    ),
    ("AUTH", "500 5.5.1 Line too long", "smtp-auth-line-too-long"),
    ("GREETING", "521 5.3.2 no mail here", "smtp-not-welcome"),
];

/// The same for what a recipient is told.
const OF_ONE: [(&str, &str, &str); 11] = [
    (
        "RCPT",
        "504 5.5.2 <localhost>: Helo command rejected: need fully-qualified hostname",
        "smtp-name-refused",
    ),
    (
        "RCPT",
        "504 5.5.2 <localhost>: need fully-qualified hostname",
        "smtp-name-refused",
    ),
    (
        "RCPT",
        "450 4.7.1 <pve>: Helo command rejected: Host not found",
        "smtp-name-refused",
    ),
    (
        "RCPT",
        "550 5.7.1 <pve>: Helo command rejected: Access denied",
        "smtp-name-refused",
    ),
    ("RCPT", "504 5.5.4 parameter not implemented", "smtp-syntax"),
    (
        "RCPT",
        "450 4.7.1 Client host rejected: cannot find your hostname",
        "smtp-mailbox-unavailable",
    ),
    (
        "RCPT",
        "550 5.7.708 Service unavailable. Access denied, traffic not accepted from this IP",
        "smtp-tenant-blocked",
    ),
    (
        "DOT",
        "550 5.7.708 Service unavailable. Access denied, traffic not accepted from this IP",
        "smtp-tenant-blocked",
    ),
    (
        "DOT",
        "550 5.1.8 Access denied, bad outbound sender",
        "smtp-sender-blocked",
    ),
    (
        "RCPT",
        "550 5.1.8 Access denied, bad outbound sender AS(42003)",
        "smtp-sender-blocked",
    ),
    (
        "RCPT",
        "550 5.1.8 <a@example.org>: Sender address rejected: Domain not found",
        "smtp-sender-rejected",
    ),
];

#[test]
fn what_the_code_alone_would_tell_wrongly() {
    for (place, reply, wanted) in OF_ALL {
        let mta = Mta::new(MODERN)
            .with("HELO", reply)
            .with(place, reply)
            .start();
        let error = Mail::to(&mta).password().refusal();
        assert_eq!(key(&error), wanted, "{place} {reply}: {error}");
    }
    for (place, reply, wanted) in OF_ONE {
        let mta = Mta::new(MODERN).with(place, reply).start();
        let outcomes = Mail::to(&mta).submit().unwrap();
        let reason = outcomes[0].1.reason().unwrap();
        let row = notify::advice::all()
            .find(|row| row.key == wanted)
            .unwrap_or_else(|| panic!("no row {wanted}; {place} {reply}: {reason}"));
        assert!(
            reason.contains(&row.to_string()),
            "{place} {reply}: {reason}"
        );
    }
}
