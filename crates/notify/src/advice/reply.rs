//! Answers that are no answer of RFC 6749, and answers that lack what was asked for.

use super::Advice;
use crate::cause::Oddity;

const PERSON: &str = "the person who authorizes";
const NODE: &str = "an administrator of this machine";
const OWNER: &str = "the owner of the application";

/// The row of an oddity.
#[rustfmt::skip]
pub(super) const fn oddity(oddity: Oddity) -> &'static Advice {
    match oddity {
        Oddity::Redirect => &Advice {
            key: "unexpected-redirect", code: 502,
            what: "unexpected redirect: the token endpoint pointed elsewhere and was not followed",
            who: NODE, cure: "check for a proxy or captive portal on the way, and that the token URL is the provider's current one",
        },
        Oddity::Html => &Advice {
            key: "html-answer", code: 502,
            what: "a web page came instead of an answer: a proxy, firewall or captive portal answered",
            who: NODE, cure: "give this machine direct access to the provider or set http_proxy in the datacenter configuration",
        },
        Oddity::NotJson => &Advice {
            key: "unreadable-answer", code: 502,
            what: "the answer is not the JSON object that RFC 6749 demands, or was cut short",
            who: NODE, cure: "check the token URL and what filters traffic on the way, then authorize again",
        },
        Oddity::BodyTooLarge => &Advice {
            key: "answer-too-large", code: 502,
            what: "the answer is larger than 64 KiB and was not read to its end",
            who: NODE, cure: "check that the token URL leads to a token endpoint",
        },
        Oddity::HeadTooLarge => &Advice {
            key: "head-too-large", code: 502,
            what: "the head of the answer is larger than 32 KiB",
            who: NODE, cure: "check what adds header fields on the way to the provider",
        },
        Oddity::Malformed => &Advice {
            key: "malformed-http", code: 502,
            what: "the answer is not valid HTTP, has more than 128 header fields, or ended too early",
            who: NODE, cure: "check that the token URL leads to a web server and what filters traffic on the way",
        },
        Oddity::TooManyRequests => &Advice {
            key: "too-many-requests", code: 502,
            what: "the provider refuses because it was asked too often (429)",
            who: PERSON, cure: "wait before the next try",
        },
        Oddity::ServerStatus => &Advice {
            key: "server-status", code: 502,
            what: "the provider or a gateway before it failed (5xx) and gave no reason",
            who: PERSON, cure: "try again in some minutes and look at the provider's status page",
        },
        Oddity::GatewayTimeout => &Advice {
            key: "gateway-timeout", code: 504,
            what: "a gateway on the way waited for the provider in vain (504)",
            who: PERSON, cure: "try again in some minutes",
        },
        Oddity::NotFound => &Advice {
            key: "token-url-not-found", code: 502,
            what: "there is no token endpoint at the token URL (HTTP 404, 405 or 410)",
            who: NODE, cure: "correct oauth2-token-url (in a code exchange and in oauth2-providers.json: token-url)",
        },
        Oddity::Status => &Advice {
            key: "unexpected-status", code: 502,
            what: "an HTTP status came that no token endpoint sends, without an error code: something on the way may have answered",
            who: NODE, cure: "check the token URL, and the rules of proxy and firewall for it",
        },
        Oddity::UnknownError => &Advice {
            key: "unknown-error", code: 400,
            what: "the provider refused with an error code that is not in any standard",
            who: OWNER, cure: "look up the provider's words in its documentation",
        },
        Oddity::NoAccessToken => &Advice {
            key: "no-access-token", code: 502,
            what: "the answer carries no access token",
            who: OWNER, cure: "check that the token URL is the provider's token endpoint",
        },
        Oddity::TokenType => &Advice {
            key: "token-type", code: 502,
            what: "the token is not a bearer token, the only kind that mail servers accept",
            who: OWNER, cure: "switch the application to bearer tokens",
        },
        Oddity::BadToken => &Advice {
            key: "bad-token", code: 502,
            what: "a token in the answer is empty, longer than 16 KiB or has characters that do not belong into a token; it was discarded",
            who: NODE, cure: "check what alters traffic on the way, then authorize again",
        },
        Oddity::Expiry => &Advice {
            key: "bad-expiry", code: 502,
            what: "the life of the access token (expires_in) is no number of seconds; the token was discarded",
            who: OWNER, cure: "check that the token URL is the provider's token endpoint",
        },
        Oddity::ScopeMissing => &Advice {
            key: "scope-missing", code: 400,
            what: "the permission to send mail was not granted",
            who: PERSON, cure: "authorize again and leave every permission ticked; it must also be added to the application",
        },
        Oddity::NoRefreshTokenGoogle => &Advice {
            key: "no-refresh-token-access-type", code: 400,
            what: "the answer has no refresh token, because the authorization URL lacked access_type=offline or, at a second consent, prompt=consent",
            who: PERSON, cure: "authorize again with a URL that has access_type=offline and prompt=consent",
        },
        Oddity::NoRefreshToken => &Advice {
            key: "no-refresh-token-offline-access", code: 400,
            what: "the answer has no refresh token, because the scope offline_access was not asked for or not granted",
            who: PERSON, cure: "authorize again with offline_access among the scopes; the permission must also be added to the application",
        },
    }
}

pub(super) fn rows() -> impl Iterator<Item = &'static Advice> {
    Oddity::ALL.into_iter().map(oddity)
}
