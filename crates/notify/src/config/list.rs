//! What the configuration holds, as lists.

use serde::Serialize;

use super::entity::{Kind, Origin};
use super::fields::Fields;
use super::section::Sections;
use super::{Config, Entity, Error, Matcher};

/// An endpoint in the list of all targets.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Target<'a> {
    /// Its name.
    pub name: &'a str,
    /// Its kind.
    #[serde(rename = "type")]
    pub kind: Kind,
    /// Where it comes from.
    pub origin: Origin,
    /// Words for the admin.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub comment: Option<&'a str>,
    /// Whether it is switched off.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub disable: Option<bool>,
    /// What an admin should know of its settings although they work.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub warning: Option<&'static str>,
}

impl Config {
    /// All endpoints: gotify, sendmail, smtp, webhook.
    #[must_use]
    pub fn targets(&self) -> Vec<Target<'_>> {
        let endpoints = self.in_order().into_iter().filter_map(|slot| slot.entity());
        let mut targets: Vec<_> = endpoints
            .filter(|entity| entity.kind() != Kind::Matcher)
            .map(|entity| Target {
                name: entity.name(),
                kind: entity.kind(),
                origin: entity.origin(),
                comment: entity.comment(),
                disable: entity.disable(),
                warning: match entity {
                    Entity::Smtp(smtp) => smtp.warning().or_else(|| smtp.password_warning()),
                    _ => None,
                },
            })
            .collect();
        targets.sort_by_key(|target| target.kind);
        targets
    }

    /// All entries of one kind.
    #[must_use]
    pub fn of_kind(&self, kind: Kind) -> Vec<&Entity> {
        let entities = self.in_order().into_iter().filter_map(|slot| slot.entity());
        entities.filter(|entity| entity.kind() == kind).collect()
    }

    /// All matchers, to route by.
    pub fn matchers(&self) -> impl Iterator<Item = &Matcher> {
        self.of_kind(Kind::Matcher)
            .into_iter()
            .filter_map(|entity| match entity {
                Entity::Matcher(matcher) => Some(matcher),
                _ => None,
            })
    }

    /// What has this name, also if it cannot be used.
    pub(crate) fn any(&self, name: &str) -> Option<&Entity> {
        self.entity(name)
    }

    /// An endpoint that can be sent to; whether it is switched off does not matter here.
    ///
    /// # Errors
    /// [`Error::NoEndpoint`], also if it lacks its section in the private file; [`Error::Faulty`] or
    /// [`Error::Torn`].
    pub fn endpoint(&self, name: &str) -> Result<&Entity, Error> {
        let entity = match self.entity(name) {
            Some(entity) => entity,
            None => {
                return Err(match self.faulty(name) {
                    Some(fault) if fault.kind != Kind::Matcher.as_str() => {
                        Error::Faulty(fault.clone())
                    }
                    _ => Error::NoEndpoint(name.to_owned()),
                });
            }
        };
        if let Some(reason) = self.blocked.get(name) {
            return Err(reason.clone());
        }
        let ready = match entity {
            Entity::Sendmail(_) => true,
            Entity::Gotify(gotify) => gotify.token.is_some(),
            Entity::Smtp(smtp) => smtp.has_private,
            Entity::Webhook(webhook) => webhook.has_private,
            Entity::Matcher(_) => false,
        };
        if ready {
            Ok(entity)
        } else {
            Err(Error::NoEndpoint(name.to_owned()))
        }
    }

    /// Whether an entry is switched off; one that cannot be used counts as well, as far as its lines
    /// say so.
    #[must_use]
    pub fn is_disabled(&self, name: &str) -> bool {
        match self.entity(name) {
            Some(entity) => entity.disable() == Some(true),
            None => self.faulty_text(name).is_some_and(|text| {
                let mut sections = Sections::of(text).flatten();
                sections.any(|section| Fields::any(&section).flag("disable") == Ok(Some(true)))
            }),
        }
    }

    /// The entry's name, then the targets if it is a matcher, each once: what somebody who uses it
    /// needs rights for.
    #[must_use]
    pub fn referenced<'a>(&'a self, name: &'a str) -> Vec<&'a str> {
        let mut names = vec![name];
        let mut seen = std::collections::HashSet::from([name]);
        if let Some(Entity::Matcher(matcher)) = self.entity(name) {
            let targets = matcher.target.iter().map(String::as_str);
            names.extend(targets.filter(|target| seen.insert(target)));
        }
        names
    }
}
