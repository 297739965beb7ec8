//! What a web server means by the status of its answer to a notification (RFC 9110 section 15).

use super::Role::Reader;
use super::{Advice, row};

/// The first row whose range has the status counts; the last one has any.
#[rustfmt::skip]
static TABLE: [(std::ops::RangeInclusive<u16>, Advice); 13] = [
    (300..=399, row("status-redirect", 502, "the server redirects to another address, which is not followed",
        Reader, "set server or url of the target to the final address")),
    (401..=403, row("status-login", 502, "the server does not accept the target's credentials",
        Reader, "set valid token, headers and secrets in the target")),
    (404..=405, row("status-address", 502, "wrong path or method (HTTP 404 or 405)",
        Reader, "check path and method of the target")),
    (407..=407, row("status-proxy", 502, "a proxy requires authentication (HTTP 407)",
        Reader, "set a valid user and password in http_proxy of datacenter.cfg")),
    (408..=408, row("status-timeout", 502, "the request was too slow for the server (HTTP 408)",
        Reader, "check the network connection for packet loss")),
    (410..=410, row("status-gone", 502, "the address does not exist any more (HTTP 410)",
        Reader, "create a new one at the server, and set it in the target")),
    (413..=413, row("status-large", 502, "the notification is larger than the server allows",
        Reader, "raise the limit on the server")),
    (425..=425, row("status-early", 502, "the server does not accept requests yet (HTTP 425)",
        Reader, "check the server's log if this lasts")),
    (429..=429, row("status-limit", 502, "rate limited by the server (HTTP 429)",
        Reader, "send fewer notifications, or raise the limit on the server")),
    (502..=502, row("status-gateway", 502, "a proxy got no valid answer; the notification may or may not have arrived",
        Reader, "check the log of the server, and of the proxy before it")),
    (504..=504, row("status-gateway-late", 504, "a proxy got no answer in time; the notification may or may not have arrived",
        Reader, "check the log of the server, and why it is slow")),
    (500..=599, row("status-server", 502, "internal error of the server, or of a proxy before it",
        Reader, "check the server's log")),
    (0..=u16::MAX, row("status", 502, "the server does not accept the notification",
        Reader, "compare address, headers and body of the target with the server's documentation")),
];

/// The row of a status; it always has one.
pub(super) fn find(status: u16) -> &'static Advice {
    let row = TABLE.iter().find(|(range, _)| range.contains(&status));
    let [.., (_, any)] = &TABLE;
    row.map_or(any, |(_, row)| row)
}

pub(super) fn rows() -> impl Iterator<Item = &'static Advice> {
    TABLE.iter().map(|(_, row)| row)
}
