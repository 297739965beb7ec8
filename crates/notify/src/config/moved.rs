//! A secret that a change of its target would show to another host, though nobody has entered it again.

use oauth2::url::Url;

use super::entity::Entity;
use super::{Config, Pair, Smtp};
use crate::Secret;
use crate::parameter::Parameter;

/// Where a target sends its secret.
struct Place {
    host: String,
    is_safe: bool,
}

impl Config {
    /// The parameter that holds a secret of `before` which the same target, as it is now, sends to another
    /// host, or without TLS where it had TLS. Another port is no other host.
    #[must_use]
    pub fn moved_secret(&self, before: &Entity) -> Option<Parameter> {
        let now = self.get(before.kind(), before.name()).ok()?;
        if let (Entity::Smtp(old), Entity::Smtp(new)) = (before, now) {
            if let Some(moved) = moved_endpoint(old, new) {
                return Some(moved);
            }
        }
        // one that could not be read may be readable later
        let hidden = self.blocked.contains_key(before.name());
        let (name, host, moves, kept) = match (before, now) {
            (Entity::Smtp(old), Entity::Smtp(new)) => (
                "password",
                "server",
                old.peer_of_grant().host() != new.peer_of_grant().host(),
                is_kept(&old.password, &new.password),
            ),
            (Entity::Gotify(old), Entity::Gotify(new)) => (
                "token",
                "host",
                moves(&old.server, &new.server),
                is_kept(&old.token, &new.token),
            ),
            (Entity::Webhook(old), Entity::Webhook(new)) => (
                "secret",
                "host",
                moves(&old.url, &new.url),
                keeps_any(&old.secret, &new.secret),
            ),
            _ => return None,
        };
        let reason = format!("must be entered again, as it was entered for another {host}");
        (moves && (hidden || kept)).then(|| Parameter::new(name, reason))
    }
}

/// A further endpoint of a login gets its client secret and refresh token from now on: also those that wait aside,
/// and are there again when the settings go back.
fn moved_endpoint(old: &Smtp, new: &Smtp) -> Option<Parameter> {
    let stays = old.oauth2_method().is_some();
    let endpoints = [
        (
            "oauth2-device-url",
            &old.oauth2_device_url,
            &new.oauth2_device_url,
        ),
        (
            "oauth2-revoke-url",
            &old.oauth2_revoke_url,
            &new.oauth2_revoke_url,
        ),
    ];
    let moved = endpoints
        .into_iter()
        .find(|(_, old, new)| stays && new.is_some() && old != new)?;
    let reason =
        "gets the client secret or the token of the target: changed only with Sys.Modify on /";
    Some(Parameter::new(moved.0, reason))
}

fn keeps_any(old: &[Pair], new: &[Pair]) -> bool {
    new.iter().any(|new| {
        old.iter()
            .any(|old| old.name == new.name && is_kept(&old.value, &new.value))
    })
}

fn is_kept(old: &Option<Secret>, new: &Option<Secret>) -> bool {
    let same = |(old, new): (&Secret, &Secret)| old.expose() == new.expose();
    old.as_ref().zip(new.as_ref()).is_some_and(same)
}

fn moves(old: &str, new: &str) -> bool {
    match (place(old), place(new)) {
        (Some(old), Some(new)) => old.host != new.host || (old.is_safe && !new.is_safe),
        _ => old != new,
    }
}

fn place(url: &str) -> Option<Place> {
    let url = Url::parse(url).ok()?;
    Some(Place {
        host: url.host_str()?.trim_end_matches('.').to_owned(),
        is_safe: url.scheme() == "https",
    })
}
