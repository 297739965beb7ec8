//! One refresh by the owner of the lock: reserve, ask, store, use.

use std::time::Duration;

use super::look::{LONGEST_WISH, Look, Want, fingerprint, scopes, set_client_auth};
use super::{AccessToken, Error, Keeper};
use crate::message::Message;
use crate::oauth2::{self, Account, Failure, Granted};
use crate::state::{self, Change, GrantEnd, Guard, Mark, Record, Standing, Told, Trouble};
use crate::verdict::Verdict;
use crate::{Deadline, Secret};

/// What must be left of the lock for storing the answer.
const STORE: Duration = Duration::from_secs(3);
/// A provider that has less time than this is not asked: its answer may be lost, and a token with it.
const LEAST: Duration = Duration::from_secs(2);

impl Keeper<'_> {
    pub(super) fn refresh(
        &self,
        account: &Account,
        want: Want<'_>,
        guard: &Guard,
        deadline: Deadline,
    ) -> Result<Option<AccessToken>, Error> {
        let (store, target) = (self.store(), account.target.as_str());
        let now = self.clock.now();
        let stamp = store.stamp(target)?;
        let present = store.read_owned(guard, target, now)?;
        match self.judge(account, present.as_ref(), want, stamp) {
            Look::Token(token) => return Ok(Some(token)),
            Look::Rest => return Ok(None),
            Look::Wait { alive, error } => return alive.map(Some).ok_or(error),
            Look::Ask { .. } => {}
        }
        let mark = present.as_ref().map(Record::mark);
        let mut record = Self::successor(account, present)?;
        let time = deadline
            .left()
            .unwrap_or_default()
            .min(guard.left().saturating_sub(STORE))
            .min(oauth2::BUDGET);
        if time < LEAST {
            let target = target.to_owned();
            return Err(state::Error::Busy { target }.into());
        }
        let reserved = store.reserve(guard, target, Some(&record))?;
        let id = state::random()?;
        let (asked, is_previous) =
            self.ask_with_secrets(account, &record, mark.as_ref(), Deadline::after(time));
        let now = self.clock.now();
        record.tried = Some(now);
        record.settings = fingerprint(account, &record);
        record.asked_scopes = scopes(account);
        record.client_auth.set = set_client_auth(account);
        match asked {
            Ok(granted) => {
                // a token of before is not for another server, whatever becomes of this try
                if record.peer.as_ref() != Some(&account.peer) {
                    record.peer = Some(account.peer.clone());
                }
                let rotated = granted.refresh_token.is_some();
                if account.provider.client_auth.is_none() {
                    let name = granted.client_auth.name();
                    record.client_auth.keep(account.identity.app_only, name);
                }
                if is_previous {
                    record.secret_refused.get_or_insert(now);
                } else if !is_previous_of(&record, account) {
                    record.previous_secret = None;
                    record.secret_refused = None;
                    record.secret_ended = None;
                }
                self.take(&mut record, granted, id, now);
                self.sign(&mut record, "refresh", want.by(), now);
                let stored = store.commit(guard, reserved, target, &mut record, mark.as_ref());
                match stored {
                    Err(state::Error::Superseded { .. }) => {
                        self.after_others(account, &record).map(Some)
                    }
                    // the grant on disk is still the good one
                    Err(_) if !rotated => Ok(AccessToken::of(&record)),
                    Err(error) => Err(error.into()),
                    Ok(()) => {
                        // one of a later generation that was lost would hide this one
                        self.drop_copy(target);
                        let stamp = store.stamp(target)?;
                        if let Some(copy) = self.own_copy(account, &record) {
                            self.remember(account, &copy, stamp);
                        }
                        Ok(AccessToken::of(&record))
                    }
                }
            }
            Err(failure) => {
                note(&mut record, &failure, now);
                self.sign(&mut record, "failure", want.by(), now);
                match store.commit(guard, reserved, target, &mut record, mark.as_ref()) {
                    Err(state::Error::Superseded { .. }) => {
                        self.after_others(account, &record).map(Some)
                    }
                    // what the provider said matters more
                    _ => Err((*failure.error).into()),
                }
            }
        }
    }

    /// Asks with the client secret; where the provider refuses that, with the one before it, if that has worked
    /// and the present one has not. Whether it was that one.
    fn ask_with_secrets(
        &self,
        account: &Account,
        record: &Record,
        mark: Option<&Mark>,
        deadline: Deadline,
    ) -> (Result<Granted, Failure>, bool) {
        let asked = self.ask(account, record, mark, deadline);
        let is_of_client = |failure: &Failure| failure.error.is_of_credential(account);
        let is_refused = matches!(&asked, Err(failure) if is_of_client(failure));
        let before = record.previous_secret.as_ref().filter(|_| is_refused);
        let Some(before) = before.and_then(|previous| account.with_secret(previous)) else {
            return (asked, false);
        };
        match self.ask(&before, record, mark, deadline) {
            Ok(granted) => (Ok(granted), true),
            Err(failure) if is_of_client(&failure) => (asked, false),
            // nobody knows yet whether that one still does
            failed => (failed, false),
        }
    }

    /// Asks the provider. A grant that seems to have ended may only have been replaced meanwhile, or
    /// the token before it may still do.
    fn ask(
        &self,
        account: &Account,
        record: &Record,
        mark: Option<&Mark>,
        deadline: Deadline,
    ) -> Result<Granted, Failure> {
        let now = self.clock.now();
        let Some(token) = &record.refresh_token else {
            return oauth2::app_token(&self.trip, account, record, now, deadline);
        };
        let asked = oauth2::refresh(&self.trip, account, (record, token), now, deadline);
        let ended = matches!(&asked, Err(failure) if verdict(failure) == Verdict::Person);
        let Some(previous) = &record.previous_refresh_token else {
            return asked;
        };
        if !ended || !account.provider.old_tokens_live {
            return asked;
        }
        let present = self.store().read(&account.target).ok().flatten();
        if present.as_ref().map(Record::mark).as_ref() != mark {
            return asked;
        }
        match oauth2::refresh(&self.trip, account, (record, previous), now, deadline) {
            Ok(mut granted) => {
                // the one that was refused must not stay
                let kept = granted.refresh_token.take();
                granted.refresh_token = kept.or_else(|| Some(previous.clone()));
                Ok(granted)
            }
            Err(_) => asked,
        }
    }

    /// Somebody else has replaced the record while we asked: theirs counts, ours is discarded.
    fn after_others(&self, account: &Account, ours: &Record) -> Result<AccessToken, Error> {
        let target = account.target.clone();
        let theirs = self.store().read(&account.target)?;
        let same = theirs.filter(|theirs| theirs.id == ours.id);
        match self.judge(account, same.as_ref(), Want::Token, None) {
            Look::Token(token) | Look::Ask { alive: Some(token) } => Ok(token),
            Look::Wait {
                alive: Some(token), ..
            } => Ok(token),
            _ => Err(state::Error::Superseded { target }.into()),
        }
    }

    fn take(&self, record: &mut Record, granted: Granted, id: String, now: i64) {
        let is_rotated = granted.refresh_token.is_some();
        if let Some(token) = granted.refresh_token {
            rotate(record, token);
        }
        record.access_token = Some(granted.access_token);
        record.token_id = id;
        record.life = granted.life;
        record.obtained = Some(now);
        record.obtained_by = self.host.node();
        record.refreshed = Some(now);
        record.clock_skew = granted.clock_skew;
        record.grant_ends = match granted.grant_life {
            Some(life) => {
                let at = now.saturating_add(life);
                Some(GrantEnd::told(record.grant_ends.take(), at, now))
            }
            // a new token may have another life
            None => record.grant_ends.take().filter(|_| !is_rotated),
        };
        record.standing = Standing::Usable;
        if record.refused.is_none() {
            record.told = Told::default();
        }
        record.trouble = None;
        record.failures = 0;
        record.wait_until = None;
        record.outdated = None;
        record.may_pass = false;
    }

    pub(crate) fn sign(&self, record: &mut Record, why: &str, by: &str, now: i64) {
        record.changed = Change {
            at: now,
            node: self.host.node(),
            why: why.to_owned(),
            by: by.to_owned(),
            ..Change::default()
        };
    }
}

