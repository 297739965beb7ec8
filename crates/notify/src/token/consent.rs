//! What people do to a grant: give it, take it away, change what it was made for.

use super::look::fingerprint;
use super::objection::{has_new_secret, is_for};
use super::{Error, Keeper, aside};
use crate::oauth2::{self, Account, is_key};
use crate::parameter::Parameter;
use crate::state::{self, Identity, Lock, Peer, Record, Standing, Told};
use crate::{Deadline, Secret};

/// The longest refresh token, in bytes.
const MAX_TOKEN: usize = 16 * 1024;

impl Keeper<'_> {
    /// Keeps the refresh token of a new consent, given by this user. What was kept before is replaced.
    ///
    /// # Errors
    /// [`Error::Parameter`] for what is no token; [`Error::State`].
    pub fn consent(
        &self,
        account: &Account,
        refresh_token: &Secret,
        by: &str,
        deadline: Deadline,
    ) -> Result<(), Error> {
        let text = refresh_token.expose();
        if !(1..=MAX_TOKEN).contains(&text.len()) || !text.bytes().all(|b| matches!(b, 0x20..=0x7e))
        {
            return Err(Parameter::new(
                "oauth2-refresh-token",
                "must have 1 to 16384 printable ASCII characters",
            )
            .into());
        }
        let (store, target) = (self.store(), account.target.as_str());
        let guard = Lock::new(self.host, target)?.take(deadline)?;
        let now = self.clock.now();
        let present = match store.read_owned(&guard, target, now) {
            // it lies beside now
            Err(state::Error::Corrupt { moved: Some(_), .. }) => None,
            read => read?,
        };
        let mark = present.as_ref().map(Record::mark);
        let mut record = Record::new(account.identity.clone())?;
        if let Some(mut present) = present {
            record.generation = present.generation;
            record.sent = present.sent;
            if present.identity == record.identity {
                record.client_auth = present.client_auth.clone();
                record.warned = present.warned.clone();
            }
            if is_for(account, &present) {
                record.previous_secret = present.previous_secret.take();
                record.secret_refused = present.secret_refused;
                record.secret_ended = present.secret_ended;
            }
            record.aside = present.aside.take();
            // one for the same settings is replaced
            if !is_for(account, &present) {
                aside::keep(&mut record, present);
            }
            record.aside.take_if(|aside| is_for(account, aside));
        }
        record.peer = Some(account.peer.clone());
        record.refresh_token = Some(refresh_token.clone());
        record.consented = Some(now);
        self.sign(&mut record, "consent", by, now);
        let reserved = store.reserve(&guard, target, Some(&record))?;
        store.commit(&guard, reserved, target, &mut record, mark.as_ref())?;
        self.drop_copy(target);
        Ok(())
    }

    /// Makes sure that the record of a target can be replaced, before a consent is redeemed that could not be
    /// kept else.
    ///
    /// # Errors
    /// [`Error::State`].
    pub(crate) fn prove(&self, target: &str, deadline: Deadline) -> Result<(), Error> {
        let store = self.store();
        let guard = Lock::new(self.host, target)?.take(deadline)?;
        // an unreadable one is moved aside by whoever writes
        let present = store.read(target).ok().flatten();
        store.reserve(&guard, target, present.as_ref())?;
        Ok(())
    }

    /// Notes that the settings of a target were changed, for its status: since when its grant is put aside.
    /// Nothing of it is lost, and it is used again once the settings go back. A record of before, which does
    /// not say for which server it is, is for the one until now.
    ///
    /// # Errors
    /// [`Error::State`].
    pub fn note_change(
        &self,
        target: &str,
        before: Peer,
        by: &str,
        deadline: Deadline,
    ) -> Result<(), Error> {
        self.change(target, "settings", by, deadline, |record, now| {
            record.peer.get_or_insert(before);
            record.outdated = Some(now);
            record.access_token = None;
            true
        })?;
        self.drop_copy(target);
        Ok(())
    }

    /// Takes over that the client secret of an application that acts for itself was handed in for the
    /// settings as they are now: what spoke against its record does so no more.
    ///
    /// # Errors
    /// [`Error::State`].
    pub fn accept(&self, account: &Account, by: &str, deadline: Deadline) -> Result<(), Error> {
        let (store, target) = (self.store(), account.target.as_str());
        let guard = Lock::new(self.host, target)?.take(deadline)?;
        let now = self.clock.now();
        let Some(present) = store.read_owned(&guard, target, now)? else {
            return Ok(());
        };
        // what was handed in is what it has
        let changed = !is_for(account, &present) || has_new_secret(account, &present);
        if !changed && present.standing == Standing::Usable && present.trouble.is_none() {
            return Ok(());
        }
        let mark = present.mark();
        let mut record = Self::successor(account, Some(present))?;
        record.peer = Some(account.peer.clone());
        record.settings = fingerprint(account, &record);
        record.access_token = None;
        record.standing = Standing::Usable;
        record.told = Told::default();
        record.trouble = None;
        record.refused = None;
        record.failures = 0;
        record.wait_until = None;
        self.sign(&mut record, "settings", by, now);
        let reserved = store.reserve(&guard, target, Some(&record))?;
        store.commit(&guard, reserved, target, &mut record, Some(&mark))?;
        self.drop_copy(target);
        Ok(())
    }

    /// Notes that the application has another secret, for the settings as they are now. The one before it, where it
    /// has worked, is kept until the new one has.
    ///
    /// # Errors
    /// [`Error::State`].
    pub fn replace_secret(
        &self,
        account: &Account,
        previous: Option<&Secret>,
        by: &str,
        deadline: Deadline,
    ) -> Result<(), Error> {
        let target = &account.target;
        self.change_readable(target, by, deadline, |record| {
            let had_previous = record.previous_secret.is_some();
            let was_told =
                record.secret_refused.take().is_some() | record.secret_ended.take().is_some();
            let is_other = |previous: &&Secret| {
                previous.expose() != account.client_secret.expose()
                    && is_key(previous) == is_key(&account.client_secret)
            };
            let is_good = matches!(record.standing, Standing::Usable | Standing::Failing);
            let has_worked = record.obtained.is_some() && is_good;
            match previous.filter(is_other) {
                Some(previous) if has_worked && is_for(account, record) => {
                    // of several that were given one after the other, the one that has worked
                    record
                        .previous_secret
                        .get_or_insert_with(|| previous.clone());
                }
                Some(_) => {}
                None => record.previous_secret = None,
            }
            was_told || record.previous_secret.is_some() != had_previous
        })
    }

    /// Removes the secret that an application had before the present one.
    ///
    /// # Errors
    /// [`Error::State`].
    pub fn forget_secret(&self, target: &str, by: &str, deadline: Deadline) -> Result<(), Error> {
        self.change_readable(target, by, deadline, |record| {
            let was_refused = record.secret_refused.take().is_some();
            record.previous_secret.take().is_some() | was_refused
        })
    }

    /// Changes what a record says of secrets; with one that cannot be read nothing has worked that could be gone on
    /// with.
    fn change_readable(
        &self,
        target: &str,
        by: &str,
        deadline: Deadline,
        change: impl FnOnce(&mut Record) -> bool,
    ) -> Result<(), Error> {
        match self.change(target, "settings", by, deadline, |record, _| change(record)) {
            Err(Error::State(state::Error::Corrupt { .. })) => Ok(()),
            changed => changed,
        }
    }

    /// Removes the tokens of a target, also those aside, once the closure has told the provider of each that its
    /// application has; whether it was told of all. The record keeps its dates.
    ///
    /// # Errors
    /// [`Error::NoGrant`] where there is no token; [`Error::Provider`], and then nothing has changed;
    /// [`Error::State`].
    pub(crate) fn revoke(
        &self,
        account: &Account,
        by: &str,
        deadline: Deadline,
        tell: impl Fn(&Secret) -> Result<bool, oauth2::Error>,
    ) -> Result<bool, Error> {
        let (store, target) = (self.store(), account.target.as_str());
        let guard = Lock::new(self.host, target)?.take(deadline)?;
        let now = self.clock.now();
        let Some(mut record) = store.read_owned(&guard, target, now)? else {
            return Err(Error::no_grant(account));
        };
        let all: Vec<&Record> =
            std::iter::successors(Some(&record), |record| record.aside.as_deref())
                .filter(|record| record.refresh_token.is_some())
                .collect();
        if all.is_empty() {
            return Err(Error::no_grant(account));
        }
        let mark = record.mark();
        let reserved = store.reserve(&guard, target, Some(&record))?;
        let mut told = true;
        for record in all {
            // one of another application is not for this one's provider
            let is_ours = is_of_application(account, record);
            told &= match &record.refresh_token {
                Some(token) if is_ours => tell(token)?,
                _ => false,
            };
        }
        record.refresh_token = None;
        record.previous_refresh_token = None;
        record.access_token = None;
        record.obtained = None;
        record.grant_ends = None;
        record.aside = None;
        record.standing = Standing::AuthorizeAgain;
        // whoever does this knows it
        record.told.alerted = Some(Standing::AuthorizeAgain);
        record.trouble = None;
        self.sign(&mut record, "revocation", by, now);
        store.commit(&guard, reserved, target, &mut record, Some(&mark))?;
        self.drop_run_files(target);
        Ok(told)
    }

    /// Whether anything is kept of a target.
    #[must_use]
    pub fn keeps(&self, target: &str) -> bool {
        !matches!(self.store().stamp(target), Ok(None))
    }

    /// Removes all that is kept of a target.
    ///
    /// # Errors
    /// [`Error::State`].
    pub fn forget(&self, target: &str, deadline: Deadline) -> Result<(), Error> {
        self.store().stamp(target)?;
        // also where the record has to wait
        self.drop_run_files(target);
        let guard = Lock::new(self.host, target)?.take(deadline)?;
        self.store().remove(&guard, target)?;
        self.drop_run_files(target);
        Ok(())
    }

    /// Changes a record that is there, under the lock, if the closure says so.
    pub(crate) fn change(
        &self,
        target: &str,
        why: &str,
        by: &str,
        deadline: Deadline,
        change: impl FnOnce(&mut Record, i64) -> bool,
    ) -> Result<(), Error> {
        let store = self.store();
        let guard = Lock::new(self.host, target)?.take(deadline)?;
        let now = self.clock.now();
        let Some(mut record) = store.read_owned(&guard, target, now)? else {
            return Ok(());
        };
        let mark = record.mark();
        if !change(&mut record, now) {
            return Ok(());
        }
        self.sign(&mut record, why, by, now);
        let reserved = store.reserve(&guard, target, Some(&record))?;
        Ok(store.commit(&guard, reserved, target, &mut record, Some(&mark))?)
    }
}

/// Whether the account's application got the tokens of this record where it gets its own.
fn is_of_application(account: &Account, record: &Record) -> bool {
    let (now, then) = (&account.identity, &record.identity);
    let same = |identity: &Identity| {
        let Identity {
            provider,
            token_url,
            tenant,
            client,
            ..
        } = identity;
        [provider, token_url, tenant, client].map(String::clone)
    };
    same(now) == same(then)
}
