//! How the application logs in where a code is exchanged: as the call says, or in the one way and then
//! in the other.

use std::io::Write;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use notify::Secret;
use notify::oauth2::{CodeExchange, Error};

use crate::peer::{
    GRANT, Machine, Server, answer, client_auth, close, json, key, read_request, request, run,
};

const VERIFIER: &str = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";

/// A provider that accepts one way to log in, and answers others so.
struct Provider {
    server: Server,
    asked: Arc<Mutex<Vec<&'static str>>>,
}

impl Provider {
    fn new(accepted: &'static str, refusal: Vec<u8>) -> Self {
        Self::answering(move |way| match way == accepted {
            true => json("200 OK", GRANT),
            false => refusal.clone(),
        })
    }

    fn answering(bytes: impl Fn(&str) -> Vec<u8> + Send + Sync + 'static) -> Self {
        let asked = Arc::new(Mutex::new(Vec::new()));
        let seen = Arc::clone(&asked);
        let server = Server::tls(move |tls, _| {
            let way = client_auth(&read_request(tls));
            seen.lock().unwrap().push(way);
            let _ = tls.write_all(&bytes(way));
            close(tls);
        });
        Self { server, asked }
    }

    /// What an exchange comes to, and how the application has logged in.
    fn exchange(&self, setting: Option<&str>) -> (Result<Secret, Error>, Vec<&'static str>) {
        let result = run(
            &Machine::new(&self.server).host,
            &self.request(setting),
            Duration::from_secs(10),
        );
        self.server.settle();
        let asked = std::mem::take(&mut *self.asked.lock().unwrap());
        (result, asked)
    }

    fn request(&self, setting: Option<&str>) -> CodeExchange {
        let public = setting == Some("none");
        let request = request();
        CodeExchange {
            auth_method: "custom-oauth2".to_owned(),
            token_url: Some(format!(
                "https://localhost:{}/token",
                self.server.address.port()
            )),
            client_auth: setting.map(str::to_owned),
            client_secret: match public {
                true => Secret::new(""),
                false => request.client_secret,
            },
            code_verifier: public.then(|| Secret::new(VERIFIER)),
            ..request
        }
    }
}

fn refused(status: &str, word: &str) -> Vec<u8> {
    let body = format!(r#"{{"error":"{word}","error_description":"about {word}"}}"#);
    json(status, body)
}

#[test]
fn the_other_way_is_tried_once_where_the_first_may_be_why() {
    let invalid_client = || refused("401 Unauthorized", "invalid_client");
    let empty = |status| answer(status, "", "");
    // the setting, what the provider accepts, how it refuses, how it was asked, the row of advice
    type Row = (
        Option<&'static str>,
        &'static str,
        Vec<u8>,
        &'static [&'static str],
        &'static str,
    );
    let table: [Row; 14] = [
        (None, "basic", invalid_client(), &["basic"], ""),
        (None, "post", invalid_client(), &["basic", "post"], ""),
        (
            None,
            "post",
            refused("400 Bad", "invalid_client"),
            &["basic", "post"],
            "",
        ),
        (
            None,
            "post",
            refused("400 Bad", "invalid_request"),
            &["basic", "post"],
            "",
        ),
        (None, "post", empty("401 No"), &["basic", "post"], ""),
        (
            None,
            "post",
            empty("400 Bad"),
            &["basic"],
            "empty-bad-request",
        ),
        (
            None,
            "post",
            refused("400 Bad", "invalid_grant"),
            &["basic"],
            "invalid_grant",
        ),
        (
            None,
            "post",
            refused("503 Busy", "invalid_client"),
            &["basic"],
            "invalid_client",
        ),
        (
            None,
            "none",
            invalid_client(),
            &["basic", "post"],
            "invalid_client",
        ),
        (
            Some("basic"),
            "post",
            invalid_client(),
            &["basic"],
            "invalid_client",
        ),
        (
            Some("post"),
            "basic",
            invalid_client(),
            &["post"],
            "invalid_client",
        ),
        (
            Some("none"),
            "post",
            empty("401 No"),
            &["none"],
            "empty-unauthorized",
        ),
        (Some("post"), "post", invalid_client(), &["post"], ""),
        (Some("none"), "none", invalid_client(), &["none"], ""),
    ];
    for (setting, accepted, refusal, ways, row) in table {
        let shown = format!(
            "{setting:?} {accepted} {}",
            String::from_utf8_lossy(&refusal)
        );
        let (result, asked) = Provider::new(accepted, refusal).exchange(setting);
        assert_eq!(asked, ways, "{shown}");
        assert_eq!(result.as_ref().err().map_or("", key), row, "{shown}");
    }
}

