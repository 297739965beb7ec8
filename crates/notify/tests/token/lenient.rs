//! Differences between providers' answers by which nothing is at stake, and the one about scopes, by which
//! mail is.

use crate::peer::json;
use crate::provider::{Provider, Rule};
use crate::site::Site;

#[test]
fn an_answer_to_a_refresh_means_what_is_obvious() {
    // what the answer has beside an access token; its life, and the refresh token that counts
    for (more, life, refresh_token) in [
        ("", 300, "r-cAnArY-0"),
        (r#","refresh_token":"""#, 300, "r-cAnArY-0"),
        (r#","refresh_token":null"#, 300, "r-cAnArY-0"),
        (r#","refresh_token":"r-cAnArY-9""#, 300, "r-cAnArY-9"),
        (r#","id_token":"""#, 300, "r-cAnArY-0"),
        (r#","token_type":"""#, 300, "r-cAnArY-0"),
        (r#","token_type":null"#, 300, "r-cAnArY-0"),
        (r#","token_type":"BEARER""#, 300, "r-cAnArY-0"),
        (r#","expires_in":3600.0"#, 3600, "r-cAnArY-0"),
        (r#","expires_in":"3600""#, 3600, "r-cAnArY-0"),
        (r#","expires_in":"3600.0""#, 3600, "r-cAnArY-0"),
        (
            r#","scope":["openid","https://mail.google.com/"]"#,
            300,
            "r-cAnArY-0",
        ),
        (
            r#","scope":["openid https://mail.google.com/"]"#,
            300,
            "r-cAnArY-0",
        ),
        (
            r#","scope":"openid,https://mail.google.com/""#,
            300,
            "r-cAnArY-0",
        ),
        (
            r#","scope":"openid, https://mail.google.com/""#,
            300,
            "r-cAnArY-0",
        ),
        (
            r#","scope":"openid\thttps://mail.google.com/\n""#,
            300,
            "r-cAnArY-0",
        ),
        (r#","scope":null"#, 300, "r-cAnArY-0"),
    ] {
        let provider = Provider::new(Rule::Strict);
        let site = Site::consented(&provider.url());
        provider.order(json(
            "200 OK",
            format!(r#"{{"access_token":"a-cAnArY-9"{more}}}"#),
        ));
        let token = site.token().map_err(|error| error.to_string());
        assert_eq!(token.as_deref(), Ok("a-cAnArY-9"), "{more}");
        assert_eq!(site.record().unwrap().life, life, "{more}");
        assert_eq!(site.refresh_token(), refresh_token, "{more}");
    }
}

#[test]
fn what_a_token_is_used_for_stays_strict() {
    for body in [
        r#"{"access_token":""}"#,
        r#"{"access_token":null,"refresh_token":"r-cAnArY-9"}"#,
        r#"{"access_token":"a-cAnArY-9","token_type":"mac"}"#,
        r#"{"access_token":"a-cAnArY-9\r\n"}"#,
    ] {
        let provider = Provider::new(Rule::Strict);
        let site = Site::consented(&provider.url());
        provider.order(json("200 OK", body));
        assert!(site.token().is_err(), "{body}");
    }
}

#[test]
fn a_refresh_that_grants_less_names_what_was_asked_for_and_what_was_granted() {
    for (scope, granted) in [
        (r#""openid,read""#, "openid read"),
        (r#"["openid"]"#, "openid"),
        (r#""""#, "nothing"),
        ("[]", "nothing"),
    ] {
        let provider = Provider::new(Rule::Strict);
        let site = Site::consented(&provider.url());
        provider.order(json(
            "200 OK",
            format!(r#"{{"access_token":"a-cAnArY-9","scope":{scope}}}"#),
        ));
        let told = format!("asked for: https://mail.google.com/; granted: {granted}");
        let text = site.refusal().to_string();
        assert!(text.ends_with(&told), "{text}");
        assert_eq!(crate::health::of(&site).details.as_deref(), Some(&*told));
    }
}
