//! Spans of the week.

use super::*;

#[test]
fn a_span_is_half_open() {
    assert!(!in_span("8:00-12:30", 0, 7, 59));
    assert!(in_span("8:00-12:30", 0, 8, 0));
    assert!(in_span("8:00-12:30", 0, 12, 29));
    assert!(!in_span("8:00-12:30", 0, 12, 30));
    assert!(!in_span("8:00-8:00", 0, 8, 0));
}

#[test]
fn without_days_every_day_counts() {
    assert!((0..7).all(|day| in_span("8-12", day, 9, 0)));
}

#[test]
fn minutes_are_optional() {
    assert!(in_span("8-12:15", 0, 12, 14) && in_span("8:30-12", 0, 11, 59));
    assert!(!in_span("8:30-12", 0, 12, 0) && !in_span("8:30-12", 0, 8, 29));
}

#[test]
fn the_hour_is_0_to_23_and_24_is_not_allowed() {
    assert!(in_span("0-23:59", 0, 0, 0) && in_span("0:00-23", 0, 22, 59));
    for text in [
        "8-24", "8-24:00", "24-25", "8-12:60", "8:99-12", "-1-2", "8-+9", "8-", "-8", "8",
    ] {
        assert!(text.parse::<CalendarMatch>().is_err(), "{text}");
    }
}

#[test]
fn start_after_end_is_an_error() {
    let reason = "22:00-6:00".parse::<CalendarMatch>().unwrap_err();
    assert_eq!(reason, "'22:00-6:00' ends before it starts");
}

#[test]
fn days_have_short_and_long_names() {
    let names = [
        "monday",
        "tuesday",
        "wednesday",
        "thursday",
        "friday",
        "saturday",
        "sunday",
    ];
    for (number, name) in (0..).zip(names) {
        for day in 0..7 {
            let short: String = name.chars().take(3).collect();
            assert_eq!(in_span(&format!("{name} 8-12"), day, 9, 0), day == number);
            assert_eq!(in_span(&format!("{short} 8-12"), day, 9, 0), day == number);
        }
    }
    assert!(in_span("MON,Tuesday 8-12", 1, 9, 0));
    for text in [
        "mo 8-12",
        "mond 8-12",
        "day 8-12",
        "mon, 8-12",
        ",mon 8-12",
        "mon",
    ] {
        assert!(text.parse::<CalendarMatch>().is_err(), "{text}");
    }
}

#[test]
fn days_are_comma_lists_and_ranges_that_may_wrap() {
    let on = |text: &str| -> Vec<i64> { (0..7).filter(|day| in_span(text, *day, 9, 0)).collect() };
    assert_eq!(on("mon,wed,sunday 8-12"), [0, 2, 6]);
    assert_eq!(on("mon..fri 8-12"), [0, 1, 2, 3, 4]);
    assert_eq!(on("sat..tue 8-12"), [0, 1, 5, 6]);
    assert_eq!(on("fri..fri 8-12"), [4]);
    assert_eq!(on("mon..tue,sat 8-12"), [0, 1, 5]);
    assert_eq!(on("tue..mon 8-12"), [0, 1, 2, 3, 4, 5, 6]);
    for text in [
        "mon.. 8-12",
        "..mon 8-12",
        "mon..tue..wed 8-12",
        "mon.tue 8-12",
    ] {
        assert!(text.parse::<CalendarMatch>().is_err(), "{text}");
    }
}

#[test]
fn spaces_are_allowed_around_the_dash_but_not_at_the_ends() {
    for text in ["8:00 - 12:00", "8 -12", "8-  12", "mon  8 - 12"] {
        assert!(in_span(text, 0, 9, 0), "{text}");
    }
    for text in [
        " 8-12",
        "8-12 ",
        " mon 8-12",
        "\t8-12",
        "8 :00-12",
        "mon , tue 8-12",
    ] {
        assert!(text.parse::<CalendarMatch>().is_err(), "{text}");
    }
}

#[test]
fn a_span_is_written_back_as_given() {
    for text in ["8-12", "MON..fri  08:00 - 012:5", "sun,sun 0:00-0:00"] {
        assert_eq!(calendar(text).to_string(), text);
    }
}

#[test]
fn the_time_of_the_notification_counts_in_local_time() {
    let rules = Rules {
        calendar: vec![calendar("tue 0:00-0:30")],
        ..Rules::default()
    };
    let about = at(0, 23, 15);
    assert!(!rules.matches(&about, &CLOCK).unwrap());
    let east = FixedClock {
        now: 0,
        offset: 3600,
    };
    assert!(rules.matches(&about, &east).unwrap());
}

/// As Proxmox VE's documentation has it; written as every version reads it.
#[test]
fn a_range_of_days_may_have_a_hyphen_and_is_written_with_two_dots() {
    for (given, written, inside, outside) in [
        ("mon-fri 9-17", "mon..fri 9-17", 4, 5),
        ("sun,tue-wed,fri 9-17", "sun,tue..wed,fri 9-17", 2, 3),
        ("sat-mon  9:30 - 17", "sat..mon  9:30 - 17", 0, 1),
        ("mon..fri 9-17", "mon..fri 9-17", 0, 6),
    ] {
        let calendar: CalendarMatch = given.parse().unwrap();
        assert_eq!(calendar.to_string(), written);
        assert!(
            in_span(given, inside, 10, 0) && !in_span(given, outside, 10, 0),
            "{given}"
        );
    }
    for text in [
        "mon- 9-17",
        "-fri 9-17",
        "mon-tue-wed 9-17",
        "mon-..fri 9-17",
    ] {
        assert!(text.parse::<CalendarMatch>().is_err(), "{text}");
    }
}
