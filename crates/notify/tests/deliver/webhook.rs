//! Webhooks: templates in URL, headers and body, and the framing of the request.

use base64::prelude::{BASE64_STANDARD, Engine};
use serde_json::json;

use crate::site::{NOW, OK, Site, header, split, web, words};

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
    assert_eq!(header(&head, "x-key"), Some("k cAnArY warning"));
    assert_eq!(header(&head, "content-type"), Some("application/json"));
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
        assert_eq!(header(head, "content-length"), length, "{method} {body:?}");
        assert_eq!(header(head, "transfer-encoding"), None);
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
    assert_eq!(header(head, "content-length"), Some("12"));
    assert_eq!(header(head, "transfer-encoding"), None);
    assert_eq!(header(head, "expect"), None);
    assert_eq!(header(head, "host"), Some("a.example.org"));
    assert_eq!(header(head, "x-a"), Some("a.example.org"));
    assert_eq!(body, "100-continue");
}

#[test]
fn what_cannot_be_sent_is_refused_without_a_secret() {
    let (server, seen) = web(OK);
    let secrets = format!("\tsecret name=key,value={}\n", b64("cAnArY\r\nX: y"));
    for (lines, wanted) in [
        (
            format!(
                "\n\tmethod post\n\theader name=X-A,value={}\n",
                b64("{{secrets.key}}")
            ),
            "header 'X-A' renders to a value with line breaks",
        ),
        (
            "{{secrets.key}}\n\tmethod post\n".to_owned(),
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
