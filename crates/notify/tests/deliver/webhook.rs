//! Webhooks: templates in URL, headers and body, and the framing of the request.

use base64::prelude::{BASE64_STANDARD, Engine};
use serde_json::json;

use std::io::Write;

use notify::deliver::Level;

use crate::peer::{Server, answer, read_request};
use crate::site::{NOW, OK, Site, header as header_of, logged, split, web, words};

fn b64(text: &str) -> String {
    BASE64_STANDARD.encode(text)
}

fn site(port: u16, lines: &str, secrets: &str) -> Site {
    Site::new(
        &format!("webhook: hook\n\turl http://localhost:{port}/{lines}"),
        &format!("webhook: hook\n{secrets}"),
    )
}

#[test]
fn url_headers_and_body_are_templates() {
    let (server, seen) = web(OK);
    let body = r#"{ "t": "{{escape title}}", "m": {{json message}}, "s": "{{severity}}",
        "at": {{timestamp}}, "f": {{json fields}}, "k": "{{secrets.key}}" }"#;
    let lines = format!(
        "a/{{{{url-encode title}}}}?key={{{{secrets.key}}}}\n\tmethod post\n\theader name=X-Key,value={}\n\
         \theader name=Content-Type,value={}\n\tbody {}\n",
        b64("k {{secrets.key}} {{severity}}"),
        b64("application/json"),
        b64(body)
    );
    let secrets = format!("\tsecret name=key,value={}\n", b64("cAnArY"));
    let site = site(server.address.port(), &lines, &secrets);
    let delivery = site.send("a \"b\" <c>", "1 & 2\n3");
    assert_eq!(words(&delivery)[0].2, "sent", "{delivery:?}");
    let request = seen.lock().unwrap().pop().unwrap();
    let (head, body) = split(&request);
    assert!(
        head.starts_with("POST /a/a%20%22b%22%20%3Cc%3E%20?key=cAnArY HTTP/1.1\r\n"),
        "{head}"
    );
    assert_eq!(header_of(&head, "x-key"), Some("k cAnArY warning"));
    assert_eq!(header_of(&head, "content-type"), Some("application/json"));
    assert_eq!(
        body,
        json!({ "t": "a \"b\" <c> ", "m": "1 & 2\n3", "s": "warning", "at": NOW,
                "f": { "type": "plain" }, "k": "cAnArY" })
    );
}

#[test]
fn a_length_is_sent_except_with_a_get_without_body() {
    for (method, body, length) in [
        ("post", Some("four"), Some("4")),
        ("put", Some("four"), Some("4")),
        ("get", Some("four"), Some("4")),
        ("post", None, Some("0")),
        ("put", None, Some("0")),
        ("get", None, None),
    ] {
        let (server, seen) = web(OK);
        let mut lines = format!("x\n\tmethod {method}\n");
        if let Some(body) = body {
            lines.push_str(&format!("\tbody {}\n", b64(body)));
        }
        let site = site(server.address.port(), &lines, "");
        assert_eq!(site.outcome(), ("sent", String::new()), "{method}");
        let request = seen.lock().unwrap().pop().unwrap();
        let (head, sent) = request.split_once("\r\n\r\n").unwrap();
        let start = format!("{} /x HTTP/1.1", method.to_uppercase());
        assert!(head.starts_with(&start), "{head}");
        assert_eq!(
            header_of(head, "content-length"),
            length,
            "{method} {body:?}"
        );
        assert_eq!(header_of(head, "transfer-encoding"), None);
        assert_eq!(sent, body.unwrap_or_default());
    }
}

#[test]
fn headers_of_the_target_cannot_change_the_framing_and_host_can_be_set() {
    let (server, seen) = web(OK);
    let lines = format!(
        "\n\tmethod post\n\theader name=Content-Length,value={0}\n\theader name=Transfer-Encoding,value={0}\n\
         \theader name=Expect,value={0}\n\theader name=Host,value={1}\n\theader name=X-A,value={1}\n\tbody {0}\n",
        b64("100-continue"),
        b64("a.example.org"),
    );
    let site = site(server.address.port(), &lines, "");
    assert_eq!(site.outcome(), ("sent", String::new()));
    let request = seen.lock().unwrap().pop().unwrap();
    let (head, body) = request.split_once("\r\n\r\n").unwrap();
    assert_eq!(header_of(head, "content-length"), Some("12"));
    assert_eq!(header_of(head, "transfer-encoding"), None);
    assert_eq!(header_of(head, "expect"), None);
    assert_eq!(header_of(head, "host"), Some("a.example.org"));
    assert_eq!(header_of(head, "x-a"), Some("a.example.org"));
    assert_eq!(body, "100-continue");
}

