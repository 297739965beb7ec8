//! Each misbehaviour that can be ordered is seen on the wire as it was ordered, once.

mod common;

use std::io::{ErrorKind, Read, Write};
use std::time::{Duration, Instant};

use common::Sandbox;
use serde_json::json;

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

#[test]
fn any_answer_can_be_ordered_and_only_as_often_as_asked() {
    let sandbox = Sandbox::start();
    let fault = json!({
        "kind": "answer", "status": 429, "headers": [["Retry-After", "7"]], "body": "later",
    });
    let left = sandbox.control(&json!({ "faults": [fault], "times": 2 }));
    assert_eq!(left["faults"], 2);
    for _ in 0..2 {
        let answer = text(&sandbox.raw(usize::MAX).0);
        assert!(answer.starts_with("HTTP/1.1 429 Too Many Requests\r\nRetry-After: 7\r\n"));
        assert!(answer.ends_with("\r\n\r\nlater"));
    }
    assert!(text(&sandbox.raw(usize::MAX).0).starts_with("HTTP/1.1 400 "));
    assert_eq!(sandbox.control(&json!({}))["requests"]["token"], 3);
}

#[test]
fn orders_can_be_taken_back_and_need_the_token() {
    let sandbox = Sandbox::start();
    sandbox.order(json!({ "kind": "close" }));
    assert_eq!(sandbox.control(&json!({ "clear": true }))["faults"], 0);
    assert!(text(&sandbox.raw(usize::MAX).0).starts_with("HTTP/1.1 400 "));
    let url = sandbox.published["control-url"].as_str().unwrap();
    assert_eq!(sandbox.agent().get(url).call().unwrap().status(), 403);
}

#[test]
fn raw_bytes_come_as_they_are() {
    let sandbox = Sandbox::start();
    sandbox.order(json!({ "kind": "raw", "bytes": "HTTP/1.1 200 OK\r\n\u{0}\u{ff}" }));
    assert_eq!(
        sandbox.raw(usize::MAX),
        (b"HTTP/1.1 200 OK\r\n\x00\xff".to_vec(), true)
    );
}

#[test]
fn a_redirect_is_sent_and_its_target_counts_who_follows() {
    let sandbox = Sandbox::start();
    let elsewhere = format!("{}/elsewhere", sandbox.published["url"].as_str().unwrap());
    sandbox.order(json!({ "kind": "redirect", "status": 307, "location": elsewhere }));
    let answer = text(&sandbox.raw(usize::MAX).0);
    assert!(
        answer.contains(&format!("\r\nLocation: {elsewhere}\r\n")),
        "{answer}"
    );
    assert_eq!(sandbox.control(&json!({}))["requests"]["elsewhere"], 0);
    sandbox.agent().get(&elsewhere).call().unwrap();
    assert_eq!(sandbox.control(&json!({}))["requests"]["elsewhere"], 1);
}

#[test]
fn pages_and_broken_text_come_with_status_200() {
    let sandbox = Sandbox::start();
    sandbox.order(json!({ "kind": "html" }));
    let answer = text(&sandbox.raw(usize::MAX).0);
    assert!(
        answer.starts_with("HTTP/1.1 200 ") && answer.contains("<form>"),
        "{answer}"
    );
    sandbox.order(json!({ "kind": "non-utf8" }));
    let (answer, _) = sandbox.raw(usize::MAX);
    assert!(answer.starts_with(b"HTTP/1.1 200 ") && String::from_utf8(answer).is_err());
}

#[test]
fn a_connection_is_closed_or_left_silent() {
    let sandbox = Sandbox::start();
    sandbox.order(json!({ "kind": "close" }));
    assert_eq!(sandbox.raw(usize::MAX), (Vec::new(), false));

    sandbox.order(json!({ "kind": "silence" }));
    let mut tls = sandbox.connect();
    tls.write_all(b"POST /google/token HTTP/1.1\r\nContent-Length: 0\r\n\r\n")
        .unwrap();
    let kind = tls.read(&mut [0; 16]).unwrap_err().kind();
    assert!(
        matches!(kind, ErrorKind::WouldBlock | ErrorKind::TimedOut),
        "{kind:?}"
    );
}

