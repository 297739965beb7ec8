//! What errors mean where nobody is waiting at a browser: a refresh token is sent, not a code.

use super::Role::Reader;
use super::{AUTHORIZE, Advice, row};

/// The rows by the key of the row that they replace.
#[rustfmt::skip]
pub(super) static TABLE: &[(&[&str], Advice)] = &[
    (&["invalid_grant"], row("grant-ended", 400,
        "the refresh token was revoked or has expired",
        Reader, AUTHORIZE)),
    (&["unauthorized_client", "unsupported_grant_type"], row("refresh-not-allowed", 400,
        "the application is not allowed to request tokens like this",
        Reader, "allow refresh tokens (app-only: client credentials) at the provider")),
    (&["server_error", "temporarily_unavailable", "slow_down", "too-many-requests", "server-status",
       "gateway-timeout", "aadsts-temporary", "internal_failure", "rate_limit_exceeded"], row("refresh-later", 502,
        "temporary problem at the provider",
        Reader, "retried automatically with the next mail")),
    (&["lost-waiting", "lost-reading", "unsealed"], row("refresh-lost", 502,
        "the connection was lost before the answer to the refresh was complete",
        Reader, "check the network connection; retried automatically with the next mail")),
    (&["unreadable-answer", "bad-token", "unexpected-status", "malformed-http"], row("refresh-garbled", 502,
        "the answer to the refresh is invalid",
        Reader, "check token URL, proxy and firewall; retried automatically with the next mail")),
];
