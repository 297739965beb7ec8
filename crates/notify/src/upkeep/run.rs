//! The daily run: each target separately, those that were left longest first, so that peers that hang
//! do not keep the same ones from their turn each day.

use std::panic::{AssertUnwindSafe, catch_unwind};

use super::{Error, Target};
use crate::Deadline;
use crate::token::{BUDGET, Keeper};

/// What became of a target in a run.
#[derive(Debug)]
pub struct Report {
    /// Its name.
    pub target: String,
    /// Whether its grant was used: it was not if nothing was due.
    pub result: Result<bool, Error>,
}

/// Uses every grant that is due; the reports come in the order given. No failure keeps the others from
/// their turn; those that the deadline leaves no time for are reported as failed.
#[must_use]
pub fn run(keeper: &Keeper<'_>, targets: Vec<Target>, deadline: Deadline) -> Vec<Report> {
    let (mut reports, mut due) = (Vec::new(), Vec::new());
    for Target { name, account, .. } in targets {
        let since = account.and_then(|account| {
            let since = alone(&name, || Ok(keeper.left_since(&account)))?;
            Ok(since.map(|since| (since, account)))
        });
        let result = since.map(|since| {
            if let Some((since, account)) = since {
                due.push((since, reports.len(), account));
            }
            false
        });
        let target = name;
        reports.push(Report { target, result });
    }
    due.sort_by_key(|(since, ..)| *since);
    for (_, place, account) in due {
        let left = deadline.left().unwrap_or_default().min(BUDGET);
        let result = alone(&account.target, || {
            Ok(keeper.keep_alive(&account, Deadline::after(left))?)
        });
        if let Some(report) = reports.get_mut(place) {
            report.result = result;
        }
    }
    reports
}

/// Runs code that a fault of this program may end, without ending the run.
pub(super) fn alone<T>(target: &str, code: impl FnOnce() -> Result<T, Error>) -> Result<T, Error> {
    // what it left half done is a lock that ends with it, or a file that nobody reads
    catch_unwind(AssertUnwindSafe(code)).unwrap_or_else(|_| {
        let target = target.to_owned();
        Err(Error::Panicked { target })
    })
}
