//! What people do to a grant: give it, take it away, change what it was made for. And that mail was
//! sent with it.

use super::Keeper;
use crate::oauth2::Account;
use crate::state::{self, Lock, Record, Standing, Trouble};
use crate::{Deadline, Error, Secret};

/// A sending is put down so often at most, in seconds.
const SENT: i64 = 3600;
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
            return Err(Error::parameter(
                "oauth2-refresh-token",
                "must have 1 to 16384 printable ASCII characters",
            ));
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
        if let Some(present) = present {
            record.generation = present.generation;
            record.sent = present.sent;
        }
        record.refresh_token = Some(refresh_token.clone());
        record.consented = Some(now);
        // the provider made it just now
        record.refreshed = Some(now);
        self.sign(&mut record, "consent", by, now);
        let reserved = store.reserve(&guard, target, Some(&record))?;
        store.commit(&guard, reserved, target, &mut record, mark.as_ref())?;
        self.drop_copy(account);
        Ok(())
    }

    /// Sets the grant of a target aside, for this reason: it is kept but not used any more.
    ///
    /// # Errors
    /// [`Error::State`].
    pub fn set_aside(
        &self,
        target: &str,
        reason: &str,
        by: &str,
        deadline: Deadline,
    ) -> Result<(), Error> {
        self.change(target, "settings", by, deadline, |record, now| {
            record.standing = Standing::AuthorizeAgain;
            record.access_token = None;
            record.retry_at = None;
            record.trouble = Some(Trouble {
                at: now,
                code: 400,
                message: reason.to_owned(),
                cure: None,
            });
            true
        })
    }

    /// Puts down that mail was sent, to the hour.
    ///
    /// # Errors
    /// [`Error::State`].
    pub fn sent(&self, account: &Account, deadline: Deadline) -> Result<(), Error> {
        let recent = |record: &Record, now: i64| {
            let age = record.sent.map(|moment| now.saturating_sub(moment));
            age.is_some_and(|age| (0..SENT).contains(&age))
        };
        let target = account.target.as_str();
        match self.store().read(target)? {
            Some(record) if !recent(&record, self.clock.now()) => {
                self.change(target, "send", "delivery", deadline, |record, now| {
                    let old = recent(record, now);
                    record.sent = Some(now);
                    !old
                })
            }
            _ => Ok(()),
        }
    }

    /// Whether somebody has to be told that a target has stopped working; then this is put down, so
    /// that one of all who ask tells it, once.
    ///
    /// # Errors
    /// [`Error::State`].
    pub fn take_alert(&self, target: &str, deadline: Deadline) -> Result<bool, Error> {
        let untold = |record: &Record| {
            record.standing != Standing::Usable && record.alerted != Some(record.standing)
        };
        if !self.store().read(target)?.as_ref().is_some_and(untold) {
            return Ok(false);
        }
        let mut taken = false;
        self.change(target, "alert", "delivery", deadline, |record, _| {
            taken = untold(record);
            record.alerted = Some(record.standing);
            taken
        })?;
        Ok(taken)
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
        let guard = Lock::new(self.host, target)?.take(deadline)?;
        Ok(self.store().remove(&guard, target)?)
    }

    /// Changes a record that is there, under the lock, if the closure says so.
    fn change(
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
