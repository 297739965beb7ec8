//! Matchers through the public interface: what each directive accepts, and where a notification goes.

use std::collections::BTreeMap;

use notify::matcher::{
    CalendarMatch, Candidate, FieldMatch, Mode, Rules, Severity, SeverityMatch, route,
};
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

mod severities {
    use super::*;

    #[test]
    fn the_severities_are_info_notice_warning_error_and_unknown() {
        let names: Vec<_> = Severity::ALL.iter().map(ToString::to_string).collect();
        assert_eq!(names, ["info", "notice", "warning", "error", "unknown"]);
        for name in names {
            assert_eq!(name.parse::<Severity>().unwrap().name(), name);
            let json = serde_json::to_value(name.parse::<Severity>().unwrap()).unwrap();
            assert_eq!(json, json!(name));
            assert!(serde_json::from_value::<Severity>(json).is_ok());
        }
    }

    #[test]
    fn a_list_matches_each_of_its_severities_and_no_other() {
        for &one in &Severity::ALL {
            for &other in &Severity::ALL {
                assert_eq!(severity(one.name()).matches(other), one == other);
            }
            let others: Vec<_> = Severity::ALL
                .iter()
                .filter(|s| **s != one)
                .map(|s| s.name())
                .collect();
            assert!(!severity(&others.join(",")).matches(one));
        }
        assert!(severity("warning,error").matches(Severity::Error));
    }

    #[test]
    fn unknown_words_are_refused_by_name() {
        for (list, reason) in [
            ("nope", "unknown severity 'nope'"),
            ("", "unknown severity ''"),
            ("info,,error", "unknown severity ''"),
            ("Info", "unknown severity 'Info'"),
            ("info;error", "unknown severity 'info;error'"),
        ] {
            assert_eq!(list.parse::<SeverityMatch>().unwrap_err(), reason);
        }
    }

    #[test]
    fn a_list_is_written_back_as_given() {
        for list in ["info", "error,info", "info, error", "error,error"] {
            assert_eq!(severity(list).to_string(), list);
        }
    }
}

mod fields {
    use super::*;

    #[test]
    fn exact_takes_values_split_at_commas_and_trimmed() {
        for value in ["a", "b c", "d"] {
            assert!(field_matches("exact:type=a, b c ,d", value), "{value}");
        }
        for value in ["", "ab", "a,b c", "b", "A", " a"] {
            assert!(!field_matches("exact:type=a, b c ,d", value), "{value}");
        }
    }

    #[test]
    fn an_exact_list_is_rejoined_with_a_comma() {
        assert_eq!(field("exact:type= a , b ").to_string(), "exact:type=a,b");
        assert_eq!(field("exact:type=a").to_string(), "exact:type=a");
    }

    #[test]
    fn regex_is_an_unanchored_search() {
        assert!(field_matches("regex:host=ve[0-9]", "pve1.example.org"));
        assert!(!field_matches("regex:host=^ve[0-9]", "pve1.example.org"));
        assert!(field_matches("regex:host=^pve1.*org$", "pve1.example.org"));
        assert!(field_matches("regex:host=", "anything"));
    }

    #[test]
    fn regex_is_written_back_as_given() {
        for text in ["regex:host=^a, b$", "regex:host= a", "regex:host=a=b:c"] {
            assert_eq!(field(text).to_string(), text);
        }
    }

    #[test]
    fn the_prefix_is_mandatory() {
        for text in [
            "type=a",
            "Exact:type=a",
            "glob:type=a",
            ":type=a",
            "exact",
            "",
        ] {
            let reason = text.parse::<FieldMatch>().unwrap_err();
            assert!(
                reason.contains("begins neither with exact: nor with regex:"),
                "{reason}"
            );
        }
    }

    #[test]
    fn the_field_name_is_a_safe_id() {
        for name in ["a", "A-b.c_d", "0", "_"] {
            assert_eq!(field(&format!("exact:{name}=v")).field(), name);
        }
        for name in ["", "-a", ".a", "a b", "ä", "a:b", "a/b"] {
            assert!(
                format!("exact:{name}=v").parse::<FieldMatch>().is_err(),
                "{name}"
            );
        }
        assert!(
            "exact:type"
                .parse::<FieldMatch>()
                .unwrap_err()
                .contains("has no =")
        );
    }

    #[test]
    fn a_missing_field_never_matches() {
        for text in [
            "exact:type=",
            "exact:type=a",
            "regex:type=",
            "regex:type=.*",
        ] {
            assert!(!field(text).matches(None).unwrap(), "{text}");
        }
    }

    #[test]
    fn the_value_may_be_empty_or_contain_an_equals_sign() {
        assert!(field_matches("exact:type=", ""));
        assert!(!field_matches("exact:type=", "a"));
        assert!(field_matches("exact:type=a=b", "a=b"));
        assert!(field_matches("regex:type=^a=b$", "a=b"));
    }

