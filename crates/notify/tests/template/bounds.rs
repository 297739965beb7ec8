//! What a template may cost.

use super::*;

/// Runs with the smallest stack that a caller's thread may have.
fn on_a_small_stack(run: impl FnOnce() + Send + 'static) {
    std::thread::Builder::new()
        .stack_size(1024 * 1024)
        .spawn(run)
        .unwrap()
        .join()
        .unwrap();
}

#[test]
fn output_is_bounded() {
    let data = json!({ "l": vec![0; 1000], "s": "x".repeat(100_000) });
    let reason = refused("{{#each l}}{{../s}}{{/each}}", &data);
    assert!(reason.contains("larger than 16 MiB"), "{reason}");
    let wide = json!({ "t": {
        "schema": { "columns": [{ "label": "x".repeat(100_000), "id": "a" }] },
        "data": vec![json!({}); 1000],
    } });
    let (text, problems) = rendered(Part::Text, "{{table t}}", &wide);
    assert_eq!(
        (text.unwrap().as_str(), problems),
        (
            "ERROR",
            vec!["helper table: the table is larger than 16 MiB".to_owned()]
        )
    );
}

#[test]
fn a_wide_column_is_no_panic() {
    let wide = json!({ "t": {
        "schema": { "columns": [{ "label": "x".repeat(70_000), "id": "a" }] }, "data": [{}],
    } });
    assert_eq!(text("{{table t}}", &wide).len(), 2 * 70_005);
}

#[test]
fn nesting_is_bounded_whatever_nests() {
    on_a_small_stack(|| {
        for depth in [65, 200, 5_000, 40_000] {
            let blocks = "{{#if a}}".repeat(depth) + &"{{/if}}".repeat(depth);
            let chain = "{{#if a}}".to_owned() + &"{{else if b}}".repeat(depth) + "{{/if}}";
            let parens = format!("{{{{eq {}1{}}}}}", "(eq ".repeat(depth), ")".repeat(depth));
            let lists = format!("{{{{eq {}{}}}}}", "[".repeat(depth), "]".repeat(depth));
            let inlines = "{{#*inline \"a\"}}".repeat(depth) + &"{{/inline}}".repeat(depth);
            let open = "{{#if a}}".repeat(depth);
            for template in [blocks, chain, parens, lists, inlines, open] {
                let reason = refused(&template, &json!({}));
                assert!(reason.len() < 4000, "{reason}");
            }
        }
    });
    // a thread of a daemon has more
    let fooled = |depth| "{{#if (eq \"{{/if}}\" 1)}}".repeat(depth) + &"{{/if}}".repeat(depth);
    let thread = std::thread::Builder::new().stack_size(8 * 1024 * 1024);
    let run = move || {
        (
            refused(&fooled(990), &json!({})),
            refused(&fooled(100_000 / 3), &json!({})),
        )
    };
    let reasons = thread.spawn(run).unwrap().join().unwrap();
    assert!(
        reasons.0.contains("deeper than 64") && reasons.1.contains("more than 1000"),
        "{reasons:?}"
    );
    let fine = "{{#if a}}".repeat(60) + "x" + &"{{/if}}".repeat(60);
    assert_eq!(text(&fine, &json!({ "a": true })), "x");
}

#[test]
fn a_partial_that_includes_itself_is_refused() {
    for template in [
        "{{#*inline \"a\"}}{{> a}}{{/inline}}{{> a}}",
        "{{#*inline \"a\"}}{{> b}}{{/inline}}{{#*inline \"b\"}}{{#if x}}{{> a}}{{/if}}{{/inline}}{{> b}}",
        "{{#*inline \"a\"}}{{#*inline \"b\"}}{{> a}}{{/inline}}{{> b}}{{/inline}}{{> a}}",
    ] {
        assert!(
            refused(template, &json!({ "x": true })).contains("includes itself"),
            "{template}"
        );
    }
}

#[test]
fn partials_cannot_multiply() {
    let mut doubling = String::new();
    for level in 0..40 {
        doubling += &format!(
            "{{{{#*inline \"p{level}\"}}}}{{{{> p{0}}}}}{{{{> p{0}}}}}{{{{/inline}}}}",
            level + 1
        );
    }
    assert!(refused(&(doubling + "{{> p0}}"), &json!({})).contains("more than 1000 times"));
    let twice = "{{#*inline \"d\"}}{{> @partial-block}}{{> @partial-block}}{{/inline}}";
    let nested = format!("{twice}{}x{}", "{{#> d}}".repeat(40), "{{/d}}".repeat(40));
    assert!(refused(&nested, &json!({})).contains("is inside another"));
    let computed = "{{#*inline \"a\"}}{{> (lookup this \"n\")}}{{/inline}}{{> a}}";
    assert!(refused(computed, &json!({ "n": "a" })).contains("must not be computed"));
    assert_eq!(
        text(&format!("{twice}{{{{#> d}}}}x{{{{/d}}}}"), &json!({})),
        "xx"
    );
}

#[test]
fn random_templates_never_panic() {
    let pieces = [
        "{{",
        "}}",
        "{{{",
        "}}}",
        "{{#",
        "{{/",
        "{{>",
        "{{!--",
        "--}}",
        "#*inline",
        "\"p\"",
        "if ",
        "each ",
        "else",
        "a",
        "b.c",
        " ",
        "this",
        "@index",
        "../",
        "table ",
        "object ",
        "duration ",
        "human-bytes ",
        "timestamp ",
        "relative-percentage ",
        "1",
        "-1",
        "1e999",
        "(",
        ")",
        "[",
        "]",
        "|x|",
        " as ",
        "=",
        "~",
        "\\",
        "\n",
        "ä",
        "\u{0}",
        "\"",
        "'",
        "null",
        "true",
        "with ",
        "lookup ",
        "t",
    ];
    let data = json!({ "a": [1, "x", null], "b": { "c": { "d": 1 } }, "t": {
        "schema": { "columns": [{ "label": "A", "id": "a" }] }, "data": [{ "a": 1 }],
    } });
    let mut seed = 0x5eed_u64;
    let mut roll = |sides: usize| {
        seed ^= seed >> 12;
        seed ^= seed << 25;
        seed ^= seed >> 27;
        (seed.wrapping_mul(0x2545_f491_4f6c_dd1d) >> 33) as usize % sides
    };
    let (mut fine, mut broken) = (0, 0);
    for round in 0..5_000 {
        let mut template = String::new();
        for _ in 0..=roll(4) {
            let inner: String = (0..roll(5)).map(|_| pieces[roll(pieces.len())]).collect();
            template += &match roll(4) {
                0 => format!("{{{{{inner}}}}}"),
                1 => format!("{{{{#if {inner}}}}}{inner}{{{{/if}}}}"),
                2 => format!("{{{{#each a}}}}{{{{{inner}}}}}{{{{/each}}}}"),
                _ => inner,
            };
        }
        match webhook::render(&template, &data, &CLOCK) {
            Ok(_) => fine += 1,
            Err(_) => broken += 1,
        }
        if round % 20 == 0 {
            let _ = rendered(Part::Html, &template, &data);
        }
    }
    assert!(fine > 500 && broken > 500, "{fine} fine, {broken} broken");
}
