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
