//! One process: what is kept, what is asked, and what a failure does to the grant.

use std::time::Duration;

use notify::state::Standing;
use notify::token::Error;
use notify::{Deadline, Secret};

use crate::peer::{answer, json};
use crate::provider::{Order, Provider, Rule};
use crate::site::{Site, soon};

#[test]
fn a_token_is_fetched_once_and_then_comes_from_memory_and_from_disk() {
    let provider = Provider::new(Rule::Strict);
    let mut site = Site::consented(&provider.url());
    for _ in 0..3 {
        assert_eq!(site.token().unwrap(), "a-cAnArY-1");
    }
    site.restart();
    assert_eq!(site.token().unwrap(), "a-cAnArY-1");
    assert_eq!(provider.asked(), 1);
    assert_eq!(site.refresh_token(), "r-cAnArY-1");
}

#[test]
fn a_token_is_renewed_a_quarter_of_its_life_or_15_minutes_before_its_end() {
    for (life, fresh, due) in [
        ("3600", 2690, 2710),
        ("600", 445, 455),
        ("7200", 6290, 6310),
    ] {
        let provider = Provider::new(Rule::Strict);
        provider.set(|state| state.expires_in = life.to_owned());
        let site = Site::consented(&provider.url());
        site.token().unwrap();
        site.clock.pass(fresh);
        assert_eq!(site.token().unwrap(), "a-cAnArY-1", "{life}");
        site.clock.pass(due - fresh);
        assert_eq!(site.token().unwrap(), "a-cAnArY-2", "{life}");
        assert_eq!(provider.replays(), 0);
    }
}

/// F-30.
#[test]
fn f_30_an_answer_without_refresh_token_or_with_the_same_keeps_it_and_a_new_one_replaces_it() {
    for (rule, wanted, previous) in [
        (Rule::Omit, "r-cAnArY-0", None),
        (Rule::Same, "r-cAnArY-0", None),
        (Rule::Lenient, "r-cAnArY-1", Some("r-cAnArY-0")),
    ] {
        let provider = Provider::new(rule);
        let site = Site::consented(&provider.url());
        site.token().unwrap();
        assert_eq!(site.refresh_token(), wanted);
        let record = site.record().unwrap();
        let kept = record.previous_refresh_token.as_ref().map(Secret::expose);
        assert_eq!(kept, previous);
    }
}

