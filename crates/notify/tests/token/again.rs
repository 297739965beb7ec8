//! When a provider is asked again after a failure, and what is said where it is not.

use std::time::Duration;

use notify::Deadline;
use notify::state::Standing;
use notify::token::{Error, Keeper, Pause};

use crate::health::run;
use crate::peer::{answer, json};
use crate::provider::{Provider, Rule};
use crate::site::Site;

/// Who asks.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Who {
    Notification,
    Test,
    DailyRun,
}

use Who::{DailyRun, Notification, Test};

/// Whether the provider is asked by this one, so many seconds after a failure.
fn asks(reply: Vec<u8>, after: i64, who: Who) -> bool {
    let provider = Provider::new(Rule::Strict);
    let site = Site::consented(&provider.url());
    provider.order(reply);
    site.refusal();
    assert_eq!(provider.asked(), 1);
    site.clock.pass(after);
    let done = ask(&site, who);
    assert_eq!(done.is_ok(), provider.asked() == 2, "{done:?}");
    provider.asked() == 2
}

fn ask(site: &Site, who: Who) -> Result<(), String> {
    let deadline = Deadline::after(Duration::from_secs(10));
    let token = |keeper: Keeper<'_>| keeper.access_token(&site.account, deadline).map(drop);
    match who {
        Notification => token(site.keeper()).map_err(|error| error.to_string()),
        Test => token(site.keeper().by_will(true)).map_err(|error| error.to_string()),
        DailyRun => run(site).map(drop).map_err(|error| error.to_string()),
    }
}

#[test]
fn who_asks_how_soon_after_which_failure() {
    let busy = || json("503 Busy", "");
    let client = || json("401 Unauthorized", r#"{"error":"invalid_client"}"#);
    let grant = || json("400 Bad Request", r#"{"error":"invalid_grant"}"#);
    let wish = |seconds: u32| answer("503 Busy", &format!("Retry-After: {seconds}\r\n"), "");
    let slow = || answer("429 Slow", "Retry-After: 900\r\n", "");
    for (reply, who, least) in [
        (busy(), Notification, Some(60)),
        (busy(), Test, Some(5)),
        (busy(), DailyRun, Some(5)),
        (client(), Notification, None),
        (client(), Test, Some(5)),
        (client(), DailyRun, Some(5)),
        (grant(), Notification, None),
        (grant(), Test, Some(5)),
        (grant(), DailyRun, Some(5)),
        // shorter than our own interval: nothing is gained by it
        (wish(20), Notification, Some(60)),
        (wish(20), Test, Some(20)),
        (wish(120), Notification, Some(120)),
        // of other answers it is no wish
        (
            answer("500 Oh", "Retry-After: 900\r\n", ""),
            Notification,
            Some(60),
        ),
        (
            answer("400 Bad Request", "Retry-After: 900\r\n", ""),
            Test,
            Some(5),
        ),
        (slow(), Notification, Some(300)),
        (slow(), Test, Some(900)),
        (slow(), DailyRun, Some(900)),
    ] {
        let shown = String::from_utf8_lossy(&reply).into_owned();
        let shown = format!("{who:?} after {shown}");
        match least {
            // some seconds may pass within the test
            Some(least) => {
                assert!(!asks(reply.clone(), least - 4, who), "too soon: {shown}");
                assert!(asks(reply, least, who), "not after {least} s: {shown}");
            }
            None => assert!(!asks(reply, 40_000, who), "at all: {shown}"),
        }
    }
}

#[test]
fn what_is_said_where_the_provider_is_not_asked() {
    let provider = Provider::new(Rule::Strict);
    let site = Site::consented(&provider.url());
    provider.order(json("503 Busy", ""));
    let first = site.refusal().message();
    site.clock.pass(7);
    let error = site.refusal();
    let message = error.message();
    assert!(message.cause.starts_with(&first.headline()), "{message}");
    assert!(message.cause.ends_with(" s ago)"), "{message}");
    let fix = message.fix.clone().unwrap_or_default();
    assert!(fix.contains("with the next mail"), "{message}");
    let Error::Waiting {
        pause: Pause::Recent { ago, seconds },
        ..
    } = error
    else {
        panic!("{error:?}")
    };
    assert!((7..30).contains(&ago) && (30..=53).contains(&seconds));

    let site = Site::consented(&provider.url());
    provider.order(json("401 Unauthorized", r#"{"error":"invalid_client"}"#));
    let first = site.refusal().message();
    let message = site.refusal().message();
    assert_eq!(message.cause, first.headline());
    assert_eq!(message.fix, first.fix);

    let site = Site::consented(&provider.url());
    provider.order(answer("429 Slow", "Retry-After: 900\r\n", ""));
    site.refusal();
    let keeper = site.keeper().by_will(true);
    let error = keeper
        .access_token(&site.account, crate::site::soon())
        .unwrap_err();
    let clock = error.message().cause;
    assert!(
        clock.starts_with("the provider asked to wait until ") && clock.len() == 38,
        "{error}"
    );
    assert_eq!(error.code(), 502, "the code of the failure itself");
}

#[test]
fn a_clock_that_was_set_makes_nobody_wait() {
    for set in [-90_000, -1800, 1800, 90_000] {
        let provider = Provider::new(Rule::Strict);
        let site = Site::consented(&provider.url());
        provider.order(answer("429 Slow", "Retry-After: 900\r\n", ""));
        site.refusal();
        site.clock.set(set);
        assert!(site.token().is_ok(), "{set}");
    }
}

#[test]
fn a_grant_that_was_refused_and_works_again_is_usable() {
    for who in [Test, DailyRun] {
        let provider = Provider::new(Rule::Lenient);
        let site = Site::consented(&provider.url());
        provider.order(json("400 Bad Request", r#"{"error":"invalid_grant"}"#));
        site.refusal();
        assert_eq!(site.record().unwrap().standing, Standing::AuthorizeAgain);
        site.clock.pass(60);
        ask(&site, who).unwrap();
        assert_eq!(site.record().unwrap().standing, Standing::Usable, "{who:?}");
        assert!(site.token().is_ok());
    }
}

#[test]
fn other_scopes_wake_a_target_that_was_refused_for_good() {
    let provider = Provider::new(Rule::Strict);
    let mut site = Site::new(&provider.url());
    site.account.identity.app_only = true;
    site.account.provider.app_scopes = vec!["wrong".to_owned()];
    provider.order(json("400 Bad Request", r#"{"error":"invalid_scope"}"#));
    site.refusal();
    site.clock.pass(3600);
    site.refusal();
    assert_eq!(provider.asked(), 1);
    site.account.provider.app_scopes = vec!["right".to_owned()];
    site.token().unwrap();
}
