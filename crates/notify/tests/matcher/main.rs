//! Matchers through the public interface: what each directive accepts, and where a notification goes.

mod calendars;
mod combining;
mod fields;
mod random;
mod routing;
mod severities;

use std::collections::BTreeMap;

use notify::Severity;
use notify::matcher::{CalendarMatch, Candidate, FieldMatch, Mode, Rules, SeverityMatch, route};
use notify::{Clock, FixedClock, Notification};
use serde_json::json;

/// Monday, 2026-11-23 00:00:00 UTC.
const MONDAY: i64 = 1_795_392_000;
const CLOCK: FixedClock = FixedClock {
    now: MONDAY,
    offset: 0,
};

fn notification(severity: Severity, fields: &[(&str, &str)]) -> Notification {
    let fields: BTreeMap<_, _> = fields
        .iter()
        .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
        .collect();
    Notification::new(severity, "test", json!({}), fields, &CLOCK)
}

fn at(day: i64, hour: i64, minute: i64) -> Notification {
    let mut notification = notification(Severity::Info, &[]);
    notification.timestamp = MONDAY + day * 86_400 + hour * 3600 + minute * 60;
    notification
}

fn severity(list: &str) -> SeverityMatch {
    list.parse().unwrap()
}

fn field(directive: &str) -> FieldMatch {
    directive.parse().unwrap()
}

fn calendar(directive: &str) -> CalendarMatch {
    directive.parse().unwrap()
}

fn field_matches(directive: &str, value: &str) -> bool {
    field(directive).matches(Some(value)).unwrap()
}

fn in_span(directive: &str, day: i64, hour: i64, minute: i64) -> bool {
    let time = CLOCK.local(at(day, hour, minute).timestamp).unwrap();
    calendar(directive).matches(&time)
}

/// Too large once compiled, though its text is well-formed.
const HUGE: &str = r"regex:host=(\w{100}){100}";

fn matches(rules: &Rules, about: &Notification) -> bool {
    rules.matches(about, &CLOCK).unwrap()
}
