//! What errors mean where nobody is waiting at a browser: a refresh token is sent, not a code.

use super::Advice;

const PERSON: &str = "the person who authorizes";
const OWNER: &str = "the owner of the application";
const NODE: &str = "an administrator of this machine";
const NOBODY: &str = "nobody";

/// The rows by the key of the row that they replace.
#[rustfmt::skip]
pub(super) static TABLE: &[(&[&str], Advice)] = &[
    (&["invalid_grant"], Advice {
        key: "grant-ended", code: 400,
        what: "the provider does not accept the refresh token any more: it was revoked, expired, or replaced by one that did not arrive",
        who: PERSON, cure: "authorize the target again",
    }),
    (&["unauthorized_client", "unsupported_grant_type"], Advice {
        key: "refresh-not-allowed", code: 400,
        what: "the application may not use this kind of token request",
        who: OWNER, cure: "allow refresh tokens, or client credentials for application permissions, in its registration",
    }),
    (&["server_error", "temporarily_unavailable", "slow_down", "too-many-requests", "server-status",
       "gateway-timeout", "aadsts-temporary", "internal_failure", "rate_limit_exceeded"], Advice {
        key: "refresh-later", code: 502,
        what: "the provider is busy or has an error of its own",
        who: NOBODY, cure: "act unless this goes on for hours: the refresh is tried again by itself",
    }),
    (&["lost-waiting", "lost-reading", "unsealed"], Advice {
        key: "refresh-lost", code: 502,
        what: "the connection ended before the whole answer to the refresh had come",
        who: NODE, cure: "check the line and what filters traffic if this happens again: the refresh is tried again by itself",
    }),
    (&["unreadable-answer", "bad-token", "unexpected-status", "malformed-http"], Advice {
        key: "refresh-garbled", code: 502,
        what: "what came back is no valid answer to the refresh",
        who: NODE, cure: "check the token URL and what filters or alters traffic on the way: the refresh is tried again by itself",
    }),
];
