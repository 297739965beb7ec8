//! How the application proves itself at the token endpoint (RFC 6749 section 2.3.1): in one way, or where
//! nobody has said which, in the one that every server must support and then in the other.

use std::time::Duration;

use super::reply::Refusal;
use super::{Alg, Asking, Provider};
use crate::Deadline;
use crate::parameter::Parameter;
use crate::state::Record;

/// With less time than this nobody is asked again.
const LEAST: Duration = Duration::from_secs(2);

/// A way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ClientAuth {
    /// `client_id` and `client_secret` in the request's body.
    Post,
    /// The `Authorization: Basic` header.
    Basic,
    /// A public client: `client_id` alone, and a code goes with its verifier (RFC 7636).
    Public,
    /// `client_id`, and a statement that is signed with the application's key (RFC 7523 section 2.2).
    Assertion(Alg),
    /// Nothing: the grant proves itself, as a service account's does (section 2.1).
    Bearer,
}

impl ClientAuth {
    /// The way that `oauth2-client-auth` names.
    ///
    /// # Errors
    /// [`Parameter`] for an unknown name.
    pub fn named(name: &str) -> Result<Self, Parameter> {
        match name {
            "basic" => Ok(Self::Basic),
            "post" => Ok(Self::Post),
            "none" => Ok(Self::Public),
            _ => {
                let valid = ["basic", "post", "none"];
                Err(Parameter::unknown("oauth2-client-auth", name, &valid))
            }
        }
    }

    /// Its name in settings and records.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Basic => "basic",
            Self::Post => "post",
            Self::Public => "none",
            Self::Assertion(_) => "private-key-jwt",
            Self::Bearer => "jwt-bearer",
        }
    }
}

/// The way that has worked for such a request of this target before.
pub(super) fn known(record: &Record, asking: Asking) -> Option<ClientAuth> {
    let kept = record.client_auth.worked(asking == Asking::App)?;
    ClientAuth::named(kept).ok()
}

/// Asks in the way of the settings, or in the one that has worked before. Where there is none of both a
/// refusal that may be due to the way is followed by one more request, if there is time for its answer,
/// which may have a new refresh token in it. The answer comes with its way.
pub(super) fn attempt<T>(
    provider: &Provider,
    asking: Asking,
    known: Option<ClientAuth>,
    deadline: Deadline,
    ask: impl Fn(ClientAuth) -> Result<T, Refusal>,
) -> Result<(T, ClientAuth), Refusal> {
    let by = |way: ClientAuth| match ask(way) {
        Ok(value) => Ok((value, way)),
        Err(refusal) => Err(refusal.by(provider, way)),
    };
    if let Some(way) = provider.client_auth.or(known) {
        return by(way);
    }
    match by(ClientAuth::Basic) {
        Err(first) if first.error.may_be_of_client_auth() && deadline.left() >= Some(LEAST) => {
            by(ClientAuth::Post).map_err(|second| second.after(first, asking))
        }
        answer => answer,
    }
}