#[test]
fn the_true_answer_comes_late() {
    let sandbox = Sandbox::start();
    sandbox.order(json!({ "kind": "delay", "ms": 400 }));
    let start = Instant::now();
    assert!(text(&sandbox.raw(usize::MAX).0).starts_with("HTTP/1.1 400 "));
    assert!(start.elapsed() >= Duration::from_millis(400));
}

#[test]
fn the_true_answer_is_cut_off_at_any_byte() {
    let sandbox = Sandbox::start();
    let (whole, clean) = sandbox.raw(usize::MAX);
    assert!(clean);
    for at in [0, 1, 20, whole.len() - 1] {
        sandbox.order(json!({ "kind": "truncate", "at": at }));
        assert_eq!(
            sandbox.raw(usize::MAX),
            (whole[..at].to_vec(), false),
            "at {at}"
        );
    }
}

#[test]
fn a_content_length_can_lie() {
    let sandbox = Sandbox::start();
    sandbox.order(json!({ "kind": "content-length", "length": 100_000 }));
    let (answer, _) = sandbox.raw(usize::MAX);
    assert!(text(&answer).contains("\r\nContent-Length: 100000\r\n") && answer.len() < 1000);
}

#[test]
fn the_true_answer_drips() {
    let sandbox = Sandbox::start();
    let whole = sandbox.raw(usize::MAX).0;
    for from in ["head", "body"] {
        sandbox.order(json!({ "kind": "drip", "interval-ms": 2, "from": from }));
        let start = Instant::now();
        assert_eq!(sandbox.raw(usize::MAX), (whole.clone(), true));
        let head = whole
            .windows(4)
            .position(|four| four == b"\r\n\r\n")
            .unwrap()
            + 4;
        let bytes = if from == "head" {
            whole.len()
        } else {
            whole.len() - head
        };
        assert!(
            start.elapsed() >= Duration::from_millis(2 * bytes as u64),
            "{from}"
        );
    }
}

#[test]
fn bodies_and_heads_can_be_too_large() {
    let sandbox = Sandbox::start();
    sandbox.order(json!({ "kind": "huge", "bytes": 300_000 }));
    let (answer, clean) = sandbox.raw(usize::MAX);
    assert!(
        clean && answer.len() > 300_000 && answer.len() < 301_000,
        "{}",
        answer.len()
    );

    sandbox.order(json!({ "kind": "endless" }));
    let (answer, _) = sandbox.raw(2_000_000);
    assert!(answer.len() >= 2_000_000 && text(&answer[..500]).contains(": chunked\r\n"));

    sandbox.order(json!({ "kind": "headers", "count": 1000, "size": 100 }));
    let (answer, _) = sandbox.raw(usize::MAX);
    assert_eq!(text(&answer).matches("\r\nX-Filler-").count(), 1000);
}

#[test]
fn an_order_it_does_not_understand_is_refused() {
    let sandbox = Sandbox::start();
    let token = sandbox.published["control-token"].as_str().unwrap();
    for order in [
        r#"{"faults":[{"kind":"nap"}]}"#,
        r#"{"fault":[]}"#,
        "[1",
        "{\"times\":-1}",
    ] {
        let url = sandbox.published["control-url"].as_str().unwrap();
        let request = sandbox
            .agent()
            .post(url)
            .header("Authorization", format!("Bearer {token}"));
        assert_eq!(request.send(order).unwrap().status(), 400, "{order}");
    }
}

#[test]
fn oversized_and_malformed_requests_are_refused() {
    let sandbox = Sandbox::start();
    let long = "x".repeat(70_000);
    for (request, status) in [
        (format!("GET / HTTP/1.1\r\nX: {long}\r\n\r\n"), "431"),
        (
            "POST /google/token HTTP/1.1\r\nContent-Length: 9999999\r\n\r\n".into(),
            "413",
        ),
        (
            "POST /google/token HTTP/1.1\r\nContent-Length: -1\r\n\r\n".into(),
            "400",
        ),
        ("\u{0}\r\n\r\n".into(), "400"),
        ("DELETE /google/token HTTP/1.1\r\n\r\n".into(), "405"),
        ("GET /google/token/more HTTP/1.1\r\n\r\n".into(), "404"),
    ] {
        let mut tls = sandbox.connect();
        tls.write_all(request.as_bytes()).unwrap();
        let mut answer = [0; 12];
        tls.read_exact(&mut answer).unwrap();
        assert_eq!(text(&answer), format!("HTTP/1.1 {status}"));
    }
}
