//! Providers: what they answer to a request for an access token.

use std::io::Write;

use super::mail::{Got, LOGIN, nothing_was_sent, target, tls};
use super::peer::{CANARY, Server, close, json, read_request};
use super::{Machine, Row, examine, judge, secret, well};

#[test]
fn each_fault_of_the_provider_is_found_at_the_token() {
    let got = Got::default();
    let mails = tls(&[], &got);
    let ok = format!(r#"{{"access_token":"a-{CANARY}","token_type":"Bearer","expires_in":3600}}"#);
    for (row, answer) in [
        (None, json("200 OK", ok)),
        (
            Some(Row::new(
                "the authorization has ended",
                "token",
                "authorize t1",
            )),
            json("400 Bad Request", r#"{"error":"invalid_grant"}"#),
        ),
        (
            Some(Row::new("a wrong secret", "token", "client secret")),
            json("401 Unauthorized", r#"{"error":"invalid_client"}"#),
        ),
        (
            Some(Row::new("an expired secret", "token", "expired")),
            json(
                "401 Unauthorized",
                r#"{"error":"invalid_client","error_codes":[7000222]}"#,
            ),
        ),
        (
            Some(Row::new(
                "Conditional Access",
                "token",
                "Conditional Access",
            )),
            json(
                "400 Bad Request",
                r#"{"error":"access_denied","error_codes":[53003]}"#,
            ),
        ),
        (
            Some(Row::new("an outage", "token", "retried automatically")),
            json("503 Unavailable", "{}"),
        ),
        (
            Some(Row::new("too many requests", "token", "")),
            json("429 Too Many Requests", "{}"),
        ),
        (
            Some(Row::new("a portal", "token", "")),
            b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: 6\r\n\r\n<html>"
                .to_vec(),
        ),
        (Some(Row::new("nothing", "token", "")), b"".to_vec()),
    ] {
        let machine = Machine::new();
        let provider = Server::tls(move |tls, _| {
            read_request(tls);
            let _ = tls.write_all(&answer);
            close(tls);
        });
        let url = format!("https://localhost:{}/token", provider.address.port());
        let oauth2 = format!(
            "{LOGIN}\tauth-method custom-oauth2\n\toauth2-client-id app\n\toauth2-token-url {url}\n\
             \toauth2-authorize-url {url}\n\toauth2-scopes mail\n\toauth2-client-auth post\n"
        );
        let public = target("localhost", mails.address.port(), "tls", &oauth2);
        let service = machine.service(&public, "smtp: t1\n\toauth2-client-secret s-cAnArY\n");
        let settings = notify::config::SmtpSettings::default();
        let token = Some(secret("r-cAnArY"));
        service
            .update_smtp("t1", settings, token, Vec::new(), None)
            .unwrap();
        service.apply_changes("root@pam").unwrap();
        let checkup = examine(&service);
        match row {
            Some(row) => judge(&row, &checkup),
            None => well(&checkup),
        }
    }
    nothing_was_sent(&got);
}
