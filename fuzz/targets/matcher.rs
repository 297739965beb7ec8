//! Directives of matchers: each is refused or understood, written back as it was understood, and asked
//! without a failure.
#![no_main]

use std::fmt::Display;
use std::str::FromStr;

use libfuzzer_sys::fuzz_target;
use notify::Severity;
use notify::matcher::{CalendarMatch, Candidate, FieldMatch, Mode, Rules, SeverityMatch};
use notify::{FixedClock, Notification};

fuzz_target!(|text: &str| {
    let mut lines = text.lines();
    let (value, now) = (lines.next().unwrap_or_default(), text.len() as i64 * 4321);
    let mut rules = Rules::default();
    for line in lines {
        keep(&mut rules.severity, same::<SeverityMatch>(line));
        keep(&mut rules.field, same::<FieldMatch>(line));
        keep(&mut rules.calendar, same::<CalendarMatch>(line));
        if let Some(mode) = same::<Mode>(line) {
            rules.mode = mode;
        }
    }
    let notification = Notification {
        severity: value.parse().unwrap_or(Severity::Unknown),
        template: "test".to_owned(),
        data: serde_json::Value::Null,
        fields: [("type".to_owned(), value.to_owned())].into(),
        timestamp: now,
    };
    let clock = FixedClock { now, offset: 3600 };
    let targets = ["target".to_owned()];
    let found = |rules: &Rules| {
        let candidate = Candidate {
            name: "matcher",
            rules,
            targets: &targets,
            disable: false,
        };
        let routing = notify::matcher::route([candidate], &notification, &clock);
        (routing.targets.len(), routing.problems.len())
    };
    let (reached, problems) = found(&rules);
    assert!(reached + problems <= 1, "it matches, or cannot be asked");
    let asks = !(rules.severity.is_empty() && rules.field.is_empty() && rules.calendar.is_empty());
    if problems == 0 && asks {
        let inverted = Rules {
            invert: !rules.invert,
            ..rules
        };
        assert_eq!(found(&inverted).0, 1 - reached, "inverted");
    }
});

fn keep<T>(list: &mut Vec<T>, item: Option<T>) {
    list.extend(item);
}

/// A directive that is written as it is read.
fn same<T: FromStr + Display>(line: &str) -> Option<T> {
    let parsed: T = line.parse().ok()?;
    let text = parsed.to_string();
    let again = text.parse::<T>().map(|again| again.to_string());
    assert_eq!(again.ok(), Some(text), "{line:?}");
    Some(parsed)
}
