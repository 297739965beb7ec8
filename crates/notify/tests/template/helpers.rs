//! What the helpers print.

use super::*;

fn people() -> Value {
    json!({ "t": {
        "schema": { "columns": [
            { "label": "Name", "id": "name" },
            { "label": "Größe", "id": "size", "renderer": "human-bytes" },
            { "label": "Time", "id": "time", "renderer": "duration" },
            { "label": "When", "id": "when", "renderer": "timestamp" },
        ] },
        "data": [
            { "name": "äöü", "size": 1536, "time": 3725, "when": 0, "other": 1 },
            { "name": "<b>", "size": "2048", "time": "5" },
        ],
    } })
}

#[test]
fn a_text_table_counts_width_in_bytes_and_pads_in_characters() {
    let expected = "\
Name      Größe      Time        When                   
äöü       1.5 KiB    1h 2m 5s    1970-01-01 01:00:00    
<b>       2 KiB      5s          null                   
";
    assert_eq!(text("{{table t}}", &people()), expected);
}

#[test]
fn an_html_table_has_inline_borders_and_escapes() {
    let html = good(Part::Html, "{{table t}}", &people());
    assert!(
        html.starts_with("<table style=\"border: 1px solid"),
        "{html}"
    );
    assert_eq!(
        (
            html.matches("<th style=\"border:").count(),
            html.matches("<td style=\"border:").count()
        ),
        (4, 8)
    );
    assert!(
        html.contains(">&lt;b&gt;</td>") && html.contains(">null</td>"),
        "{html}"
    );
    assert_eq!(html.matches("<tr>").count(), 3);
}

#[test]
fn a_missing_cell_prints_null_and_other_values_their_json() {
    let table = json!({ "t": {
        "schema": { "columns": [{ "label": "A", "id": "a" }] },
        "data": [{}, { "a": null }, { "a": true }, { "a": 1.5 }, { "a": [1, "x"] }],
    } });
    assert_eq!(
        text("{{table t}}", &table),
        "A          \nnull       \nnull       \ntrue       \n1.5        \n[1,\"x\"]    \n"
    );
}

#[test]
fn a_table_without_rows_is_its_heading() {
    let table =
        json!({ "t": { "schema": { "columns": [{ "label": "A", "id": "a" }] }, "data": [] } });
    assert_eq!(text("{{table t}}", &table), "A    \n");
}

#[test]
fn object_is_indented_json_and_preformatted_in_html() {
    let data = json!({ "o": { "a": [1], "b": "<" } });
    assert_eq!(
        text("{{object o}}", &data),
        "{\n  \"a\": [\n    1\n  ],\n  \"b\": \"<\"\n}"
    );
    let html = good(Part::Html, "{{object o}}", &data);
    assert!(
        html.starts_with("<pre>{") && html.ends_with("}</pre>") && html.contains("&lt;"),
        "{html}"
    );
}

#[test]
fn human_bytes_are_iec_with_up_to_three_decimals() {
    for (size, expected) in [
        (json!(0), "0 B"),
        (json!(1), "1 B"),
        (json!(1000), "1000 B"),
        (json!(1023), "1023 B"),
        (json!(1024), "1 KiB"),
        (json!(1536), "1.5 KiB"),
        (json!(1_234_567), "1.177 MiB"),
        (json!("1536"), "1.5 KiB"),
        (json!(10 * 1024), "10 KiB"),
        (json!(34_359_738_368_u64), "32 GiB"),
        (json!(1_u64 << 40), "1 TiB"),
        (json!(1_u64 << 50), "1 PiB"),
        (json!(u64::MAX), "16 EiB"),
    ] {
        assert_eq!(text("{{human-bytes s}}", &json!({ "s": size })), expected);
    }
}

