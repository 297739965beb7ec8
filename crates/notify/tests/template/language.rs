//! What the language of templates does to texts.

use super::*;

#[test]
fn newlines_in_subjects_become_spaces_the_last_one_too() {
    let data = json!({ "a": "1\n2\r\n3\r4" });
    assert_eq!(good(Part::Subject, "{{a}}\nend\n", &data), "1 2 3 4 end ");
}

#[test]
fn missing_values_are_empty() {
    assert_eq!(
        text(
            "[{{a}}{{b.c.d}}{{e.[0]}}{{#if f}}x{{/if}}{{#each g}}x{{/each}}]",
            &json!({ "b": 1 })
        ),
        "[]"
    );
    assert_eq!(text("[{{a}}]", &Value::Null), "[]");
    assert_eq!(text("[{{a}}]", &json!({ "a": null })), "[]");
}

#[test]
fn only_html_bodies_escape() {
    let data = json!({ "a": "<b> & \"c\"" });
    assert_eq!(
        good(Part::Html, "{{a}}", &data),
        "&lt;b&gt; &amp; &quot;c&quot;"
    );
    assert_eq!(good(Part::Html, "{{{a}}}", &data), "<b> & \"c\"");
    for part in [Part::Subject, Part::Text] {
        assert_eq!(good(part, "{{a}}", &data), "<b> & \"c\"");
    }
}

#[test]
fn the_blocks_of_handlebars_are_there() {
    let data = json!({ "list": [1, 2], "map": { "k": "v" }, "yes": true, "no": false });
    for (template, expected) in [
        ("{{#each list}}{{@index}}={{this}};{{/each}}", "0=1;1=2;"),
        ("{{#each map}}{{@key}}={{this}}{{/each}}", "k=v"),
        ("{{#if no}}a{{else if yes}}b{{else}}c{{/if}}", "b"),
        ("{{#unless no}}a{{/unless}}", "a"),
        ("{{#with map}}{{k}}{{/with}}", "v"),
        ("{{#if (eq map.k \"v\")}}a{{/if}}", "a"),
        ("{{lookup list 1}}", "2"),
        ("{{!-- {{no}} --}}\\{{raw}}", "{{raw}}"),
        (
            "{{#*inline \"p\"}}<{{this}}>{{/inline}}{{#each list}}{{> p}}{{/each}}",
            "<1><2>",
        ),
    ] {
        assert_eq!(text(template, &data), expected, "{template}");
    }
}
