//! Providers that say in words of their own that a grant has ended: LemonLDAP::NG 2.16 answers a dead
//! refresh token with 400 and `invalid_request`, glewlwyd 2.7 with 400 and an empty body, others with 401.

use notify::state::Standing;
use notify::upkeep::Condition;

use crate::peer::{answer, json};
use crate::provider::{Provider, Rule};
use crate::site::Site;

const CURE: &str = "authorize the target again, which is the likely cure since its refresh token has \
                    worked before, or else: ";

fn invalid_request() -> Vec<u8> {
    let body = r#"{"error":"invalid_request","error_description":"unable to refresh"}"#;
    json("400 Bad Request", body)
}

#[test]
fn what_may_be_the_end_of_a_grant_that_has_worked_is_told_so() {
    for (refusal, cause) in [
        (invalid_request(), "invalid_request"),
        (answer("400 Bad Request", "", ""), "HTTP 400, empty answer"),
        (
            answer("400 Bad Request", "Content-Type: text/html\r\n", "\r\n"),
            "HTTP 400, empty answer",
        ),
        (answer("401 Unauthorized", "", ""), "HTTP 401, empty answer"),
    ] {
        let provider = Provider::new(Rule::Strict);
        let site = Site::consented(&provider.url());
        // before it has worked the settings are to blame
        provider.order(refusal.clone());
        let text = site.refusal().to_string();
        assert!(text.contains(cause), "{text}");
        assert!(!text.contains("authorize the target again"), "{text}");
        // which a notification does not try again
        site.clock.pass(3601);
        site.refusal();
        crate::health::run(&site).unwrap();
        site.clock.pass(3601);

        provider.order(refusal.clone());
        let text = site.refusal().to_string();
        assert!(text.contains(cause) && text.contains(CURE), "{text}");
        let health = crate::health::of(&site);
        assert_eq!(health.condition, Condition::Misconfigured);
        let cure = health.cure.unwrap();
        let rest = cure.strip_prefix(CURE).unwrap_or_else(|| panic!("{cure}"));
        assert!(!rest.is_empty(), "the other cures stay: {cure}");

        // nothing is erased, and it is tried again
        assert_eq!(site.refresh_token(), "r-cAnArY-1");
        assert_eq!(site.record().unwrap().standing, Standing::Misconfigured);
        let asked = provider.asked();
        site.clock.pass(60);
        site.token().unwrap();
        assert_eq!(provider.asked(), asked + 1);
        assert_eq!(crate::health::of(&site).condition, Condition::Ok);
        // a new consent has not worked yet
        site.consent("r-cAnArY-2");
        provider.order(refusal);
        let text = site.refusal().to_string();
        assert!(!text.contains("authorize the target again"), "{text}");
    }
}

#[test]
fn other_refusals_of_a_grant_that_has_worked_mean_what_they_say() {
    let page = "Content-Type: text/html\r\n";
    for refusal in [
        json("401 Unauthorized", r#"{"error":"invalid_client"}"#),
        json("400 Bad Request", r#"{"error":"invalid_scope"}"#),
        json(
            "400 Bad Request",
            r#"{"error":"invalid_request","error_codes":[90002]}"#,
        ),
        json("503 Busy", r#"{"error":"invalid_request"}"#),
        answer("403 Forbidden", "", ""),
        answer("400 Bad Request", page, "<html>log in</html>"),
        answer("503 Busy", "", ""),
    ] {
        let provider = Provider::new(Rule::Strict);
        let site = Site::consented(&provider.url());
        site.token().unwrap();
        site.clock.pass(3601);
        let shown = String::from_utf8_lossy(&refusal).into_owned();
        provider.order(refusal);
        let text = site.refusal().to_string();
        assert!(!text.contains(CURE), "{shown}: {text}");
    }
}

#[test]
fn an_application_that_acts_for_itself_has_nothing_to_authorize() {
    let provider = Provider::new(Rule::Strict);
    let mut site = Site::new(&provider.url());
    site.account.identity.app_only = true;
    site.token().unwrap();
    site.clock.pass(3601);
    provider.order(invalid_request());
    let text = site.refusal().to_string();
    assert!(
        text.contains("invalid_request") && !text.contains(CURE),
        "{text}"
    );
}
