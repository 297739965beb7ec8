//! Templates of webhook targets.

use super::*;

fn hook(template: &str, data: &Value) -> webhook::Rendered {
    webhook::render(template, data, &CLOCK).unwrap()
}

#[test]
fn a_webhook_sees_all_its_data_and_escapes_nothing() {
    let data = json!({
        "title": "<t>", "message": "a\n\"b\"", "severity": "info", "timestamp": 5,
        "fields": { "type": "vzdump" }, "secrets": { "key": "s&c" },
    });
    let template = "{{title}} {{message}} {{severity}} {{timestamp}} {{fields.type}} {{secrets.key}}{{fields.x}}";
    let rendered = hook(template, &data);
    assert_eq!(rendered.text, "<t> a\n\"b\" info 5 vzdump s&c");
    assert_eq!(rendered.faults, Vec::<String>::new());
}

#[test]
fn url_encode_leaves_unreserved_characters_only() {
    let data = json!({ "v": "aZ0-._~ /?&=%ä\n", "n": 5 });
    assert_eq!(
        hook("{{url-encode v}}{{url-encode n}}{{url-encode x}}", &data).text,
        "aZ0-._~%20%2F%3F%26%3D%25%C3%A4%0A5"
    );
}

#[test]
fn json_quotes_and_escape_does_not() {
    let data = json!({ "v": "a\"\n\\ä", "m": { "k": [1] } });
    assert_eq!(
        hook("{{json v}} {{json m}} {{json x}}", &data).text,
        "\"a\\\"\\n\\\\ä\" {\"k\":[1]} null"
    );
    assert_eq!(
        hook("\"{{escape v}}{{escape x}}\"", &data).text,
        "\"a\\\"\\n\\\\ä\""
    );
}

#[test]
fn a_helper_that_fails_renders_error_and_a_broken_template_says_why() {
    let rendered = hook("a {{json}} b", &json!({}));
    assert_eq!(rendered.text, "a ERROR b");
    assert_eq!(rendered.faults, ["helper json: parameter 1 is missing"]);
    assert!(webhook::render("{{#if}", &json!({}), &CLOCK).is_err());
    assert!(webhook::render(&"a".repeat(1024 * 1024 + 1), &json!({}), &CLOCK).is_err());
}
