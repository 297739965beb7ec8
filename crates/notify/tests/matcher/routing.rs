//! From matchers to targets.

use super::*;

fn names(list: &[&str]) -> Vec<String> {
    list.iter().map(|name| (*name).to_owned()).collect()
}

#[test]
fn targets_of_all_matching_matchers_are_united_each_once() {
    let (every, never) = (
        Rules::default(),
        Rules {
            severity: vec![severity("error")],
            ..Rules::default()
        },
    );
    let (first, second, third) = (names(&["a", "b", "a"]), names(&["c", "b"]), names(&["d"]));
    let candidate = |name, rules, targets| Candidate {
        name,
        rules,
        targets,
        disable: false,
    };
    let routing = route(
        [
            candidate("one", &every, &first[..]),
            candidate("two", &every, &second[..]),
            candidate("three", &never, &third[..]),
        ],
        &notification(Severity::Info, &[]),
        &CLOCK,
    );
    assert_eq!(routing.targets, ["a", "b", "c"]);
    assert_eq!(routing.problems, []);
}

#[test]
fn disabled_matchers_are_skipped_broken_or_not() {
    let rules = Rules {
        field: vec![field(HUGE)],
        ..Rules::default()
    };
    for rules in [&Rules::default(), &rules] {
        let targets = names(&["a"]);
        let off = Candidate {
            name: "off",
            rules,
            targets: &targets,
            disable: true,
        };
        let routing = route([off], &notification(Severity::Info, &[]), &CLOCK);
        assert!(routing.targets.is_empty() && routing.problems.is_empty());
    }
}

#[test]
fn a_matcher_error_is_reported_and_counts_as_no_match() {
    let (good, bad) = (names(&["good"]), names(&["bad"]));
    for invert in [false, true] {
        // the other group would do, and the field is missing
        let broken = Rules {
            severity: vec![severity("info")],
            field: vec![field(HUGE)],
            mode: Mode::Any,
            invert,
            ..Rules::default()
        };
        let every = Rules::default();
        let routing = route(
            [
                Candidate {
                    name: "broken",
                    rules: &broken,
                    targets: &bad,
                    disable: false,
                },
                Candidate {
                    name: "every",
                    rules: &every,
                    targets: &good,
                    disable: false,
                },
            ],
            &notification(Severity::Info, &[]),
            &CLOCK,
        );
        assert_eq!(routing.targets, ["good"]);
        let [problem] = &routing.problems[..] else {
            panic!("{routing:?}")
        };
        assert!(
            problem
                .to_string()
                .starts_with("matcher 'broken': invalid regex: "),
            "{problem}"
        );
    }
}

#[test]
fn a_timestamp_out_of_range_is_reported_where_a_calendar_asks() {
    let rules = Rules {
        calendar: vec![calendar("8-12")],
        ..Rules::default()
    };
    let mut about = notification(Severity::Info, &[]);
    about.timestamp = i64::MAX;
    assert!(
        rules
            .matches(&about, &CLOCK)
            .unwrap_err()
            .contains("out of range")
    );
    assert!(Rules::default().matches(&about, &CLOCK).unwrap());
}
