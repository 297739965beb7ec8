//! Changes of the configuration, and what they mean for the grants of OAuth2 targets.
//!
//! A grant is touched only once the files are written and their locks are free: it may be in use, and the
//! wait for it must hold nobody else up.

use std::sync::PoisonError;

use super::Service;
use super::handle::{checked, is_handle};
use crate::account;
use crate::config::{Config, Entity, Kind, SmtpSettings, WithoutGrant};
use crate::oauth2::{Account, CUSTOM, Providers};
use crate::state::Peer;
use crate::token::BUDGET;
use crate::{Deadline, Error, Host, Parameter, Secret};

/// The parameter that is no setting: it goes where the tokens are kept.
const REFRESH_TOKEN: &str = "oauth2-refresh-token";

/// A change of a target that concerns its grant.
#[derive(Debug)]
pub(super) enum GrantChange {
    /// A person has consented.
    Given(String, Secret),
    /// The settings that it was given for have changed.
    Outdated(String, Box<Peer>),
    /// The client secret was set, or is there again with the settings that it was given for; with the one before it,
    /// if that was for the same settings.
    Renewed(String, Option<Secret>),
    /// The client secret was deleted.
    Bare(String),
    /// The target is gone, or a new one has its name.
    Gone(String),
}

impl Service {
    /// Adds an entry; [`Service::add_smtp`] for a mail server, whose grant is looked after too:
    ///
    /// ```compile_fail,E0277
    /// # use notify::{config::SmtpSettings, service::Service};
    /// # fn add(service: Service) {
    /// service.add("mail", SmtpSettings::default());
    /// # }
    /// ```
    ///
    /// # Errors
    /// As [`Config::add`].
    pub fn add(&self, name: &str, settings: impl WithoutGrant) -> Result<(), Error> {
        self.change(|config| config.add(name, settings))
    }

    /// Changes an entry: removes the settings named in `delete`, then takes over those given.
    /// [`Service::update_smtp`] for a mail server.
    ///
    /// # Errors
    /// As [`Config::update`].
    pub fn update(
        &self,
        name: &str,
        settings: impl WithoutGrant,
        delete: &[String],
        digest: Option<&str>,
    ) -> Result<(), Error> {
        self.watching(name, |config| {
            Ok(config.update(name, settings, delete, digest)?)
        })?;
        Ok(())
    }

    /// Deletes an entry that no matcher uses; a builtin one comes back at the next reading.
    ///
    /// # Errors
    /// As [`Config::delete`].
    pub fn delete(&self, kind: Kind, name: &str) -> Result<(), Error> {
        self.change(|config| config.delete(kind, name))?;
        if kind == Kind::Smtp {
            self.note(GrantChange::Gone(name.to_owned()));
        }
        Ok(())
    }

    /// Adds a mail server, perhaps with a refresh token that a person's consent has given.
    ///
    /// # Errors
    /// As [`Config::add`]; [`Error::parameter`] for a provider that this machine does not know, and for a
    /// token where the target does not log in with one.
    pub fn add_smtp(
        &self,
        name: &str,
        settings: SmtpSettings,
        token: Option<Secret>,
    ) -> Result<(), Error> {
        check_method(&self.host, settings.auth_method.as_deref())?;
        let token = token.map(checked).transpose()?;
        self.change(|config| {
            with_token(&self.host, config, name, token.as_ref(), |config| {
                Ok(config.add(name, settings)?)
            })
        })?;
        self.note(GrantChange::Gone(name.to_owned()));
        self.note_token(name, token);
        Ok(())
    }

