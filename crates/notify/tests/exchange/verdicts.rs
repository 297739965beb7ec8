//! What an answer means: who has to do what.

use crate::peer::{GRANT, Machine, Server, answer, json, key};

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
            "empty-unauthorized",
            400,
            None,
        ),
        (
            "400 without a word",
            answer("400 Bad", "", "\r\n"),
            "empty-bad-request",
            400,
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
            "token-url-not-found",
            502,
            None,
        ),
        (
            "404 in JSON",
            json("404 Not Found", r#"{"message":"no route"}"#),
            "token-url-not-found",
            502,
            None,
        ),
        (
            "404 with a word",
            json("404 Not Found", error("invalid_request")),
            "invalid_request",
            400,
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
        (
            "empty refresh token",
            json(
                "200 OK",
                r#"{"access_token":"a","token_type":"Bearer","refresh_token":""}"#,
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
        assert_eq!(error.retry_after(), pause, "{name}");
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