#[test]
fn what_cannot_be_sent_is_refused_without_a_secret() {
    let (server, seen) = web(OK);
    let secrets = format!("\tsecret name=key,value={}\n", b64("cAnArY\r\nX: y"));
    for (lines, wanted) in [
        (
            "{{secrets.key}}\n\tmethod post\n".to_owned(),
            "url cannot be used with the target's secrets",
        ),
        (
            "{{title}} x\n\tmethod post\n".to_owned(),
            "url is not a valid",
        ),
        (
            format!("\n\tmethod post\n\tbody {}\n", b64("{{#if}}")),
            "body cannot be rendered: ",
        ),
        (
            format!("\n\tmethod post\n\theader name=a:b,value={}\n", b64("x")),
            "header 'a:b' has no valid name",
        ),
        (
            format!(
                "\n\tmethod post\n\tbody {}\n",
                BASE64_STANDARD.encode(b"\xff")
            ),
            "the body is not text in UTF-8",
        ),
    ] {
        let site = site(server.address.port(), &lines, &secrets);
        let (word, reason) = site.outcome();
        assert_eq!(word, "refused", "{lines}");
        assert!(reason.starts_with(wanted), "{reason}");
        assert!(
            reason.contains("; set ") || reason.contains("; fix "),
            "{reason}"
        );
    }
    assert!(seen.lock().unwrap().is_empty(), "nothing went out");
    // a helper that fails
    let line = format!(
        "\n\tmethod post\n\tbody {}\n",
        b64("{{json}} {{#with (lookup secrets.key secrets.key)}}{{/with}}{{escape}}")
    );
    let secrets = format!("\tsecret name=key,value={}\n", b64("cAnArY"));
    let delivery = site(server.address.port(), &line, &secrets).send("t", "t");
    assert_eq!(words(&delivery)[0].2, "sent", "{delivery:?}");
    assert!(!delivery.log.is_empty(), "failed helpers are told");
}

