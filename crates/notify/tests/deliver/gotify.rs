//! A Gotify server: spec of the request, and what its answers mean.

use notify::Severity;
use serde_json::json;

use crate::site::{OK, Site, header, plain, split, web, words};

fn site(port: u16) -> Site {
    Site::new(
        &format!("gotify: phone\n\tserver http://localhost:{port}/\n"),
        "gotify: phone\n\ttoken AbC-cAnArY\n",
    )
}

#[test]
fn the_request_is_what_gotify_expects() {
    let (server, seen) = web(OK);
    let site = site(server.address.port());
    for (severity, priority) in [
        (Severity::Info, 1),
        (Severity::Notice, 3),
        (Severity::Warning, 5),
        (Severity::Error, 9),
        (Severity::Unknown, 3),
    ] {
        let delivery = site.deliver(&plain(severity, "a \"title\"", "line 1\nline 2 \u{1f600}"));
        assert_eq!(
            words(&delivery),
            [("phone".to_owned(), String::new(), "sent")]
        );
        assert!(delivery.log.is_empty(), "{:?}", delivery.log);
        let request = seen.lock().unwrap().pop().unwrap();
        let (head, body) = split(&request);
        assert!(head.starts_with("POST /message HTTP/1.1\r\n"), "{head}");
        assert_eq!(header(&head, "authorization"), Some("Bearer AbC-cAnArY"));
        assert_eq!(header(&head, "x-gotify-key"), Some("AbC-cAnArY"));
        assert_eq!(header(&head, "content-type"), Some("application/json"));
        assert!(header(&head, "user-agent").is_some());
        assert_eq!(
            body,
            json!({
                "title": "a \"title\" ",
                "message": "```\nline 1\nline 2 \u{1f600}\n```",
                "priority": priority,
                "extras": { "client::display": { "contentType": "text/markdown" } },
            })
        );
    }
}

#[test]
fn a_token_that_cannot_be_sent_is_refused_before_anything_is() {
    let (server, seen) = web(OK);
    let site = Site::new(
        &format!(
            "gotify: phone\n\tserver http://localhost:{}\n",
            server.address.port()
        ),
        "gotify: phone\n\ttoken \u{e4}cAnArY\n",
    );
    let (word, reason) = site.outcome();
    assert_eq!(word, "refused");
    assert!(reason.contains("token"), "{reason}");
    assert!(seen.lock().unwrap().is_empty());
    let site = Site::new(
        "gotify: phone\n\tserver ftp://example.org\n",
        "gotify: phone\n\ttoken cAnArY\n",
    );
    let (word, reason) = site.outcome();
    assert_eq!(word, "refused");
    assert!(reason.starts_with("server is not a valid"), "{reason}");
}
