//! Whose mailbox a token is for, where that can be known without asking for more consent. It is for a
//! person's eyes: nothing of it is verified, and nothing is decided by it but a warning.

use ::oauth2::http::header::CONTENT_TYPE;
use ::oauth2::http::{Method, Request};
use ::oauth2::url::form_urlencoded;
use base64::prelude::{BASE64_URL_SAFE_NO_PAD, Engine};
use serde_json::{Map, Value};

use super::{Consented, Provider};
use crate::net::Trip;
use crate::redact::is_shown;
use crate::{Deadline, Secret, http};

/// The longest name of a mailbox, in bytes (RFC 5321 section 4.5.3.1).
const MAX: usize = 320;
/// Where the name may be, the best first: OpenID's and Microsoft's.
const CLAIMS: [&str; 4] = ["email", "preferred_username", "upn", "unique_name"];

/// What the provider calls the mailbox of the person who has consented, as far as it tells: one mailbox may have
/// several names. The best comes first.
pub(crate) fn mailboxes(
    trip: &Trip,
    provider: &Provider,
    consented: &Consented,
    deadline: Deadline,
) -> Vec<String> {
    let tokens = consented.id_token.iter().chain([&consented.access_token]);
    let mut all: Vec<String> = Vec::new();
    let told = tokens.filter_map(claims).flat_map(|claims| named(&claims));
    for name in told {
        if !all.contains(&name) {
            all.push(name);
        }
    }
    match (&provider.tokeninfo_url, all.is_empty()) {
        (Some(url), true) => ask(trip, url, &consented.access_token, deadline)
            .map_or_else(Vec::new, |claims| named(&claims)),
        _ => all,
    }
}

/// What a JSON Web Token says (RFC 7519); an opaque token says nothing.
fn claims(token: &Secret) -> Option<Map<String, Value>> {
    let mut parts = token.expose().split('.');
    let (Some(_), Some(claims), Some(_), None) =
        (parts.next(), parts.next(), parts.next(), parts.next())
    else {
        return None;
    };
    let bytes = BASE64_URL_SAFE_NO_PAD
        .decode(claims.trim_end_matches('='))
        .ok()?;
    serde_json::from_slice(&bytes).ok()
}

/// What a readable access token says of itself, for a person's eyes: for whom and for what it is.
pub(crate) fn shown_claims(token: &Secret) -> String {
    let claims = claims(token).unwrap_or_default();
    let text = |name: &str| {
        let text = claims.get(name)?.as_str()?;
        let is_plain = text.len() <= MAX && text.chars().all(is_shown);
        is_plain.then(|| text.to_owned())
    };
    let user = named(&claims).into_iter().next();
    let parts = [
        ("audience", text("aud")),
        ("user", user),
        ("scopes", text("scp")),
    ];
    let parts = parts
        .into_iter()
        .filter_map(|(what, text)| Some(format!("{what} {}", text?)));
    parts.collect::<Vec<_>>().join(", ")
}

fn named(claims: &Map<String, Value>) -> Vec<String> {
    let names = CLAIMS
        .iter()
        .filter_map(|claim| claims.get(*claim)?.as_str());
    let is_address = |name: &&str| {
        name.len() <= MAX
            && name.contains('@')
            && name.chars().all(|c| is_shown(c) && !c.is_whitespace())
    };
    names.filter(is_address).map(str::to_owned).collect()
}

/// Google's answer about a token of its own; the token goes in the body, which no log has.
fn ask(trip: &Trip, url: &str, token: &Secret, deadline: Deadline) -> Option<Map<String, Value>> {
    let body = form_urlencoded::Serializer::new(String::new())
        .append_pair("access_token", token.expose())
        .finish();
    let request = Request::builder()
        .method(Method::POST)
        .uri(url)
        .header(CONTENT_TYPE, "application/x-www-form-urlencoded");
    let request = request.body(body.into_bytes()).ok()?;
    let answer = http::exchange(trip, request, deadline).ok()?;
    let is_good = answer.status().is_success();
    is_good.then(|| serde_json::from_slice(answer.body()).ok())?
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn token(claims: &Value) -> Secret {
        let claims = BASE64_URL_SAFE_NO_PAD.encode(claims.to_string());
        Secret::new(format!("e30.{claims}.signature"))
    }

    #[test]
    fn a_token_names_its_mailbox_where_it_can_be_read() {
        for (claims_of, wanted) in [
            (
                json!({"email": "pve@example.org", "upn": "other@example.org"}),
                Some("pve@example.org"),
            ),
            (json!({"upn": "pve@example.org"}), Some("pve@example.org")),
            (
                json!({"preferred_username": "pve@example.org"}),
                Some("pve@example.org"),
            ),
            (
                json!({"email": "no address", "unique_name": "pve@example.org"}),
                Some("pve@example.org"),
            ),
            (
                json!({"email": ["pve@example.org"], "sub": "pve@example.org"}),
                None,
            ),
            (json!({"email": format!("pve@{}", "a".repeat(400))}), None),
            (json!({"email": "pve@example.org\n"}), None),
        ] {
            let read = claims(&token(&claims_of)).unwrap();
            assert_eq!(
                named(&read).first().map(String::as_str),
                wanted,
                "{claims_of}"
            );
        }
        for opaque in ["ya29.opaque", "a.b.c", "", "e30.W10.x", "a.b.c.d"] {
            assert!(claims(&Secret::new(opaque)).is_none(), "{opaque}");
        }
    }
}
