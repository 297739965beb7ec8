//! What is kept of targets that there are no more.

use std::collections::BTreeSet;
use std::path::PathBuf;

use super::run_file::{COPY, TOLD};
use super::{Error, Keeper};
use crate::Deadline;
use crate::state::{Lock, Orphaned};

/// A record is removed when it was without a target in so many looks.
const LOOKS: u32 = 30;
/// They count if there is so much time between them, in seconds: 20 h, whatever clock is set.
const APART: i64 = 20 * 3600;
/// After so many seconds without a look they begin anew.
const GAP: i64 = 3 * 86_400;
/// In seconds.
const MONTH: i64 = 30 * 86_400;

impl Keeper<'_> {
    /// The targets of which anything is kept, here or for all nodes.
    ///
    /// # Errors
    /// [`Error::State`].
    pub fn kept(&self) -> Result<BTreeSet<String>, Error> {
        let mut names = self.store().targets()?;
        names.extend(self.in_run_files(&[COPY, TOLD]));
        Ok(names)
    }

    /// Puts down that there is no target of this name; whether its record was removed, since there
    /// was none for a month.
    ///
    /// # Errors
    /// [`Error::State`].
    pub fn without_target(&self, target: &str, deadline: Deadline) -> Result<bool, Error> {
        let store = self.store();
        self.drop_run_files(target);
        let mut is_over = false;
        self.change(target, "target", "upkeep", deadline, |record, now| {
            let before = record.orphaned.clone().unwrap_or_default();
            let apart = now.saturating_sub(before.at);
            if (0..APART).contains(&apart) {
                return false;
            }
            // there was a target meanwhile, or a clock was set
            let is_gap = !(0..=GAP).contains(&apart);
            let looks = if is_gap {
                1
            } else {
                before.looks.saturating_add(1)
            };
            is_over = looks >= LOOKS;
            record.orphaned = Some(Orphaned {
                at: now,
                looks,
                ..before
            });
            true
        })?;
        is_over = is_over || self.is_only_old_damage(target)?;
        if is_over {
            let guard = Lock::new(self.host, target)?.take(deadline)?;
            // it may have a target again
            is_over = store.read(target)?.is_none_or(|record| {
                let orphaned = record.orphaned;
                orphaned.is_some_and(|orphaned| orphaned.looks >= LOOKS)
            });
            if is_over {
                store.remove(&guard, target)?;
            }
        }
        Ok(is_over)
    }

    /// Whether nothing is left but unreadable records, moved aside long ago.
    fn is_only_old_damage(&self, target: &str) -> Result<bool, Error> {
        let store = self.store();
        let moment = |path: &PathBuf| {
            let ending = path.extension()?.to_str()?;
            ending.strip_prefix("corrupt-")?.parse::<i64>().ok()
        };
        let is_old = |path: &PathBuf| {
            let age = moment(path).map(|moment| self.clock.now().saturating_sub(moment));
            age.is_some_and(|age| age >= MONTH)
        };
        let damaged = store.unreadable(target)?;
        let is_all = !damaged.is_empty() && damaged.iter().all(is_old);
        Ok(is_all && store.stamp(target)?.is_none())
    }
}