#[test]
fn every_way_of_failing_has_its_verdict_and_only_invalid_grant_ends_the_grant() {
    let page = "<html>log in</html>";
    for (reply, standing) in [
        (
            json("400 Bad Request", r#"{"error":"invalid_grant"}"#),
            Standing::AuthorizeAgain,
        ),
        (
            json("401 Unauthorized", r#"{"error":"invalid_client"}"#),
            Standing::Misconfigured,
        ),
        (
            json("400 Bad Request", r#"{"error":"unauthorized_client"}"#),
            Standing::Misconfigured,
        ),
        (
            json("400 Bad Request", r#"{"error":"invalid_scope"}"#),
            Standing::Misconfigured,
        ),
        (
            json("400 Bad Request", r#"{"error":"never heard of"}"#),
            Standing::Misconfigured,
        ),
        (
            json("200 OK", r#"{"error":"invalid_client"}"#),
            Standing::Misconfigured,
        ),
        (
            json(
                "200 OK",
                r#"{"access_token":"x","token_type":"bearer","scope":"openid"}"#,
            ),
            Standing::Misconfigured,
        ),
        (
            json("400 Bad Request", r#"{"error":"temporarily_unavailable"}"#),
            Standing::Failing,
        ),
        (
            json("400 Bad Request", r#"{"error":"slow_down"}"#),
            Standing::Failing,
        ),
        (
            json(
                "400 Bad Request",
                r#"{"error":"invalid_client","error_codes":[90033]}"#,
            ),
            Standing::Failing,
        ),
        (
            json(
                "400 Bad Request",
                r#"{"error":"invalid_grant","error_codes":[50196]}"#,
            ),
            Standing::Failing,
        ),
        (
            json("500 Oh", r#"{"error":"invalid_grant"}"#),
            Standing::Failing,
        ),
        (
            json("429 Slow", r#"{"error":"invalid_grant"}"#),
            Standing::Failing,
        ),
        (json("503 Busy", ""), Standing::Failing),
        (json("200 OK", "{}"), Standing::Failing),
        (
            json(
                "200 OK",
                r#"{"access_token":"x y\u0001","token_type":"bearer"}"#,
            ),
            Standing::Failing,
        ),
        (
            answer("200 OK", "Content-Type: text/html\r\n", page),
            Standing::Failing,
        ),
        (
            answer("403 Forbidden", "Content-Type: text/html\r\n", page),
            Standing::Failing,
        ),
        (
            answer("302 Found", "Location: https://example.org/\r\n", ""),
            Standing::Failing,
        ),
        (
            b"HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\n{".to_vec(),
            Standing::Failing,
        ),
        (Vec::new(), Standing::Failing),
    ] {
        let provider = Provider::new(Rule::Strict);
        let site = Site::consented(&provider.url());
        let shown = String::from_utf8_lossy(&reply).into_owned();
        provider.order(reply);
        let error = site.refusal();
        let record = site.record().unwrap();
        assert_eq!(record.standing, standing, "{shown}: {error}");
        assert_eq!(
            site.refresh_token(),
            "r-cAnArY-0",
            "the grant is kept: {shown}"
        );
        assert_eq!(record.wait_until, None, "{shown}");
        // a notification does not ask again at once
        site.refusal();
        assert_eq!(provider.asked(), 1, "{shown}");
        // and what is temporary heals by itself
        site.clock.pass(60);
        let healed = site.token().is_ok();
        assert_eq!(healed, standing == Standing::Failing, "{shown}");
    }
}

#[test]
fn a_new_consent_revives_a_grant_that_has_ended() {
    let provider = Provider::new(Rule::Strict);
    let site = Site::consented(&provider.url());
    provider.set(|state| state.revoked = true);
    site.refusal();
    let error = site.refusal();
    assert!(matches!(error, Error::Ended { .. }), "{error}");
    assert_eq!(provider.asked(), 1, "an ended grant is not tried again");
    provider.set(|state| {
        state.revoked = false;
        state.current = "r-cAnArY-new".to_owned();
    });
    site.consent("r-cAnArY-new");
    assert_eq!(site.token().unwrap(), "a-cAnArY-1");
}

#[test]
fn the_previous_token_is_tried_only_where_old_ones_stay_valid() {
    let provider = Provider::new(Rule::Lenient);
    let mut site = Site::consented(&provider.url());
    site.account.provider.old_tokens_live = true;
    site.token().unwrap();
    site.clock.pass(3600);
    // the new one is refused, as if it had never been given
    provider.set(|state| {
        state.current = "lost".to_owned();
    });
    assert_eq!(site.token().unwrap(), "a-cAnArY-2");
    assert_eq!(provider.asked(), 3);

    let provider = Provider::new(Rule::Strict);
    let site = Site::consented(&provider.url());
    site.token().unwrap();
    site.clock.pass(3600);
    provider.set(|state| state.current = "lost".to_owned());
    site.refusal();
    assert_eq!((provider.asked(), provider.replays()), (2, 0));
}

/// F-03.
#[test]
fn f_03_a_rotated_token_that_was_lost_costs_one_request_a_run() {
    let provider = Provider::new(Rule::Strict);
    let site = Site::consented(&provider.url());
    provider.set(|state| state.orders.push_back(Order::Swallow));
    site.refusal();
    site.clock.pass(3601);
    for _ in 0..5 {
        site.refusal();
    }
    assert_eq!(provider.asked(), 2);
    assert_eq!(site.record().unwrap().standing, Standing::AuthorizeAgain);
}

#[test]
fn a_rotated_token_is_kept_though_the_answer_is_of_no_use() {
    let provider = Provider::new(Rule::Strict);
    let site = Site::consented(&provider.url());
    provider.order(json(
        "200 OK",
        r#"{"access_token":"x","token_type":"mac","refresh_token":"r-cAnArY-9"}"#,
    ));
    site.refusal();
    assert_eq!(site.refresh_token(), "r-cAnArY-9");
}

#[test]
fn a_living_token_is_used_while_its_renewal_fails() {
    let provider = Provider::new(Rule::Strict);
    let site = Site::consented(&provider.url());
    site.token().unwrap();
    site.clock.pass(3000);
    provider.order(json("503 Busy", ""));
    assert_eq!(site.token().unwrap(), "a-cAnArY-1");
    assert_eq!(site.token().unwrap(), "a-cAnArY-1");
    assert_eq!(provider.asked(), 2, "and not again within the pause");
}

#[test]
fn a_wish_to_be_left_alone_counts_up_to_an_hour() {
    let provider = Provider::new(Rule::Strict);
    let site = Site::consented(&provider.url());
    let wished = || {
        let record = site.record().unwrap();
        record
            .wait_until
            .map_or(0, |until| until - record.tried.unwrap())
    };
    for (wish, least, most) in [
        ("", 0, 0),
        ("Retry-After: soon\r\n", 0, 0),
        ("Retry-After: 1800\r\n", 1800, 1800),
        ("Retry-After: 1000000000\r\n", 3600, 3600),
        ("Retry-After: Fri, 31 Dec 2027 23:59:59 GMT\r\n", 0, 3600),
        (
            "Date: Fri, 31 Dec 1999 23:29:00 GMT\r\nRetry-After: Fri, 31 Dec 1999 23:59:59 GMT\r\n",
            1859,
            1859,
        ),
    ] {
        provider.order(answer("503 Busy", wish, ""));
        let error = site.refusal();
        assert!(
            (least..=most).contains(&wished()),
            "{wish}: {} {error}",
            wished()
        );
        let error = site.refusal();
        assert!(matches!(error, Error::Waiting { .. }), "{error}");
        assert!(error.retry_after() <= Some(300));
        site.clock.pass(3601);
    }
    assert!(site.token().is_ok());
    assert_eq!(site.record().unwrap().failures, 0);
}

#[test]
fn mended_settings_are_tried_at_once() {
    let provider = Provider::new(Rule::Strict);
    let mut site = Site::consented(&provider.url());
    provider.order(json("401 Unauthorized", r#"{"error":"invalid_client"}"#));
    site.refusal();
    site.refusal();
    assert_eq!(provider.asked(), 1);
    site.account.client_secret = Secret::new("another");
    assert!(site.token().is_ok());
}

#[test]
fn a_grant_is_never_sent_for_other_settings() {
    let provider = Provider::new(Rule::Strict);
    let other = Provider::new(Rule::Strict);
    let changes: [fn(&mut notify::state::Identity); 5] = [
        |identity| identity.provider = "google-oauth2".to_owned(),
        |identity| identity.cloud = "china".to_owned(),
        |identity| identity.tenant = "example.org".to_owned(),
        |identity| identity.client = "other".to_owned(),
        |identity| identity.login = "other@example.org".to_owned(),
    ];
    for change in changes {
        let mut site = Site::consented(&provider.url());
        change(&mut site.account.identity);
        let error = site.refusal();
        assert!(
            error.to_string().contains(" back, or authorize again "),
            "{error}"
        );
    }
    let mut site = Site::consented(&provider.url());
    site.account = crate::site::account(&other.url());
    site.refusal();
    assert_eq!((provider.asked(), other.asked()), (0, 0));
}

#[test]
fn a_refused_token_is_renewed_once() {
    let provider = Provider::new(Rule::Strict);
    let site = Site::consented(&provider.url());
    let first = site.access().unwrap();
    let renew = |refused| site.keeper().renewed(&site.account, refused, soon());
    let error = renew(&first).unwrap_err();
    assert!(matches!(error, Error::StillRefused { .. }), "{error}");
    site.clock.pass(61);
    let second = renew(&first).unwrap();
    assert_eq!(second.token.expose(), "a-cAnArY-2");
    // somebody else was refused the first one too: the second will do
    assert_eq!(renew(&first).unwrap().token.expose(), "a-cAnArY-2");
    assert_eq!(provider.asked(), 2);
    assert_eq!(site.token().unwrap(), "a-cAnArY-2");
}

#[test]
fn without_consent_nobody_is_asked() {
    let provider = Provider::new(Rule::Strict);
    let site = Site::new(&provider.url());
    let error = site.refusal();
    assert_eq!(
        error.to_string(),
        "target 'mail': it is not authorized: it has no refresh token; authorize the target again (pve-notify \
         authorize mail)"
    );
    assert_eq!((error.code(), provider.asked()), (400, 0));
}

#[test]
fn a_provider_that_hangs_ends_at_the_deadline_and_is_not_asked_with_less_than_two_seconds() {
    let provider = Provider::new(Rule::Strict);
    let site = Site::consented(&provider.url());
    provider.set(|state| state.delay = Duration::from_secs(5));
    let ask = |milliseconds| {
        let deadline = Deadline::after(Duration::from_millis(milliseconds));
        site.keeper()
            .access_token(&site.account, deadline)
            .unwrap_err()
    };
    assert_eq!(ask(1500).code(), 504);
    assert_eq!(provider.asked(), 0);
    let started = std::time::Instant::now();
    assert_eq!(ask(2500).code(), 504);
    let took = started.elapsed().as_millis();
    assert!((2400..3000).contains(&took), "{took} ms");
    assert_eq!(site.record().unwrap().standing, Standing::Failing);
}

#[test]
fn an_empty_refresh_token_is_none_and_the_old_one_stays() {
    let provider = Provider::new(Rule::Omit);
    let site = Site::consented(&provider.url());
    provider.order(json(
        "200 OK",
        r#"{"access_token":"a-cAnArY-9","refresh_token":"","expires_in":3600}"#,
    ));
    assert_eq!(site.token().unwrap(), "a-cAnArY-9");
    assert_eq!(site.refresh_token(), "r-cAnArY-0");
}
