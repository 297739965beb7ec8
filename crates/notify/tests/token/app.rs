//! Applications that act for themselves.

use notify::upkeep::Condition;

use crate::peer::json;
use crate::provider::{Provider, Rule};
use crate::site::Site;

#[test]
fn an_application_gets_tokens_without_any_consent() {
    let provider = Provider::new(Rule::Strict);
    let mut site = Site::new(&provider.url());
    site.account.identity.app_only = true;
    assert_eq!(crate::health::of(&site).condition, Condition::Untested);
    assert_eq!(site.token().unwrap(), "a-cAnArY-1");
    assert_eq!(site.token().unwrap(), "a-cAnArY-1");
    site.clock.pass(3600);
    assert_eq!(site.token().unwrap(), "a-cAnArY-2");
    let requests = provider.state.lock().unwrap().requests.clone();
    assert_eq!(requests.len(), 2);
    for request in requests {
        assert!(
            request.contains("grant_type=client_credentials"),
            "{request}"
        );
        assert!(
            request.contains("scope=https%3A%2F%2Fmail.google.com%2F"),
            "{request}"
        );
        assert!(!request.contains("refresh_token"), "{request}");
    }
    assert!(site.record().unwrap().refresh_token.is_none());
}

#[test]
fn a_grant_of_a_person_is_not_used_by_the_application_nor_the_other_way_round() {
    let provider = Provider::new(Rule::Strict);
    let mut site = Site::new(&provider.url());
    site.account.identity.app_only = true;
    site.token().unwrap();
    site.account.identity.app_only = false;
    site.refusal();
    site.consent("r-cAnArY-0");
    site.account.identity.app_only = true;
    site.token().unwrap();
    assert_eq!(provider.asked(), 2);
    let requests = provider.state.lock().unwrap().requests.concat();
    assert!(!requests.contains("r-cAnArY"), "{requests}");
}

#[test]
fn a_refusal_names_the_permission_of_the_application_or_of_the_person() {
    let refusal = || {
        json(
            "400 Bad",
            r#"{"error":"invalid_scope","error_codes":[70011]}"#,
        )
    };
    for (app_only, permission) in [(true, "add SMTP.SendAsApp"), (false, "add SMTP.Send and")] {
        let provider = Provider::new(Rule::Strict);
        let mut site = Site::consented(&provider.url());
        site.account.identity.app_only = app_only;
        provider.order(refusal());
        let text = site.refusal().to_string();
        assert!(text.contains(permission), "{text}");
    }
}
