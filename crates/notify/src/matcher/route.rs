//! From a notification to the names of its targets.

use std::collections::HashSet;
use std::fmt;

use super::Rules;
use crate::{Clock, Notification};

/// A matcher, as far as routing goes.
#[derive(Clone, Copy, Debug)]
pub struct Candidate<'a> {
    /// Its name.
    pub name: &'a str,
    /// What it asks.
    pub rules: &'a Rules,
    /// The names of its targets.
    pub targets: &'a [String],
    /// Whether it is switched off.
    pub disable: bool,
}

/// Where a notification goes.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Routing<'a> {
    /// The targets of all matchers that match, each once, in the order of the matchers.
    pub targets: Vec<&'a str>,
    /// The matchers that could not be evaluated; they count as not matching.
    pub problems: Vec<Problem>,
}

/// A matcher that could not be evaluated.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// The matcher's name.
    pub matcher: String,
    /// What is wrong.
    pub reason: String,
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "matcher '{}': {}", self.matcher, self.reason)
    }
}

/// Asks every matcher that is not disabled and unites the targets of those that match.
pub fn route<'a>(
    matchers: impl IntoIterator<Item = Candidate<'a>>,
    notification: &Notification,
    clock: &dyn Clock,
) -> Routing<'a> {
    let (mut routing, mut seen) = (Routing::default(), HashSet::new());
    for matcher in matchers.into_iter().filter(|matcher| !matcher.disable) {
        match matcher.rules.matches(notification, clock) {
            Ok(true) => routing.targets.extend(
                matcher
                    .targets
                    .iter()
                    .map(String::as_str)
                    .filter(|target| seen.insert(*target)),
            ),
            Ok(false) => {}
            Err(reason) => routing.problems.push(Problem {
                matcher: matcher.name.to_owned(),
                reason,
            }),
        }
    }
    routing
}
