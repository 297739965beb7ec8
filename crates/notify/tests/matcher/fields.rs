//! Metadata fields: exact values and patterns.

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
