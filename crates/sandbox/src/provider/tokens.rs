//! What Google tells about an access token, and where a grant is taken back (RFC 7009).

use serde_json::json;

use super::Store;
use crate::form::Form;
use crate::wire::{Request, Response};

/// `POST /google/tokeninfo`
pub fn token_info(store: &Store, request: &Request) -> Response {
    let form = Form::parse(&request.body);
    match store.opens_mail(form.get("access_token")) {
        true => Response::json(
            200,
            &json!({ "email": store.login, "email_verified": "true" }),
        ),
        false => Response::json(400, &json!({ "error": "invalid_token" })),
    }
}

/// `POST /google/revoke`
pub fn revoke(store: &mut Store, request: &Request) -> Response {
    let form = Form::parse(&request.body);
    let grant = store
        .refresh_tokens
        .get(&form.get("token").to_owned())
        .copied();
    let grant = grant.and_then(|id| store.grants.get_mut(&id));
    match grant.filter(|grant| !grant.revoked) {
        Some(grant) => {
            grant.revoked = true;
            Response::json(200, &json!({}))
        }
        None => Response::json(400, &json!({ "error": "invalid_token" })),
    }
}
