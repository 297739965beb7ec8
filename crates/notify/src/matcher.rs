//! Matchers: which notification goes to which targets.
//!
//! A matcher's directives are parsed once ([`SeverityMatch`], [`FieldMatch`], [`CalendarMatch`]) and
//! written back as they were given. Directives of one kind form a group; the [`Mode`] combines the
//! entries of a group and then the groups; the result may be inverted. [`route()`] asks all matchers
//! and unites the targets of those that match.

mod calendar;
mod field;
mod route;
mod rules;
mod severity;

pub use calendar::CalendarMatch;
pub use field::FieldMatch;
pub use route::{Candidate, Problem, Routing, route};
pub use rules::{Mode, Rules};
pub use severity::SeverityMatch;
