//! Who tells the admins of a change for the worse, and that it was told: put down in the target's
//! record, for all nodes, and by this machine for itself where the record cannot be written.
//!
//! First it is put down that somebody tells it, and since when; then that it is done. Whoever is
//! killed in between leaves it to the next look, some minutes later.

use serde::{Deserialize, Serialize};

use super::ending::{self, Ending, What};
use super::{Condition, Error, Health, Target};
use crate::Deadline;
use crate::disk::Disk;
use crate::state::{self, Guard, Identity, Lock, Record, Standing, Told};
use crate::token::Keeper;
use crate::token::run_file::TOLD;

/// After so long whoever tells it is given up, in seconds. Clocks of nodes may differ.
const GIVEN_UP: i64 = 900;
/// What this machine keeps for itself.
#[derive(Default, Serialize, Deserialize)]
struct Own {
    told: Told,
}

impl Keeper<'_> {
    /// The names of those of which something may have to be told or put down.
    #[must_use]
    pub fn unsettled<'h>(&self, all: impl IntoIterator<Item = &'h Health>) -> Vec<&'h str> {
        let own = self.in_run_files(&[TOLD]);
        let is_quiet = |health: &Health| {
            let told = health.told.as_ref();
            standing(health.condition).is_none()
                && told.is_none_or(|told| *told == Told::default())
                && !own.contains(&health.name)
        };
        let unsettled = all.into_iter().filter(|health| !is_quiet(health));
        unsettled.map(|health| health.name.as_str()).collect()
    }

    /// What somebody has to be told of this target, and by the caller: nobody else gets the same
    /// answer until [`Keeper::end_alert`], or some minutes later if that never comes.
    ///
    /// # Errors
    /// [`Error::Token`] where it cannot be put down anywhere.
    pub fn begin_alert(
        &self,
        target: &Target,
        deadline: Deadline,
    ) -> Result<Option<Health>, Error> {
        if self.is_settled(&self.health(target)) {
            return Ok(None);
        }
        let name = target.name.as_str();
        let guard = match Lock::new(self.host(), name)?.take(deadline) {
            Err(error @ state::Error::Busy { .. }) => return Err(error.into()),
            guard => guard,
        };
        // an unreadable record lies aside afterwards
        if let Ok(guard) = &guard {
            let _ = self.store().read_owned(guard, name, self.clock().now());
        }
        let health = self.health(target);
        if self.is_settled(&health) {
            return Ok(None);
        }
        let standing = standing(health.condition);
        let told = Told {
            alerted: standing.clone(),
            telling: standing.as_ref().map(|_| self.clock().now()),
        };
        let shared = guard.and_then(|guard| self.put_down(&guard, target, &told));
        match (shared, &standing) {
            (Ok(()), _) => {
                let _ = self.disk().remove(&self.run_file(name, TOLD));
            }
            // that nothing has to be told may wait
            (Err(_), None) => {}
            (Err(error), Some(_)) => self.keep(name, told).map_err(|()| error)?,
        }
        Ok(standing.map(|_| health))
    }

    /// Puts down that what [`Keeper::begin_alert`] said was told.
    ///
    /// # Errors
    /// [`Error::Token`]: it will be told once more.
    pub fn end_alert(&self, target: &str, deadline: Deadline) -> Result<(), Error> {
        if let Some(mut told) = self.own(target) {
            told.telling = None;
            let _ = self.keep(target, told);
            return Ok(());
        }
        Ok(
            self.change(target, "alert", "delivery", deadline, |record, _| {
                record.told.telling.take().is_some()
            })?,
        )
    }

    /// What of this target will end, and was not told at its present step; by the caller, as nobody else gets the
    /// same answer. Where it cannot be put down nothing is told, so that it is not told each day.
    ///
    /// # Errors
    /// [`Error::Token`].
    pub(crate) fn begin_warning(
        &self,
        target: &Target,
        deadline: Deadline,
    ) -> Result<Option<Ending>, Error> {
        let due = |record: Option<&Record>| {
            let health = self.health(target);
            // that it does not work is told already
            let is_told = |ending: &Ending| {
                ending.what != What::Unused && standing(health.condition).is_some()
            };
            let endings = health.endings.into_iter();
            let endings = endings.filter(|ending| !is_told(ending)).collect();
            ending::untold(endings, record).into_iter().next()
        };
        let name = target.name.as_str();
        if due(self.store().read(name)?.as_ref()).is_none() {
            return Ok(None);
        }
        let guard = Lock::new(self.host(), name)?.take(deadline)?;
        let present = self.store().read_owned(&guard, name, self.clock().now())?;
        let Some(ending) = due(present.as_ref()) else {
            return Ok(None);
        };
        self.write(&guard, target, present, "upkeep", |record| {
            ending::put_down(record, &ending);
        })?;
        Ok(Some(ending))
    }

    /// Puts down that what [`Keeper::begin_warning`] said has reached nobody.
    ///
    /// # Errors
    /// [`Error::Token`]: this step is not told any more.
    pub(crate) fn withdraw_warning(
        &self,
        target: &str,
        ending: &Ending,
        deadline: Deadline,
    ) -> Result<(), Error> {
        Ok(
            self.change(target, "alert", "upkeep", deadline, |record, _| {
                record.warned.remove(ending.what.key()).is_some()
            })?,
        )
    }

    /// Whether nothing has to be told, and nothing put down.
    fn is_settled(&self, health: &Health) -> bool {
        let own = self.own(&health.name);
        let mut all = [&health.told, &own].into_iter().flatten();
        match standing(health.condition) {
            None => all.all(|told| *told == Told::default()),
            standing => all.any(|told| {
                let age = told
                    .telling
                    .map(|since| self.clock().now().saturating_sub(since));
                let is_lost = age.is_some_and(|age| !(-GIVEN_UP..GIVEN_UP).contains(&age));
                told.alerted == standing && !is_lost
            }),
        }
    }

    fn put_down(&self, guard: &Guard, target: &Target, told: &Told) -> Result<(), state::Error> {
        let present = self.store().read(&target.name)?;
        if present.is_none() && *told == Told::default() {
            return Ok(());
        }
        self.write(guard, target, present, "delivery", |record| {
            record.told = told.clone();
        })
    }

    /// Changes the record, which a target that nobody has authorized gets for it.
    fn write(
        &self,
        guard: &Guard,
        target: &Target,
        present: Option<Record>,
        by: &str,
        change: impl FnOnce(&mut Record),
    ) -> Result<(), state::Error> {
        let (store, name) = (self.store(), target.name.as_str());
        let mark = present.as_ref().map(Record::mark);
        let mut record = match (present, &target.account) {
            (Some(record), _) => record,
            (None, Ok(account)) => Record::new(account.identity.clone())?,
            (None, Err(_)) => Record::new(Identity::default())?,
        };
        change(&mut record);
        self.sign(&mut record, "alert", by, self.clock().now());
        let reserved = store.reserve(guard, name, Some(&record))?;
        store.commit(guard, reserved, name, &mut record, mark.as_ref())
    }

    fn own(&self, target: &str) -> Option<Told> {
        let bytes = self.read_run_file(target, TOLD)?;
        let own: Own = serde_json::from_slice(&bytes).ok()?;
        Some(own.told)
    }

    fn keep(&self, target: &str, told: Told) -> Result<(), ()> {
        let bytes = serde_json::to_vec(&Own { told }).map_err(drop)?;
        self.write_run_file(target, TOLD, &bytes).map_err(drop)
    }
}

/// What has to be told.
fn standing(condition: Condition) -> Option<Standing> {
    match condition {
        Condition::Ok | Condition::Untested | Condition::Due => None,
        Condition::Failing => Some(Standing::Failing),
        Condition::Misconfigured => Some(Standing::Misconfigured),
        Condition::AuthorizeAgain => Some(Standing::AuthorizeAgain),
    }
}
