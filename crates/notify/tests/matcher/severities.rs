//! Lists of severities.

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
