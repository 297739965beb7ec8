//! Answers that must not be taken for a grant: cut short, pointing elsewhere, wrong in status, type
//! or content.

use std::io::Write;
use std::sync::{Arc, Mutex};

use crate::peer::{GRANT, Machine, Server, answer, close, hold, json, key, read_request};

/// Sends the first n bytes of the answer to the n-th connection and closes properly. All of it is a
/// grant, less than `enough` is none; in between lies what says nothing any more.
fn cut_short(full: Vec<u8>, enough: usize) {
    let length = full.len();
    let server = Server::tls(move |tls, number| {
        read_request(tls);
        let _ = tls.write_all(&full[..number.min(full.len())]);
        close(tls);
    });
    let machine = Machine::new(&server);
    for number in 0..=length {
        match machine.exchange() {
            Ok(_) => assert!(number >= enough, "{number} of {length} bytes were taken"),
            Err(error) => {
                assert!(number < length, "{error}");
                assert_eq!(error.code(), 502, "{number} of {length} bytes: {error}");
            }
        }
    }
    assert_eq!(server.count(), length + 1, "no attempt is repeated");
}

#[test]
fn f22_truncated_at_each_byte_with_content_length() {
    let full = json(
        "200 OK",
        r#"{"access_token":"a","token_type":"Bearer","refresh_token":"r"}"#,
    );
    let length = full.len();
    cut_short(full, length);
}

#[test]
fn f22_truncated_at_each_byte_with_chunks() {
    let halves = [
        r#"{"access_token":"a","token_ty"#,
        r#"pe":"Bearer","refresh_token":"r"}"#,
    ];
    let chunks = halves
        .map(|half| format!("{:x}\r\n{half}\r\n", half.len()))
        .concat();
    let full = format!("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n{chunks}0\r\n\r\n");
    // the last chunk's own line is what counts, not the empty line of absent trailers
    let complete = full.len() - 2;
    cut_short(full.into_bytes(), complete);
}

#[test]
fn f22_truncated_at_each_byte_until_close() {
    let full = "HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n\
        {\"access_token\":\"a\",\"token_type\":\"Bearer\",\"refresh_token\":\"r\"}";
    cut_short(full.as_bytes().to_vec(), full.len());
}

#[test]
fn f22_wrong_framing() {
    for bytes in [
        "HTTP/1.1 200 OK\r\nContent-Length: 400\r\n\r\n{}".to_owned(),
        format!("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n{GRANT}"),
        format!("HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n{GRANT}"),
        format!("HTTP/1.1 200 OK\r\nContent-Length: 10\r\nContent-Length: 20\r\n\r\n{GRANT}"),
        format!("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n{GRANT}\r\n0\r\n\r\n"),
        format!(
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nffffffffffffffffff\r\n{GRANT}"
        ),
        format!("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\n{GRANT}"),
        format!("HTTP/1.1 999999 OK\r\n\r\n{GRANT}"),
        format!("HTTP/2.0 200 OK\r\n\r\n{GRANT}"),
        format!("HTTP/1.1 200 OK\nContent-Length 10\n\n{GRANT}"),
        "SSH-2.0-OpenSSH_9.2\r\n".to_owned(),
        "220 mail.example.org ESMTP\r\n".to_owned(),
        "\0\0\0\0".to_owned(),
        String::new(),
    ] {
        let server = Server::answering(bytes.as_bytes());
        let error = Machine::new(&server).refusal();
        assert_eq!(error.code(), 502, "{bytes:?}: {error}");
    }
}

#[test]
fn f25_redirects_are_never_followed() {
    let elsewhere = Arc::new(Server::tcp(|mut tcp, _| hold(&mut tcp)));
    let port = elsewhere.address.port();
    for status in [
        "301 Moved",
        "302 Found",
        "303 See Other",
        "307 Temporary",
        "308 Permanent",
    ] {
        for target in [
            format!("http://127.0.0.1:{port}/token"),
            format!("https://localhost:{port}/token"),
            "http://169.254.169.254/latest/meta-data/".to_owned(),
            "https://localhost/token".to_owned(),
            "/token".to_owned(),
            String::new(),
        ] {
            let fields = format!("Location: {target}\r\nContent-Type: application/json\r\n");
            for body in ["", GRANT] {
                let server = Server::answering(answer(status, &fields, body));
                let error = Machine::new(&server).refusal();
                assert_eq!(
                    key(&error),
                    "unexpected-redirect",
                    "{status} {target}: {error}"
                );
                assert_eq!(error.code(), 502);
                assert_eq!(server.count(), 1, "{status} {target}: asked once");
            }
        }
    }
    assert_eq!(
        elsewhere.count(),
        0,
        "the target of a redirect saw a connection"
    );
}

