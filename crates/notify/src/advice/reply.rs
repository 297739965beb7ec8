//! Answers that are no answer of RFC 6749, and answers that lack what was asked for.

use super::Role::Reader;
use super::{Advice, again, row};
use crate::cause::Oddity;

/// The row of an oddity.
#[rustfmt::skip]
pub(super) const fn oddity(oddity: Oddity) -> &'static Advice {
    match oddity {
        Oddity::Redirect => const { &row("unexpected-redirect", 502,
            "unexpected redirect: the token URL points to another address",
            Reader, "fix the token URL, or check for a proxy or captive portal") },
        Oddity::Html => const { &row("html-answer", 502,
            "the answer is an HTML page: a proxy, firewall or captive portal answered",
            Reader, "allow direct access to the provider, or set http_proxy in datacenter.cfg") },
        Oddity::NotJson => const { &row("unreadable-answer", 502,
            "the answer is not a JSON object (RFC 6749), or is incomplete",
            Reader, "check token URL, proxy and firewall, then open the consent page again") },
        Oddity::BodyTooLarge => const { &row("answer-too-large", 502,
            "the answer is larger than 64 KiB",
            Reader, "check that the token URL is a token endpoint") },
        Oddity::HeadTooLarge => const { &row("head-too-large", 502,
            "the header of the answer is larger than 32 KiB",
            Reader, "check which proxy adds header fields") },
        Oddity::Malformed => const { &row("malformed-http", 502,
            "the answer is not valid HTTP, is incomplete, or has more than 128 fields",
            Reader, "check that the token URL is on a web server; check proxy and firewall") },
        Oddity::TooManyRequests => const { &row("too-many-requests", 502,
            "rate limited by the provider (HTTP 429)",
            Reader, "try again later") },
        Oddity::ServerStatus => const { &row("server-status", 502,
            "the provider, or a gateway before it, failed without a reason (HTTP 5xx)",
            Reader, "try again in some minutes; check the provider's status page") },
        Oddity::GatewayTimeout => const { &row("gateway-timeout", 504,
            "gateway timeout (HTTP 504): a proxy got no answer from the provider",
            Reader, "try again in some minutes; check the proxy") },
        Oddity::NotFound => const { &row("token-url-not-found", 502,
            "there is no token endpoint at the token URL (HTTP 404, 405 or 410)",
            Reader, "set oauth2-token-url (code exchange, oauth2-providers.json: token-url) again") },
        Oddity::EmptyBadRequest => const { &row("empty-bad-request", 400,
            "the provider refused the request without a reason (HTTP 400, empty answer)",
            Reader, "check client ID, redirect URI, scopes and token URL") },
        Oddity::EmptyUnauthorized => const { &row("empty-unauthorized", 400,
            "the provider refused the client without a reason (HTTP 401, empty answer)",
            Reader, "check client ID and client secret") },
        Oddity::Status => const { &row("unexpected-status", 502,
            "unexpected HTTP status without an error code: a proxy or firewall may answer",
            Reader, "check the token URL, and the rules of proxy and firewall") },
        Oddity::UnknownError => const { &row("unknown-error", 400,
            "the provider refused with an unknown error code",
            Reader, "look up the provider's words in its documentation") },
        Oddity::NoAccessToken => const { &row("no-access-token", 502,
            "the answer has no access token",
            Reader, "check that the token URL is the provider's token endpoint") },
        Oddity::TokenType => const { &row("token-type", 502,
            "the token is not a bearer token, which mail servers require",
            Reader, "check the token URL; only bearer tokens can be used for SMTP") },
        Oddity::BadToken => const { &row("bad-token", 502,
            "a token is empty, longer than 16 KiB or has characters that are not allowed",
            Reader, "check what changes the traffic, then open the consent page again") },
        Oddity::Expiry => const { &row("bad-expiry", 502,
            "expires_in of the answer is not a number",
            Reader, "check that the token URL is a token endpoint (RFC 6749)") },
        Oddity::ScopeMissing => const { &row("scope-missing", 400,
            "the permission to send mail was not granted",
            Reader, again!("", " and allow all permissions")) },
        Oddity::NoRefreshTokenGoogle => const { &row("no-refresh-token-access-type", 400,
            "no refresh token: access_type=offline or prompt=consent was missing",
            Reader, "open the consent page again, with access_type=offline and prompt=consent") },
        Oddity::NoRefreshToken => const { &row("no-refresh-token-offline-access", 400,
            "no refresh token: the scope offline_access was not requested or not granted",
            Reader, "add offline_access to the scopes and the application; open the consent page again") },
    }
}

pub(super) fn rows() -> impl Iterator<Item = &'static Advice> {
    Oddity::ALL.into_iter().map(oddity)
}
