//! What is known to hurt the users of other tools, each by its name, where no other test has it.

use notify::Secret;
use notify::state::Standing;

use crate::peer::answer;
use crate::provider::{Provider, Rule};
use crate::site::Site;

/// The form fields of the last request, decoded.
fn sent(provider: &Provider) -> Vec<(String, String)> {
    let state = provider.state.lock().unwrap();
    let request = state.requests.last().unwrap();
    let body = request.split_once("\r\n\r\n").unwrap().1;
    oauth2::url::form_urlencoded::parse(body.as_bytes())
        .into_owned()
        .collect()
}

#[test]
fn special_characters_of_secret_and_token_arrive_as_they_are() {
    let special = "~&+%/=?# ;cAnArY";
    let provider = Provider::new(Rule::Same);
    let mut site = Site::new(&provider.url());
    site.account.client_secret = Secret::new(special);
    for token in [special.to_owned(), special.repeat(1000)] {
        provider.set(|state| state.current.clone_from(&token));
        site.consent(&token);
        site.token().unwrap();
        let sent = sent(&provider);
        let field = |name| {
            sent.iter()
                .find(|(key, _)| key == name)
                .map(|(_, value)| value)
        };
        assert_eq!(field("refresh_token"), Some(&token));
        assert_eq!(field("client_secret").map(String::as_str), Some(special));
        assert_eq!(site.refresh_token(), token);
    }
}

#[test]
fn a_refresh_token_is_not_cut_at_1024_characters() {
    for length in [1023, 1024, 1025, 4096, 16 * 1024] {
        let token = "t".repeat(length);
        let provider = Provider::new(Rule::Omit);
        provider.set(|state| state.current.clone_from(&token));
        let site = Site::new(&provider.url());
        site.consent(&token);
        site.token().unwrap();
        assert!(sent(&provider).contains(&("refresh_token".to_owned(), token)));
    }
}

#[test]
fn a_page_of_a_proxy_is_not_taken_for_invalid_grant() {
    let page = r#"<html>{"error":"invalid_grant"} invalid_grant</html>"#;
    for status in [
        "200 OK",
        "400 Bad Request",
        "401 Unauthorized",
        "403 Forbidden",
    ] {
        for kind in ["text/html", "application/json"] {
            let provider = Provider::new(Rule::Strict);
            let site = Site::consented(&provider.url());
            provider.order(answer(status, &format!("Content-Type: {kind}\r\n"), page));
            let error = site.refusal().to_string();
            assert_ne!(
                site.record().unwrap().standing,
                Standing::AuthorizeAgain,
                "{status} {kind}: {error}"
            );
            site.clock.pass(3601);
            assert_eq!(site.token().unwrap(), "a-cAnArY-1", "{status} {kind}");
        }
    }
}
