//! A grant is taken back at the provider (RFC 7009; Google:
//! developers.google.com/identity/protocols/oauth2/web-server#tokenrevoke).

use super::form::Form;
use super::{Account, Asking, Error, explain, reply};
use crate::cause::Oddity;
use crate::net::Trip;
use crate::{Deadline, Secret};

/// Takes the grant of this refresh token back; whether the provider was asked: not every one can be.
///
/// A token that the provider does not know any more counts as taken back (RFC 7009 section 2.2).
pub(crate) fn revoke(
    trip: &Trip,
    account: &Account,
    token: &Secret,
    deadline: Deadline,
) -> Result<bool, Error> {
    let provider = &account.provider;
    let Some(url) = &provider.revoke_url else {
        return Ok(false);
    };
    let form = Form {
        account,
        kind: Asking::Refresh,
        url: &account.of_tenant(url)?,
        parameters: &[
            ("token", token.expose()),
            ("token_type_hint", "refresh_token"),
        ],
        secret: Some(token),
    };
    let of_url = |error: Error| error.of_endpoint(provider, "oauth2-revoke-url");
    match form.send(trip, deadline, reply::check_status) {
        // a page that serves whatever is asked for has revoked nothing
        Ok(response) if reply::is_page(&response) => {
            Err(of_url(explain::odd(&provider.name, Oddity::Html)))
        }
        Ok(_) => Ok(true),
        // Google's word for a token that it does not know
        Err(refusal) if refusal.error.is_of_a_dead_token() => Ok(true),
        Err(refusal) => Err(of_url(*refusal.error)),
    }
}