    #[test]
    fn a_malformed_pattern_is_refused_when_it_is_read() {
        for pattern in [
            "(",
            "[a",
            "a{2,1}",
            r"\p{Nope}",
            "*",
            r"(?-u:\xff)",
            r"(a)\1",
        ] {
            let reason = format!("regex:host={pattern}")
                .parse::<FieldMatch>()
                .unwrap_err();
            assert!(reason.starts_with("invalid regex: "), "{reason}");
            assert!(!reason.contains('\n') && !reason.ends_with('.'), "{reason}");
        }
    }

    #[test]
    fn a_pattern_that_nests_too_deep_is_refused_when_it_is_read() {
        let pattern = format!("regex:host={}a{}", "(".repeat(10_000), ")".repeat(10_000));
        assert!(pattern.parse::<FieldMatch>().is_err());
    }

    #[test]
    fn a_pattern_beyond_the_size_limit_is_an_error_when_tried_and_on_request() {
        let huge = field(HUGE);
        assert!(
            huge.matches(Some("a"))
                .unwrap_err()
                .starts_with("invalid regex: ")
        );
        assert!(huge.compile().is_err());
        assert_eq!(huge.to_string(), HUGE);
        assert!(field("regex:host=a+").compile().is_ok());
        assert!(field("exact:host=a").compile().is_ok());
    }

    #[test]
    fn a_search_takes_linear_time() {
        let value = "a".repeat(100_000);
        assert!(!field_matches("regex:host=^(a+)+$", &(value + "!")));
    }

    #[test]
    fn a_clone_matches_as_the_original_compiled_or_not() {
        let original = field("regex:host=^a");
        let before = original.clone();
        assert!(original.matches(Some("ab")).unwrap());
        let after = original.clone();
        assert_eq!((&before, &after), (&original, &original));
        assert!(before.matches(Some("ab")).unwrap() && after.matches(Some("ab")).unwrap());
        assert_ne!(original, field("regex:host=^b"));
        assert_ne!(field("exact:host=a"), field("regex:host=a"));
    }
}

mod calendars {
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
        let on =
            |text: &str| -> Vec<i64> { (0..7).filter(|day| in_span(text, *day, 9, 0)).collect() };
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
}

mod combining {
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
}

mod routing {
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
}

mod random {
    use super::*;

    /// xorshift64*: the same texts at every run.
    struct Dice(u64);

    impl Dice {
        fn roll(&mut self, sides: usize) -> usize {
            self.0 ^= self.0 >> 12;
            self.0 ^= self.0 << 25;
            self.0 ^= self.0 >> 27;
            (self.0.wrapping_mul(0x2545_f491_4f6c_dd1d) >> 33) as usize % sides
        }

        fn text(&mut self, pieces: &[&str]) -> String {
            (0..self.roll(9))
                .map(|_| pieces[self.roll(pieces.len())])
                .collect()
        }
    }

    #[test]
    fn whatever_is_read_is_written_back_to_the_same_and_nothing_panics() {
        let pieces = [
            "info",
            "error",
            ",",
            " ",
            "exact:",
            "regex:",
            "type",
            "host=",
            "=",
            "(",
            ")",
            "[a-z]",
            "{9}",
            "(?-u:",
            "(?i)",
            "\\xff",
            "\\p{Greek}",
            "\\PX",
            "\\w",
            "regex:a=",
            "regex:a=",
            "*",
            "\\",
            "|",
            "^",
            "mon",
            "tuesday",
            "..",
            "8",
            "12",
            ":",
            ":30",
            "-",
            "\t",
            "ä",
            "\u{0}",
            "99999999999999999999",
        ];
        let mut dice = Dice(0x5eed);
        let (mut read, mut compiled) = (0, 0);
        for _ in 0..60_000 {
            let text = dice.text(&pieces);
            if let Ok(parsed) = text.parse::<SeverityMatch>() {
                assert_eq!(parsed.to_string(), text);
                read += 1;
            }
            if let Ok(parsed) = text.parse::<FieldMatch>() {
                assert_eq!(parsed.to_string().parse::<FieldMatch>().unwrap(), parsed);
                if compiled < 600 {
                    // whatever else is wrong with a pattern was found when it was read
                    if let Err(reason) = parsed.matches(Some("abc")) {
                        assert!(reason.contains("size limit"), "{text}: {reason}");
                    }
                }
                compiled += 1;
            }
            if let Ok(parsed) = text.parse::<CalendarMatch>() {
                assert_eq!(parsed.to_string(), text);
                let time = CLOCK.local(MONDAY).unwrap();
                let _ = parsed.matches(&time);
                read += 1;
            }
        }
        assert!(
            read > 50 && compiled > 600,
            "the texts hit nothing: {read}, {compiled}"
        );
    }
}