    /// Changes a mail server. Its refresh token is no setting but can be given, and named in `delete`.
    ///
    /// # Errors
    /// As [`Config::update`] and [`Service::add_smtp`].
    pub fn update_smtp(
        &self,
        name: &str,
        settings: SmtpSettings,
        token: Option<Secret>,
        mut delete: Vec<String>,
        digest: Option<&str>,
    ) -> Result<(), Error> {
        check_method(&self.host, settings.auth_method.as_deref())?;
        let token = token.map(checked).transpose()?;
        let ends_grant = delete.iter().any(|key| key == REFRESH_TOKEN);
        delete.retain(|key| key != REFRESH_TOKEN);
        let gives_secret = settings.gives_credential();
        let previous = self.client_secret(name);
        let outdated = self.watching(name, |config| {
            with_token(&self.host, config, name, token.as_ref(), |config| {
                Ok(config.update(name, settings, &delete, digest)?)
            })
        })?;
        if ends_grant {
            self.note(GrantChange::Gone(name.to_owned()));
        }
        // a secret that is still there is the one of the new settings
        let has_secret = self.client_secret(name).is_some();
        let is_renewed = has_secret && (gives_secret || outdated.is_some());
        let is_bare = previous.is_some() && !has_secret && outdated.is_none();
        let previous = previous.filter(|_| outdated.is_none());
        if let Some(peer) = outdated {
            self.note(GrantChange::Outdated(name.to_owned(), Box::new(peer)));
        }
        if is_renewed {
            self.note(GrantChange::Renewed(name.to_owned(), previous));
        } else if is_bare {
            self.note(GrantChange::Bare(name.to_owned()));
        }
        self.note_token(name, token);
        Ok(())
    }

    /// Whether the changes would show a secret to another host for which it was not entered again: for a
    /// caller who may not do that, before the files are written.
    ///
    /// # Errors
    /// [`Error::parameter`] names the secret.
    pub fn check_moved_secrets(&self) -> Result<(), Error> {
        let moved = self.moved.lock().unwrap_or_else(PoisonError::into_inner);
        moved.clone().map_or(Ok(()), |moved| Err(moved.into()))
    }

    /// Whether the targets may have what the handles of their changes stand for, which must be this user's:
    /// before the files are written.
    ///
    /// # Errors
    /// [`Error::parameter`] `oauth2-refresh-token`; the handle stays good.
    pub fn check_handles(&self, by: &str) -> Result<(), Error> {
        let given: Vec<(String, Secret)> = {
            let grants = self.grants.lock().unwrap_or_else(PoisonError::into_inner);
            let given = grants.iter().filter_map(|change| match change {
                GrantChange::Given(target, token) if is_handle(token) => {
                    Some((target.clone(), token.clone()))
                }
                _ => None,
            });
            given.collect()
        };
        for (target, handle) in given {
            if let Some(account) = self.account(&target)? {
                self.check_handle(&account, &handle, by)?;
            }
        }
        Ok(())
    }

    /// Changes an entry, and notes a secret that goes elsewhere by it. Answers with the mail server that its
    /// grant was given for, where the settings that count for a grant are others now.
    fn watching(
        &self,
        name: &str,
        change: impl FnOnce(&mut Config) -> Result<(), Error>,
    ) -> Result<Option<Peer>, Error> {
        self.change(|config| {
            let before = config.any(name).cloned();
            change(config)?;
            if let Some(moved) = before
                .as_ref()
                .and_then(|before| config.moved_secret(before))
            {
                *self.moved.lock().unwrap_or_else(PoisonError::into_inner) = Some(moved);
            }
            Ok::<_, Error>(outdated(before.as_ref(), config.any(name)))
        })
    }

    /// Does to the grants what the changes of their targets mean, in 25 seconds at most: once the files are
    /// written, without their locks. `by` is the user who made them. Answers with what they should know: what
    /// is put aside, and what to do about it.
    ///
    /// # Errors
    /// The first thing that could not be done; the others are done all the same.
    pub fn apply_changes(&self, by: &str) -> Result<Vec<String>, Error> {
        let deadline = Deadline::after(BUDGET);
        let mut result = Ok(());
        let mut outdated = Vec::new();
        for change in self.take_grants() {
            if let GrantChange::Outdated(target, _) = &change {
                outdated.push(target.clone());
            }
            let done = self.apply(change, by, deadline);
            result = result.and(done);
        }
        result?;
        if outdated.is_empty() {
            return Ok(Vec::new());
        }
        let status = self.status();
        let of = |target: &String| match status.get(target) {
            Some(health) => health.warning_of_change(),
            None => Some(format!(
                "target '{target}': its client secret was deleted, as it no longer logs in with OAuth2"
            )),
        };
        Ok(outdated.iter().filter_map(of).collect())
    }

