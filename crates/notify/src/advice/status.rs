//! What a web server means by the status of its answer to a notification (RFC 9110 section 15).

use super::Advice;

const NODE: &str = "an administrator of this machine";
const PEER: &str = "the server's administrator";

/// The first row whose range has the status counts; the last one has any.
#[rustfmt::skip]
static TABLE: [(std::ops::RangeInclusive<u16>, Advice); 11] = [
    (300..=399, Advice {
        key: "status-redirect", code: 502, what: "the server sends the request elsewhere, and it is not followed there",
        who: NODE, cure: "enter the final address as the target's server or url",
    }),
    (401..=403, Advice {
        key: "status-login", code: 502, what: "the server does not accept the login of the target",
        who: NODE, cure: "set the target's token, headers and secrets to valid ones",
    }),
    (404..=405, Advice {
        key: "status-address", code: 502, what: "nothing takes notifications at this address",
        who: NODE, cure: "correct the path and the method of the target",
    }),
    (407..=407, Advice {
        key: "status-proxy", code: 502, what: "a proxy on the way wants a login",
        who: NODE, cure: "put a valid user and password into http_proxy of datacenter.cfg",
    }),
    (408..=408, Advice {
        key: "status-timeout", code: 502, what: "the server waited too long for the request",
        who: NODE, cure: "check the line to the server for packet loss; a later try may succeed",
    }),
    (410..=410, Advice {
        key: "status-gone", code: 502, what: "the address has been withdrawn",
        who: NODE, cure: "have a new one made and enter it as the target's address",
    }),
    (413..=413, Advice {
        key: "status-large", code: 502, what: "the notification is larger than the server takes",
        who: PEER, cure: "raise its limit",
    }),
    (425..=425, Advice {
        key: "status-early", code: 502, what: "the server takes no request this early in a connection",
        who: PEER, cure: "look into its log, if this lasts; a later try may succeed",
    }),
    (429..=429, Advice {
        key: "status-limit", code: 502, what: "the server takes no more notifications for the time being",
        who: PEER, cure: "raise its limit, if this lasts",
    }),
    (500..=599, Advice {
        key: "status-server", code: 502, what: "the server, or a proxy before it, has failed",
        who: PEER, cure: "look into its log",
    }),
    (0..=u16::MAX, Advice {
        key: "status", code: 502, what: "the server does not accept the notification",
        who: NODE, cure: "compare the target's address, headers and body with the server's documentation",
    }),
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