#[test]
fn a_duration_is_hours_minutes_and_seconds() {
    for (seconds, expected) in [
        (json!(3725), "1h 2m 5s"),
        (json!("3725"), "1h 2m 5s"),
        (json!(0), "0s"),
        (json!(59), "59s"),
        (json!(60), "1m"),
        (json!(3601), "1h 1s"),
        (json!(90_061), "1d 1h 1m 1s"),
    ] {
        assert_eq!(text("{{duration s}}", &json!({ "s": seconds })), expected);
    }
}

#[test]
fn a_timestamp_is_local_time() {
    for moment in [json!(1_795_392_000), json!("1795392000")] {
        assert_eq!(
            text("{{timestamp s}}", &json!({ "s": moment })),
            "2026-11-23 01:00:00"
        );
    }
    assert_eq!(
        text("{{timestamp s}}", &json!({ "s": -3601 })),
        "1969-12-31 23:59:59"
    );
}

#[test]
fn a_relative_percentage_has_two_decimals_and_is_a_dash_for_a_whole_of_0() {
    for (part, whole, expected) in [
        (json!(1), json!(3), "33.33%"),
        (json!("1"), json!("4"), "25.00%"),
        (json!(0), json!(3), "0.00%"),
        (json!(3), json!(0), "-"),
        (json!(0), json!(0), "-"),
    ] {
        assert_eq!(
            text(
                "{{relative-percentage a b}}",
                &json!({ "a": part, "b": whole })
            ),
            expected
        );
    }
}

#[test]
fn wrap_breaks_text_at_72_columns_and_leaves_longer_words_alone() {
    let (half, long) = ("é".repeat(36), "x".repeat(80));
    for (from, to) in [
        (String::new(), String::new()),
        ("a  b\nc".to_owned(), "a b\nc".to_owned()),
        (format!("{half} {half}"), format!("{half}\n{half}")),
        (
            format!("{half} {}", "y".repeat(35)),
            format!("{half} {}", "y".repeat(35)),
        ),
        (format!("a {long} b"), format!("a\n{long}\nb")),
    ] {
        assert_eq!(text("{{wrap t}}", &json!({ "t": from })), to);
    }
}

#[test]
fn failure_renders_error_and_is_reported() {
    let data = json!({ "n": -1, "s": "abc", "big": 1e300, "l": [1], "f": 1.5, "t": {
        "schema": { "columns": [{ "label": "A", "id": "a", "renderer": "duration" }] },
        "data": [{ "a": "x" }],
    }, "u": { "schema": { "columns": [{ "label": "A", "id": "a", "renderer": "nope" }] }, "data": [] } });
    for template in [
        "{{human-bytes s}}",
        "{{human-bytes n}}",
        "{{human-bytes missing}}",
        "{{human-bytes}}",
        "{{duration n}}",
        "{{duration s}}",
        "{{duration l}}",
        "{{duration f}}",
        "{{timestamp big}}",
        "{{timestamp 9223372036854775807}}",
        "{{timestamp s}}",
        "{{relative-percentage s 1}}",
        "{{relative-percentage 1}}",
        "{{relative-percentage \"NaN\" 1}}",
        "{{table missing}}",
        "{{table s}}",
        "{{table t}}",
        "{{table u}}",
        "{{table}}",
        "{{object}}",
        "{{wrap}}",
    ] {
        for part in [Part::Subject, Part::Text, Part::Html] {
            let (text, problems) = rendered(part, &format!("a {template} b"), &data);
            assert_eq!(text.unwrap(), "a ERROR b", "{template}");
            let name = template.trim_matches(['{', '}']).split(' ').next().unwrap();
            assert_eq!(problems.len(), 1, "{template}");
            assert!(
                problems[0].starts_with(&format!("helper {name}: ")),
                "{problems:?}"
            );
        }
    }
}

#[test]
fn faults_in_a_loop_are_counted_out() {
    let (text, problems) = rendered(
        Part::Text,
        "{{#each l}}{{duration}}{{/each}}",
        &json!({ "l": vec![0; 1000] }),
    );
    assert_eq!((text.unwrap().len(), problems.len()), (5000, 20));
}