/// Each of them fails, in a way of its own, only where the secret is this one.
#[test]
fn a_template_cannot_ask_about_a_secret() {
    let ask = |then: &str| format!("a{{{{#if (eq secrets.key \"cAnArY\")}}}}{then}{{{{/if}}}}");
    let hopeless = "{{nobody 1}}";
    let huge = "{{message}}".repeat(300);
    let sent = |line: &str, answer: &str, key: &str| {
        let (server, seen) = web(answer);
        let secrets = format!("\tsecret name=key,value={}\n", b64(key));
        let site = site(server.address.port(), line, &secrets);
        let delivery = site.send("title", &"x".repeat(64 * 1024));
        let head = seen.lock().unwrap().pop();
        (delivery, head)
    };
    let header = |template: &str| {
        format!(
            "\n\tmethod post\n\theader name=X-A,value={}\n\theader name=X-B,value={}\n",
            b64(template),
            b64("kept")
        )
    };
    let left_out = "target `hook`: header 'X-A' is left out, its value is empty or not allowed; fix its template";
    for then in ["\n", "\r\nX: y", "\u{0}", hopeless] {
        let (delivery, head) = sent(&header(&ask(then)), OK, "cAnArY");
        assert_eq!(words(&delivery)[0].2, "sent", "{then:?}: {delivery:?}");
        let head = head.unwrap();
        assert_eq!(header_of(&head, "x-a"), None, "{then:?}");
        assert_eq!(header_of(&head, "x-b"), Some("kept"), "{then:?}");
        assert_eq!(logged(&delivery, Level::Warning), [left_out], "{then:?}");
    }
    for empty in ["", " ", "{{#if (eq secrets.key \"other\")}}x{{/if}}"] {
        let (delivery, head) = sent(&header(empty), OK, "cAnArY");
        assert_eq!(words(&delivery)[0].2, "sent", "{empty:?}");
        assert_eq!(header_of(&head.unwrap(), "x-a"), None, "{empty:?}");
        assert_eq!(logged(&delivery, Level::Warning), [left_out], "{empty:?}");
    }
    // the host of the address stands in for it
    let line = format!("\n\tmethod post\n\theader name=Host,value={}\n", b64("a b"));
    let (delivery, head) = sent(&line, OK, "cAnArY");
    assert_eq!(words(&delivery)[0].2, "sent", "{delivery:?}");
    assert!(
        header_of(&head.unwrap(), "host")
            .unwrap()
            .starts_with("localhost:")
    );
    // nothing can be sent, whatever the reason is
    let mut reasons = std::collections::BTreeSet::new();
    for (what, line) in [
        ("url", format!("{}\n\tmethod post\n", ask(" "))),
        ("url", format!("{}\n\tmethod post\n", ask(hopeless))),
        (
            "body",
            format!("\n\tmethod post\n\tbody {}\n", b64(&ask(hopeless))),
        ),
        (
            "body",
            format!("\n\tmethod post\n\tbody {}\n", b64(&ask(&huge))),
        ),
    ] {
        let (delivery, head) = sent(&line, OK, "other");
        assert_eq!(words(&delivery)[0].2, "sent", "{what}: {delivery:?}");
        assert!(head.is_some());
        let (delivery, head) = sent(&line, OK, "cAnArY");
        assert_eq!(words(&delivery)[0].2, "refused", "{what}: {delivery:?}");
        assert!(head.is_none());
        let reason = delivery.targets[0].recipients[0].outcome.reason().unwrap();
        reasons.insert(reason.replace(what, "X"));
    }
    let only = "X cannot be used with the target's secrets; fix its template, or set secret again";
    assert_eq!(reasons.into_iter().collect::<Vec<_>>(), [only]);
    // which helper fails, and how often, is nobody's to choose
    for then in ["{{json}}", "{{escape}}{{url-encode}}"] {
        let line = format!("\n\tmethod post\n\tbody {}\n", b64(&ask(then)));
        let (delivery, _) = sent(&line, OK, "cAnArY");
        let told = logged(&delivery, Level::Warning);
        assert_eq!(told, ["target `hook`: body: a helper failed"], "{then}");
    }
    // of a template that fails with every secret all is told
    let line = format!("\n\tmethod post\n\tbody {}\n", b64("{{json}}"));
    let (delivery, _) = sent(&line, OK, "cAnArY");
    let told = "target `hook`: body: helper json: parameter 1 is missing";
    assert_eq!(logged(&delivery, Level::Warning), [told]);
}

#[test]
fn what_helpers_make_of_a_secret_is_not_shown_when_a_server_echoes_it() {
    let secret = "cAnArY \"a\\b\"/c&d<e>é\n'f'=%41+";
    for template in [
        "{{json secrets.key}}",
        "{{escape secrets.key}}",
        "{{url-encode secrets.key}}",
        "{{url-encode (json secrets.key)}}",
        "{{json (escape secrets.key)}}",
    ] {
        for echo in [
            |text: &str| text.to_owned(),
            |text: &str| handlebars::html_escape(text),
            |text: &str| json!({ "error": text }).to_string(),
        ] {
            let server = Server::tcp(move |mut tcp, _| {
                let request = read_request(&mut tcp);
                let (_, body) = request.split_once("\r\n\r\n").unwrap();
                let body = echo(&format!("bad ({body})"));
                let _ = tcp.write_all(&answer("400 Bad Request", "", body));
            });
            let line = format!("x\n\tmethod post\n\tbody {}\n", b64(template));
            let secrets = format!("\tsecret name=key,value={}\n", b64(secret));
            let (word, reason) = site(server.address.port(), &line, &secrets).outcome();
            assert_eq!(word, "refused");
            let (_, said) = reason.split_once("server says: \"bad (").unwrap();
            let around = |c: char| "\"&quot;%2\\".contains(c);
            let shown = said.trim_end_matches("\"").trim_end_matches(')');
            assert_eq!(
                shown.trim_matches(around),
                "<masked>",
                "{template}: {reason}"
            );
        }
    }
}