    fn apply(&self, change: GrantChange, by: &str, deadline: Deadline) -> Result<(), Error> {
        let keeper = self.keeper();
        match change {
            GrantChange::Given(target, token) => match self.account(&target)? {
                Some(account) if is_handle(&token) => {
                    self.take_handle(&account, &token, by, deadline)?;
                }
                Some(account) => keeper.consent(&account, &token, by, deadline)?,
                None => {}
            },
            GrantChange::Outdated(target, peer) if keeper.keeps(&target) => {
                keeper.note_change(&target, *peer, by, deadline)?;
            }
            // settings that lack something else are none of this
            GrantChange::Renewed(target, previous) if keeper.keeps(&target) => {
                if let Ok(Some(account)) = self.account(&target) {
                    keeper.replace_secret(&account, previous.as_ref(), by, deadline)?;
                    if account.identity.app_only {
                        keeper.accept(&account, by, deadline)?;
                    }
                }
            }
            GrantChange::Bare(target) if keeper.keeps(&target) => {
                keeper.forget_secret(&target, by, deadline)?;
            }
            GrantChange::Gone(target) if keeper.keeps(&target) => {
                keeper.forget(&target, deadline)?;
            }
            GrantChange::Outdated(..)
            | GrantChange::Renewed(..)
            | GrantChange::Bare(_)
            | GrantChange::Gone(_) => {}
        }
        Ok(())
    }

    fn account(&self, target: &str) -> Result<Option<Account>, Error> {
        match self.config().get(Kind::Smtp, target)? {
            Entity::Smtp(smtp) => Ok(account::of(&self.host, smtp)?),
            _ => Ok(None),
        }
    }

    fn client_secret(&self, target: &str) -> Option<Secret> {
        match self.config().get(Kind::Smtp, target) {
            Ok(Entity::Smtp(smtp)) => smtp.client_secret().cloned(),
            _ => None,
        }
    }

    fn note_token(&self, name: &str, token: Option<Secret>) {
        if let Some(token) = token {
            self.note(GrantChange::Given(name.to_owned(), token));
        }
    }

    fn note(&self, change: GrantChange) {
        let mut grants = self.grants.lock().unwrap_or_else(PoisonError::into_inner);
        grants.push(change);
    }

    /// From now on the caller's business.
    fn take_grants(&self) -> Vec<GrantChange> {
        let mut grants = self.grants.lock().unwrap_or_else(PoisonError::into_inner);
        std::mem::take(&mut *grants)
    }
}

/// The provider must be known to this machine.
fn check_method(host: &Host, method: Option<&str>) -> Result<(), Error> {
    match method {
        None | Some("" | "plain" | CUSTOM) => Ok(()),
        Some(method) => {
            Providers::load(host).find(method)?;
            Ok(())
        }
    }
}

/// Makes a change with which a token may come. That needs a target which logs in with it at a known
/// provider; else nothing is changed.
fn with_token(
    host: &Host,
    config: &mut Config,
    name: &str,
    token: Option<&Secret>,
    change: impl FnOnce(&mut Config) -> Result<(), Error>,
) -> Result<(), Error> {
    if token.is_none() {
        return change(config);
    }
    let mut changed = config.clone();
    change(&mut changed)?;
    match changed.get(Kind::Smtp, name)? {
        Entity::Smtp(smtp) if smtp.oauth2_method().is_some() && !smtp.is_app_only() => {
            check_method(host, smtp.auth_method.as_deref())?;
            *config = changed;
            Ok(())
        }
        _ => {
            let reason = "is not used by this target; set auth-method too";
            Err(Parameter::new(REFRESH_TOKEN, reason).into())
        }
    }
}

fn outdated(before: Option<&Entity>, now: Option<&Entity>) -> Option<Peer> {
    let (Some(Entity::Smtp(before)), Some(Entity::Smtp(now))) = (before, now) else {
        return None;
    };
    let had_grant = before.oauth2_method().is_some();
    (had_grant && before.granted_for() != now.granted_for()).then(|| before.peer_of_grant())
}
