//! Whose mailbox a token is for, where that can be known without asking for more consent. It is for a
//! person's eyes: nothing of it is verified, and nothing is decided by it but a warning.

use ::oauth2::http::header::CONTENT_TYPE;
use ::oauth2::http::{Method, Request};
use ::oauth2::url::form_urlencoded;
use base64::prelude::{BASE64_URL_SAFE_NO_PAD, Engine};
use serde_json::{Map, Value};

use super::{Consented, Provider};
use crate::net::Trip;
use crate::{Deadline, Secret, http};

/// The longest name of a mailbox, in bytes (RFC 5321 section 4.5.3.1).
const MAX: usize = 320;
/// Where the name may be, the best first: OpenID's and Microsoft's.
const CLAIMS: [&str; 4] = ["email", "preferred_username", "upn", "unique_name"];

/// The mailbox of the person who has consented, as far as the provider tells.
pub(crate) fn mailbox(
    trip: &Trip,
    provider: &Provider,
    consented: &Consented,
    deadline: Deadline,
) -> Option<String> {
    let tokens = consented.id_token.iter().chain([&consented.access_token]);
    tokens
        .filter_map(claims)
        .find_map(|claims| named(&claims))
        .or_else(|| {
            let url = provider.tokeninfo_url.as_ref()?;
            named(&ask(trip, url, &consented.access_token, deadline)?)
        })
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

fn named(claims: &Map<String, Value>) -> Option<String> {
    let names = CLAIMS
        .iter()
        .filter_map(|claim| claims.get(*claim)?.as_str());
    let is_address = |name: &&str| {
        name.len() <= MAX
            && name.contains('@')
            && !name.contains(|c: char| c.is_control() || c.is_whitespace())
    };
    names.filter(is_address).map(str::to_owned).next()
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
            assert_eq!(named(&read).as_deref(), wanted, "{claims_of}");
        }
        for opaque in ["ya29.opaque", "a.b.c", "", "e30.W10.x", "a.b.c.d"] {
            assert!(claims(&Secret::new(opaque)).is_none(), "{opaque}");
        }
    }
}
