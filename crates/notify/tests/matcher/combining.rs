//! Modes, and rules together.

use super::*;

/// Severity and field match, the calendar does not.
fn rules(mode: Mode, invert: bool) -> Rules {
    Rules {
        severity: vec![severity("error")],
        field: vec![field("exact:type=vzdump")],
        calendar: vec![calendar("sun 8-12")],
        mode,
        invert,
    }
}

fn about() -> Notification {
    notification(Severity::Error, &[("type", "vzdump"), ("host", "a")])
}

#[test]
fn mode_all_wants_every_entry_of_a_group() {
    let mut rules = Rules {
        field: vec![field("exact:type=vzdump"), field("exact:host=a")],
        ..Rules::default()
    };
    assert!(matches(&rules, &about()));
    rules.field.push(field("exact:host=b"));
    assert!(!matches(&rules, &about()));
}

#[test]
fn mode_any_wants_one_entry_of_a_group() {
    let mut rules = Rules {
        field: vec![field("exact:type=other"), field("exact:host=a")],
        mode: Mode::Any,
        ..Rules::default()
    };
    assert!(matches(&rules, &about()));
    rules.field.truncate(1);
    assert!(!matches(&rules, &about()));
}

#[test]
fn groups_are_combined_by_the_mode_too() {
    assert!(!matches(&rules(Mode::All, false), &about()));
    assert!(matches(&rules(Mode::Any, false), &about()));
    let mut all = rules(Mode::All, false);
    all.calendar = vec![calendar("mon 0-1")];
    assert!(matches(&all, &about()));
}

#[test]
fn an_empty_group_does_not_count() {
    for mode in [Mode::All, Mode::Any] {
        let only = Rules {
            severity: vec![severity("error")],
            mode,
            ..Rules::default()
        };
        assert!(matches(&only, &about()));
        assert!(!matches(&only, &notification(Severity::Info, &[])));
    }
}

#[test]
fn inversion_comes_last() {
    assert!(matches(&rules(Mode::All, true), &about()));
    assert!(!matches(&rules(Mode::Any, true), &about()));
}

#[test]
fn a_matcher_without_directives_always_matches_even_inverted() {
    for invert in [false, true] {
        for mode in [Mode::All, Mode::Any] {
            let empty = Rules {
                mode,
                invert,
                ..Rules::default()
            };
            assert!(matches(&empty, &about()));
        }
    }
}

#[test]
fn modes_are_all_and_any_and_all_is_the_default() {
    assert_eq!(Mode::default(), Mode::All);
    for name in ["all", "any"] {
        assert_eq!(name.parse::<Mode>().unwrap().to_string(), name);
    }
    assert_eq!("some".parse::<Mode>().unwrap_err(), "unknown mode 'some'");
}