#[test]
fn a_refusal_names_the_way_that_was_tried_and_the_others() {
    for (setting, fix) in [
        ("basic", ", or set client-auth to 'post'; "),
        ("post", ", or set client-auth to 'basic'; "),
        ("none", ", or set client-auth to 'basic' or 'post'; "),
    ] {
        let provider = Provider::new("-", refused("401 No", "invalid_client"));
        let text = provider.exchange(Some(setting)).0.unwrap_err().to_string();
        assert!(text.contains(fix), "{text}");
        let tail = format!(
            "client authentication tried: '{setting}'; provider says: \"invalid_client: about invalid_client\""
        );
        assert!(text.ends_with(&tail), "{text}");
    }
}

#[test]
fn of_two_refusals_both_are_told_and_the_one_that_got_further_counts() {
    // what the provider says to the one and to the other; the row, and what is told
    for (basic, post, row, told) in [
        (
            refused("401 No", "invalid_client"),
            refused("401 No", "invalid_client"),
            "invalid_client",
            "'basic' it says \"invalid_client: about invalid_client\"; with 'post' it says \"invalid_client: about invalid_client\"",
        ),
        (
            refused("401 No", "invalid_client"),
            refused("400 Bad", "invalid_scope"),
            "invalid_scope",
            "'basic' it says \"invalid_client: about invalid_client\"; with 'post' it says \"invalid_scope: about invalid_scope\"",
        ),
        (
            refused("400 Bad", "invalid_request"),
            refused("401 No", "invalid_client"),
            "invalid_request",
            "'basic' it says \"invalid_request: about invalid_request\"; with 'post' it says \"invalid_client: about invalid_client\"",
        ),
        (
            answer("401 No", "", ""),
            refused("401 No", "invalid_client"),
            "empty-unauthorized",
            "(HTTP 401, empty answer); with 'post' it says \"invalid_client: about invalid_client\"",
        ),
    ] {
        let provider = Provider::answering(move |way| match way {
            "basic" => basic.clone(),
            _ => post.clone(),
        });
        let (result, asked) = provider.exchange(None);
        let error = result.unwrap_err();
        assert_eq!(asked, ["basic", "post"]);
        assert_eq!(key(&error), row, "{error}");
        assert!(error.to_string().ends_with(told), "{error}");
        assert!(
            !error.to_string().contains("or set client-auth"),
            "both were tried: {error}"
        );
    }
}

#[test]
fn a_code_that_the_first_request_may_have_used_up_is_told_so() {
    let provider = Provider::answering(|way| match way {
        "basic" => refused("401 No", "invalid_client"),
        _ => refused("400 Bad", "invalid_grant"),
    });
    let error = provider.exchange(None).0.unwrap_err();
    assert_eq!((error.code(), key(&error)), (400, "invalid_grant"));
    let message = error.message();
    assert_eq!(
        message.fix.as_deref(),
        Some(
            "authorize again, with client-auth set to 'post': the request with 'basic' may have used \
             up the code"
        )
    );
    assert_eq!(
        message.details.as_deref(),
        Some(
            "with client authentication 'basic' it says \"invalid_client: about invalid_client\"; with \
             'post' it says \"invalid_grant: about invalid_grant\""
        )
    );
    // with one request there is nothing to doubt
    let error = provider.exchange(Some("post")).0.unwrap_err();
    assert!(!error.to_string().contains("used up"), "{error}");
}

#[test]
fn what_cannot_be_asked_for_is_refused_before_anything_is_sent() {
    let provider = Provider::new("none", Vec::new());
    let google = || request();
    let custom = |setting| provider.request(Some(setting));
    for (request, name) in [
        (custom("mtls"), "client-auth"),
        (
            CodeExchange {
                code_verifier: None,
                ..custom("none")
            },
            "code-verifier",
        ),
        (
            CodeExchange {
                client_secret: Secret::new("s-cAnArY"),
                ..custom("none")
            },
            "client-secret",
        ),
        (
            CodeExchange {
                client_secret: Secret::new(""),
                ..custom("post")
            },
            "client-secret",
        ),
        (
            CodeExchange {
                client_auth: Some("post".to_owned()),
                ..google()
            },
            "client-auth",
        ),
        (
            CodeExchange {
                client_secret: Secret::new(""),
                ..google()
            },
            "client-secret",
        ),
    ] {
        let machine = Machine::new(&provider.server);
        let error = run(&machine.host, &request, Duration::from_secs(10)).unwrap_err();
        assert_eq!(error.code(), 400);
        assert!(
            error.to_string().starts_with(&format!("{name}: ")),
            "{name}: {error}"
        );
    }
    assert_eq!(provider.server.count(), 0, "something was sent");
}