/// Whether a process that does not know the new secret yet has used the one before it.
fn is_previous_of(record: &Record, account: &Account) -> bool {
    let previous = record.previous_secret.as_ref();
    previous.is_some_and(|previous| previous.expose() == account.client_secret.expose())
}

/// RFC 6749 section 6: a new refresh token takes the place of the old one.
fn rotate(record: &mut Record, token: Secret) {
    let same = |old: &Secret| old.expose() == token.expose();
    if !record.refresh_token.as_ref().is_some_and(same) {
        record.previous_refresh_token = record.refresh_token.replace(token);
    }
}

/// Puts a failure down; the grant itself is never erased.
fn note(record: &mut Record, failure: &Failure, now: i64) {
    if let Some(token) = &failure.rotated {
        rotate(record, token.clone());
    }
    if failure.error.says_that_the_secret_has_ended() {
        record.secret_ended.get_or_insert(now);
    }
    let verdict = verdict(failure);
    record.standing = match verdict {
        // nobody consents to what an application does itself
        Verdict::Person if record.identity.app_only => Standing::Misconfigured,
        Verdict::Person => Standing::AuthorizeAgain,
        Verdict::Refused => Standing::Misconfigured,
        Verdict::Temporary | Verdict::Unknown => Standing::Failing,
    };
    record.trouble = Some(trouble(failure.error.code(), &failure.error.message(), now));
    record.may_pass = matches!(verdict, Verdict::Temporary | Verdict::Unknown)
        || failure.error.leaves_open_whether_a_grant_has_ended();
    record.failures = record.failures.saturating_add(1);
    let wish = failure.error.retry_after().map(i64::from);
    record.wait_until = wish.map(|wish| now.saturating_add(wish.min(LONGEST_WISH)));
}

fn verdict(failure: &Failure) -> Verdict {
    failure.error.cause().verdict()
}

/// A failure as a record keeps it.
pub(super) fn trouble(code: u16, message: &Message, now: i64) -> Trouble {
    Trouble {
        at: now,
        code,
        message: message.to_string(),
        cause: Some(message.headline()),
        cure: message.fix.clone(),
        details: message.shown_details(),
        ..Trouble::default()
    }
}
