//! Records of targets that are gone: a deletion may have found the record busy, or was made on a node
//! without this software or by hand.
//!
//! A configuration that is damaged, half written or not there for a while must not cost a grant. So
//! nothing is done while anything is wrong in the files, and a record goes only when it was without a
//! target in the daily runs of a month.

use crate::Deadline;
use crate::config::{Config, Kind};
use crate::token::{self, Keeper};

/// Looks at all records; returns the names of those that were removed, and what could not be done.
#[must_use]
pub fn sweep(
    keeper: &Keeper<'_>,
    config: &Config,
    deadline: Deadline,
) -> Vec<Result<String, token::Error>> {
    if !config.faults().is_empty() {
        return Vec::new();
    }
    let targets = config.of_kind(Kind::Smtp);
    let is_target = |name: &str| targets.iter().any(|target| target.name() == name);
    let names = match keeper.kept() {
        Ok(names) => names,
        Err(error) => return vec![Err(error)],
    };
    let look = |name: String| {
        let is_gone = keeper.without_target(&name, deadline);
        is_gone.map(|is_gone| is_gone.then_some(name)).transpose()
    };
    let gone = names.into_iter().filter(|name| !is_target(name));
    gone.filter_map(look).collect()
}