#[test]
fn f27_verdicts() {
    let html = "<!DOCTYPE html><html><body>Please log in cAnArY</body></html>";
    let page = "Content-Type: text/html; charset=utf-8\r\n";
    let error = |code: &str| format!(r#"{{"error":"{code}","error_description":"because"}}"#);
    let retry = |value: &str| answer("429 Too Many", &format!("Retry-After: {value}\r\n"), "slow");
    // name, answer, row of advice, code, pause
    type Row = (&'static str, Vec<u8>, &'static str, u16, Option<u32>);
    let table: Vec<Row> = vec![
        (
            "error with 200",
            json("200 OK", error("invalid_grant")),
            "invalid_grant",
            400,
            None,
        ),
        (
            "error beside a grant",
            json(
                "200 OK",
                GRANT.replace("\"expires_in\"", "\"error\":\"server_error\",\"x\""),
            ),
            "server_error",
            502,
            None,
        ),
        (
            "invalid_grant",
            json("400 Bad", error("invalid_grant")),
            "invalid_grant",
            400,
            None,
        ),
        (
            "invalid_client 400",
            json("400 Bad", error("invalid_client")),
            "invalid_client",
            400,
            None,
        ),
        (
            "invalid_client 401",
            json("401 Unauthorized", error("invalid_client")),
            "invalid_client",
            400,
            None,
        ),
        (
            "invalid_request",
            json("400 Bad", error("invalid_request")),
            "invalid_request",
            400,
            None,
        ),
        (
            "unauthorized_client",
            json("400 Bad", error("unauthorized_client")),
            "unauthorized_client",
            400,
            None,
        ),
        (
            "unsupported_grant_type",
            json("400 Bad", error("unsupported_grant_type")),
            "unsupported_grant_type",
            400,
            None,
        ),
        (
            "invalid_scope",
            json("400 Bad", error("invalid_scope")),
            "invalid_scope",
            400,
            None,
        ),
        (
            "slow_down",
            json("400 Bad", error("slow_down")),
            "slow_down",
            502,
            None,
        ),
        (
            "temporarily_unavailable",
            json("503 Busy", error("temporarily_unavailable")),
            "temporarily_unavailable",
            502,
            None,
        ),
        (
            "error without type",
            answer("400 Bad", "", error("invalid_grant")),
            "invalid_grant",
            400,
            None,
        ),
        (
            "unknown error",
            json("400 Bad", error("out_of_cheese")),
            "unknown-error",
            400,
            None,
        ),
        (
            "unknown error 500",
            json("500 Oops", error("out_of_cheese")),
            "server-status",
            502,
            None,
        ),
        (
            "unknown error 429",
            json("429 Too Many", error("quota")),
            "too-many-requests",
            502,
            None,
        ),
        (
            "error of another type",
            json("400 Bad", r#"{"error":{"code":400,"status":"X"}}"#),
            "unknown-error",
            400,
            None,
        ),
        (
            "empty error",
            json("400 Bad", r#"{"error":""}"#),
            "unknown-error",
            400,
            None,
        ),
        (
            "401 without a word",
            answer("401 Unauthorized", "", ""),
            "unexpected-status",
            502,
            None,
        ),
        (
            "403 without a word",
            answer("403 Forbidden", "", "no"),
            "unexpected-status",
            502,
            None,
        ),
        (
            "403 page",
            answer("403 Forbidden", page, html),
            "html-answer",
            502,
            None,
        ),
        (
            "404 page",
            answer("404 Not Found", page, html),
            "html-answer",
            502,
            None,
        ),
        (
            "407 from afar",
            answer("407 Proxy", page, html),
            "html-answer",
            502,
            None,
        ),
        ("429", retry("7"), "too-many-requests", 502, Some(7)),
        (
            "429 absurd",
            retry("1000000000"),
            "too-many-requests",
            502,
            Some(3600),
        ),
        (
            "429 overflowing",
            retry("99999999999999999999999999"),
            "too-many-requests",
            502,
            Some(3600),
        ),
        ("429 negative", retry("-5"), "too-many-requests", 502, None),
        (
            "429 date",
            retry("Fri, 31 Dec 2049 23:59:59 GMT"),
            "too-many-requests",
            502,
            None,
        ),
        ("429 rubbish", retry("soon"), "too-many-requests", 502, None),
        (
            "500",
            answer("500 Oops", "", ""),
            "server-status",
            502,
            None,
        ),
        ("501", answer("501 No", "", ""), "server-status", 502, None),
        (
            "502 page",
            answer("502 Bad Gateway", page, html),
            "server-status",
            502,
            None,
        ),
        (
            "503",
            answer("503 Busy", "Retry-After: 120\r\n", ""),
            "server-status",
            502,
            Some(120),
        ),
        (
            "504",
            answer("504 Timeout", page, html),
            "gateway-timeout",
            504,
            None,
        ),
        (
            "511 portal",
            answer("511 Login", page, html),
            "server-status",
            502,
            None,
        ),
        (
            "login page with 200",
            answer("200 OK", page, html),
            "html-answer",
            502,
            None,
        ),
        (
            "page said to be JSON",
            json("200 OK", html),
            "html-answer",
            502,
            None,
        ),
        (
            "JSON said to be a page",
            answer("200 OK", page, GRANT),
            "html-answer",
            502,
            None,
        ),
        (
            "JSON said to be text",
            answer("200 OK", "Content-Type: text/plain\r\n", GRANT),
            "unreadable-answer",
            502,
            None,
        ),
        (
            "grant with 201",
            json("201 Created", GRANT),
            "unexpected-status",
            502,
            None,
        ),
        (
            "grant with 400",
            json("400 Bad", GRANT),
            "unexpected-status",
            502,
            None,
        ),
        (
            "204",
            "HTTP/1.1 204 No Content\r\n\r\n".into(),
            "unexpected-status",
            502,
            None,
        ),
        ("empty", json("200 OK", ""), "unreadable-answer", 502, None),
        ("list", json("200 OK", "[]"), "unreadable-answer", 502, None),
        (
            "word",
            json("200 OK", "null"),
            "unreadable-answer",
            502,
            None,
        ),
        (
            "nothing in it",
            json("200 OK", "{}"),
            "no-access-token",
            502,
            None,
        ),
        (
            "no token type",
            json("200 OK", r#"{"access_token":"a","refresh_token":"r"}"#),
            "token-type",
            502,
            None,
        ),
        (
            "mac token",
            json(
                "200 OK",
                r#"{"access_token":"a","token_type":"mac","refresh_token":"r"}"#,
            ),
            "token-type",
            502,
            None,
        ),
        (
            "other scope",
            json(
                "200 OK",
                GRANT.replace("mail.google.com", "www.googleapis.com"),
            ),
            "scope-missing",
            400,
            None,
        ),
        (
            "no scope at all",
            json("200 OK", GRANT.replace("https://mail.google.com/", "")),
            "scope-missing",
            400,
            None,
        ),
        (
            "longer scope",
            json(
                "200 OK",
                GRANT.replace("mail.google.com/", "mail.google.com/x"),
            ),
            "scope-missing",
            400,
            None,
        ),
        (
            "no refresh token",
            json("200 OK", GRANT.replace("refresh_token", "other")),
            "no-refresh-token-access-type",
            400,
            None,
        ),
        (
            "null refresh token",
            json(
                "200 OK",
                r#"{"access_token":"a","token_type":"Bearer","refresh_token":null}"#,
            ),
            "no-refresh-token-access-type",
            400,
            None,
        ),
    ];
    for (name, bytes, wanted, code, pause) in table {
        let server = Server::answering(bytes);
        let error = Machine::new(&server).refusal();
        assert_eq!(
            (key(&error), error.code()),
            (wanted, code),
            "{name}: {error}"
        );
        let notify::Error::Answer { retry_after, .. } = &error else {
            panic!("{name}: {error:?}")
        };
        assert_eq!(*retry_after, pause, "{name}");
        assert_eq!(server.count(), 1, "{name}: asked once");
    }
}

#[test]
fn f28_text_that_no_token_endpoint_sends() {
    let utf16 = |text: &str, mark: &[u8]| {
        let units: Vec<u8> = text.encode_utf16().flat_map(u16::to_le_bytes).collect();
        [mark, &units].concat()
    };
    let with = |refresh: &str| {
        format!(r#"{{"access_token":"a","token_type":"Bearer","refresh_token":"{refresh}"}}"#)
    };
    let deep = format!(r#"{{"error":{}{}}}"#, "[".repeat(9000), "]".repeat(9000));
    let table: Vec<(&str, Vec<u8>, &str)> = vec![
        (
            "not UTF-8",
            [b"{\"x\":\"\xff\",", &GRANT.as_bytes()[1..]].concat(),
            "unreadable-answer",
        ),
        ("UTF-16", utf16(GRANT, b""), "unreadable-answer"),
        (
            "UTF-16 with mark",
            utf16(GRANT, b"\xff\xfe"),
            "unreadable-answer",
        ),
        (
            "UTF-8 with mark",
            [b"\xef\xbb\xbf", GRANT.as_bytes()].concat(),
            "unreadable-answer",
        ),
        (
            "lone surrogate",
            with(r"\ud800").into(),
            "unreadable-answer",
        ),
        (
            "surrogates reversed",
            with(r"\udc00\ud800").into(),
            "unreadable-answer",
        ),
        (
            "same key twice",
            GRANT
                .replace("\"expires_in\":3599", "\"refresh_token\":\"x\"")
                .into(),
            "unreadable-answer",
        ),
        (
            "error twice",
            br#"{"error":"a","error":"b"}"#.to_vec(),
            "unreadable-answer",
        ),
        (
            "two objects",
            format!("{GRANT}{GRANT}").into(),
            "unreadable-answer",
        ),
        ("nested deeply", deep.into(), "unreadable-answer"),
        (
            "number as token",
            with("r").replace("\"r\"", "5").into(),
            "unreadable-answer",
        ),
        ("raw line feed", with("a\nb").into(), "unreadable-answer"),
        (
            "CR LF in the token",
            with(r"a\r\nX-Evil: 1").into(),
            "bad-token",
        ),
        (
            "^A in the token",
            with(r"a\u0001auth=x").into(),
            "bad-token",
        ),
        ("NUL in the token", with(r"\u0000").into(), "bad-token"),
        ("DEL in the token", with(r"\u007f").into(), "bad-token"),
        ("umlaut in the token", with("ä").into(), "bad-token"),
        ("empty refresh token", with("").into(), "bad-token"),
        (
            "bad access token",
            with("r").replace(":\"a\"", ":\"a\\n\"").into(),
            "bad-token",
        ),
        (
            "token beyond 16 KiB",
            with(&"r".repeat(16 * 1024 + 1)).into(),
            "bad-token",
        ),
        (
            "token of 1 MB",
            with(&"r".repeat(1 << 20)).into(),
            "answer-too-large",
        ),
    ];
    for (name, body, wanted) in table {
        let server = Server::answering(json("200 OK", body));
        let error = Machine::new(&server).refusal();
        assert_eq!(
            (key(&error), error.code()),
            (wanted, 502),
            "{name}: {error}"
        );
    }
    let longest = "r".repeat(16 * 1024);
    let server = Server::answering(json("200 OK", with(&longest)));
    assert_eq!(Machine::new(&server).exchange().unwrap().expose(), longest);
}

#[test]
fn an_answer_without_refresh_token_says_what_was_missing() {
    let body = r#"{"access_token":"a","token_type":"Bearer"}"#;
    let server = Server::answering(json("200 OK", body));
    let machine = Machine::new(&server);
    let error = machine.refusal().to_string();
    assert!(
        error.contains("access_type=offline") && error.contains("prompt=consent"),
        "{error}"
    );

    let url = format!("https://localhost:{}/token", server.address.port());
    let file = format!(
        r#"{{"other-oauth2":{{"authorize-url":"{url}","token-url":"{url}","scopes":["mail"]}}}}"#
    );
    crate::peer::write_file(&machine.folder.0.join("oauth2-providers.json"), &file);
    let mut request = crate::peer::request();
    request.auth_method = "other-oauth2".to_owned();
    let result = crate::peer::run(&machine.host, &request, std::time::Duration::from_secs(10));
    let error = result.unwrap_err();
    assert_eq!(error.code(), 400);
    assert!(error.to_string().contains("offline_access"), "{error}");
}

#[test]
fn one_connection_a_call_and_none_kept() {
    let open = Arc::new(Mutex::new(0_i32));
    let counted = Arc::clone(&open);
    let server = Server::tls(move |tls, _| {
        *counted.lock().unwrap() += 1;
        read_request(tls);
        tls.write_all(&json("200 OK", GRANT)).unwrap();
        // the client hangs up although nothing asked it to
        hold(tls);
        *counted.lock().unwrap() -= 1;
    });
    let machine = Machine::new(&server);
    for number in 1..=3 {
        machine.exchange().unwrap();
        assert_eq!(server.count(), number);
    }
    for _ in 0..200 {
        if *open.lock().unwrap() == 0 {
            return;
        }
        std::thread::sleep(std::time::Duration::from_millis(10));
    }
    panic!("a connection stayed open");
}
