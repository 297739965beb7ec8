//! The daily run, and how things stand.

use std::time::Duration;

use notify::Deadline;
use notify::config::{Config, Raw};
use notify::state::Store;
use notify::upkeep::Error;
use notify::upkeep::{self, Condition, Health, Target};

use crate::peer::{CANARY, answer, json};
use crate::provider::{Provider, Rule};
use crate::site::{Site, TARGET};

const HOUR: i64 = 3600;

fn target(site: &Site) -> Target {
    Target {
        name: TARGET.to_owned(),
        account: Ok(site.account.clone()),
        aside: None,
    }
}

pub fn of(site: &Site) -> Health {
    let health = site.keeper().health(&target(site));
    let json = serde_json::to_string(&health).unwrap();
    assert!(!json.contains(CANARY), "{json}");
    health
}

pub fn run(site: &Site) -> Result<bool, Error> {
    let deadline = Deadline::after(Duration::from_secs(20));
    let mut reports = upkeep::run(&site.keeper(), vec![target(site)], deadline);
    reports.pop().unwrap().result
}

#[test]
fn a_grant_is_used_when_it_was_idle_for_20_hours() {
    let provider = Provider::new(Rule::Strict);
    let site = Site::consented(&provider.url());
    assert!(!run(&site).unwrap());
    site.clock.pass(20 * HOUR - 10);
    assert!(!run(&site).unwrap());
    assert_eq!(of(&site).condition, Condition::Untested);
    site.clock.pass(20);
    assert_eq!(of(&site).condition, Condition::Due);
    assert!(run(&site).unwrap());
    assert_eq!(of(&site).condition, Condition::Ok);
    assert!(!run(&site).unwrap(), "once, whichever node asks");
    assert_eq!(provider.asked(), 1);
    assert_eq!(site.refresh_token(), "r-cAnArY-1");
}

#[test]
fn a_failed_refresh_is_tried_again_by_the_next_run() {
    let provider = Provider::new(Rule::Strict);
    let site = Site::consented(&provider.url());
    provider.order(json("503 Busy", ""));
    site.refusal();
    assert!(run(&site).is_err());
    assert_eq!(provider.asked(), 1);
    site.clock.pass(5);
    assert!(run(&site).unwrap());
    assert_eq!(of(&site).condition, Condition::Ok);
}

#[test]
fn one_dead_target_does_not_stop_the_others() {
    let provider = Provider::new(Rule::Strict);
    let site = Site::consented(&provider.url());
    site.clock.pass(21 * HOUR);
    let mut other = site.account.clone();
    other.target = "other".to_owned();
    let targets = vec![
        Target {
            name: "broken".to_owned(),
            account: Err(Error::Panicked {
                target: "mail".to_owned(),
            }),
            aside: None,
        },
        Target {
            name: "other".to_owned(),
            account: Ok(other),
            aside: None,
        },
        target(&site),
    ];
    let deadline = Deadline::after(Duration::from_secs(20));
    let reports = upkeep::run(&site.keeper(), targets, deadline);
    let results: Vec<_> = reports
        .iter()
        .map(|report| (report.target.as_str(), report.result.as_ref().ok()))
        .collect();
    assert_eq!(
        results,
        [("broken", None), ("other", None), (TARGET, Some(&true))]
    );
}

#[test]
fn every_condition_has_its_dates_and_its_cure() {
    let provider = Provider::new(Rule::Strict);
    let mut site = Site::new(&provider.url());
    assert_eq!(of(&site).condition, Condition::AuthorizeAgain);
    site.account.provider.idle_days = Some(90);
    site.consent("r-cAnArY-0");
    let health = of(&site);
    assert_eq!(health.condition, Condition::Untested);
    assert!(health.consented.is_some() && health.last_error.is_none());
    assert_eq!(health.last_refresh, None, "nobody has asked the provider");
    assert_eq!(
        health.expected_end,
        health.consented.map(|moment| moment + 90 * 24 * HOUR)
    );
    site.token().unwrap();
    let health = of(&site);
    assert_eq!(health.condition, Condition::Ok);
    assert_eq!((health.cause, health.cure), (None, None));
    assert_eq!(
        health.expected_end,
        health.last_refresh.map(|moment| moment + 90 * 24 * HOUR)
    );
    site.clock.pass(HOUR);

    site.keeper()
        .sent(&site.account, crate::site::soon())
        .unwrap();
    assert!(of(&site).last_send.is_some());

    provider.order(answer("503 Busy", "Retry-After: 900\r\n", ""));
    site.refusal();
    let health = of(&site);
    assert_eq!(health.condition, Condition::Failing);
    assert_eq!(
        health.retry_at,
        health.last_error_at.map(|moment| moment + 900)
    );
    assert!(health.cure.unwrap().contains("retried automatically"));

    site.clock.pass(HOUR);
    assert_eq!(of(&site).retry_at, None, "it is over");
    provider.order(json("401 Unauthorized", r#"{"error":"invalid_client"}"#));
    site.refusal();
    let health = of(&site);
    assert_eq!(health.condition, Condition::Misconfigured);
    assert!(health.cure.unwrap().contains("client secret"));

    site.clock.pass(2 * HOUR);
    provider.set(|state| state.revoked = true);
    assert!(run(&site).is_err());
    let health = of(&site);
    assert_eq!(health.condition, Condition::AuthorizeAgain);
    assert!(health.cure.unwrap().contains("authorize the target again"));
    assert_eq!(health.expected_end, None);
}

#[test]
fn sendings_are_put_down_once_an_hour() {
    let provider = Provider::new(Rule::Strict);
    let site = Site::consented(&provider.url());
    let generation = || site.record().unwrap().generation;
    let sent = || {
        site.keeper()
            .sent(&site.account, crate::site::soon())
            .unwrap()
    };
    let before = generation();
    sent();
    sent();
    assert_eq!(generation(), before + 1);
    site.clock.pass(HOUR);
    sent();
    assert_eq!(generation(), before + 2);
}

#[test]
fn a_grant_of_other_settings_is_kept_and_the_status_says_since_when() {
    let provider = Provider::new(Rule::Strict);
    let mut site = Site::consented(&provider.url());
    site.token().unwrap();
    let login = std::mem::replace(
        &mut site.account.identity.login,
        "other@example.org".to_owned(),
    );
    let error = site.refusal().to_string();
    let wanted = [
        "its authorization is for another username; set username back, or authorize again (pve-notify ",
        "; username is 'other@example.org', authorized was 'mail@example.org'",
    ];
    for part in wanted {
        assert!(error.contains(part), "{error}");
    }
    assert_eq!(of(&site).last_error_at, None, "a hand made the change");
    let keeper = site.keeper();
    keeper
        .note_change(
            TARGET,
            site.account.peer.clone(),
            "root@pam",
            crate::site::soon(),
        )
        .unwrap();
    let health = of(&site);
    assert!(health.last_error_at.is_some());
    assert_eq!(health.last_error, Some(error));
    let change = site.record().unwrap().changed;
    assert_eq!(
        (change.why.as_str(), change.by.as_str()),
        ("settings", "root@pam")
    );
    assert_eq!(
        (site.refresh_token().as_str(), provider.asked()),
        ("r-cAnArY-1", 1)
    );
    site.account.identity.login = login;
    assert_eq!(of(&site).last_error, None);
    site.token().unwrap();
    assert_eq!(site.record().unwrap().outdated, None);
}

#[test]
fn a_grant_of_other_settings_waits_while_those_have_one_of_their_own() {
    let provider = Provider::new(Rule::Lenient);
    let mut site = Site::consented(&provider.url());
    site.token().unwrap();
    let first = site.refresh_token();
    let home = site.account.clone();
    site.account.peer.server = "other.example.org".to_owned();
    site.consent("r-cAnArY-other");
    assert_eq!(site.refresh_token(), "r-cAnArY-other");
    let away = std::mem::replace(&mut site.account, home);
    assert_eq!(of(&site).condition, Condition::Ok);
    let told = provider.asked();
    site.token().unwrap();
    assert_eq!(
        provider.asked(),
        told + 1,
        "no access token of other settings"
    );
    assert!(!site.refresh_token().contains("other"), "{first}");
    // and back once more
    site.account = away;
    assert_eq!(of(&site).condition, Condition::Untested);
    assert!(site.record().unwrap().aside.is_some());
}

#[test]
fn targets_come_from_the_configuration() {
    let smtp = |name: &str| {
        format!(
            "smtp: {name}\n\tserver mail.example.org\n\tfrom-address a@example.org\n\
             \tmailto b@example.org\n\tusername a@example.org\n\n"
        )
    };
    let public = ["plain", "google", "custom", "app", "lacking"]
        .map(smtp)
        .concat();
    let private = ["plain", "google", "custom", "app", "lacking"]
        .map(|name| format!("smtp: {name}\n\n"))
        .concat();
    let ext = "smtp: google\n\tauth-method google-oauth2\n\toauth2-client-id c\n\n\
        smtp: custom\n\tauth-method custom-oauth2\n\toauth2-client-id c\n\
        \toauth2-token-url https://example.org/t\n\toauth2-authorize-url https://example.org/a\n\
        \toauth2-scopes mail.send offline_access\n\n\
        smtp: app\n\tauth-method microsoft-oauth2\n\toauth2-client-id c\n\
        \toauth2-tenant-id example.org\n\toauth2-cloud us-gov\n\
        \toauth2-grant-type client-credentials\n\n\
        smtp: lacking\n\tauth-method microsoft-oauth2\n\toauth2-client-id c\n\n";
    let private_ext = ["google", "custom", "app", "lacking"]
        .map(|name| format!("smtp: {name}\n\toauth2-client-secret s-cAnArY\n\n"))
        .concat();
    let config = Config::parse(Raw {
        public: &public,
        private: &private,
        ext,
        private_ext: &private_ext,
    })
    .unwrap();
    assert!(config.faults().is_empty(), "{:?}", config.faults());
    let site = Site::new("https://localhost:1/token");
    let targets = upkeep::targets(&site.host, &config);
    let seen: Vec<_> = targets
        .iter()
        .map(|target| match &target.account {
            Ok(account) => (target.name.as_str(), account.identity.token_url.clone()),
            Err(error) => (target.name.as_str(), error.to_string()),
        })
        .collect();
    let lacking = "oauth2-tenant-id: is missing (needed with auth-method 'microsoft-oauth2')";
    assert_eq!(
        seen,
        [
            ("google", "https://oauth2.googleapis.com/token".to_owned()),
            ("custom", "https://example.org/t".to_owned()),
            (
                "app",
                "https://login.microsoftonline.us/example.org/oauth2/v2.0/token".to_owned()
            ),
            ("lacking", lacking.to_owned()),
        ]
    );
    assert_eq!(
        site.keeper().health(&targets[3]).condition,
        Condition::Misconfigured
    );
    let app = targets[2].account.as_ref().unwrap();
    assert!(app.identity.app_only);
    assert_eq!(
        app.provider.app_scopes,
        ["https://outlook.office365.us/.default"]
    );
}

#[test]
fn every_condition_but_the_best_has_cause_and_fix() {
    let provider = Provider::new(Rule::Strict);
    type Step = fn(&mut Site, &Provider);
    let steps: [(Step, Condition); 8] = [
        (|_, _| {}, Condition::AuthorizeAgain),
        (|site, _| site.consent("r-cAnArY-0"), Condition::Untested),
        (|site, _| site.clock.pass(21 * HOUR), Condition::Due),
        (
            |site, provider| {
                provider.order(json("503 Busy", ""));
                site.refusal();
            },
            Condition::Failing,
        ),
        (
            |site, provider| {
                site.clock.pass(60);
                provider.order(json("401 No", r#"{"error":"invalid_client"}"#));
                site.refusal();
            },
            Condition::Misconfigured,
        ),
        (
            |site, provider| {
                site.clock.pass(60);
                provider.order(json("400 No", r#"{"error":"invalid_grant"}"#));
                run(site).unwrap_err();
            },
            Condition::AuthorizeAgain,
        ),
        (
            |site, _| site.account.identity.login = "other@example.org".to_owned(),
            Condition::AuthorizeAgain,
        ),
        (
            |site, _| std::fs::write(site.record_file(), "{").unwrap(),
            Condition::AuthorizeAgain,
        ),
    ];
    let mut site = Site::new(&provider.url());
    for (step, condition) in steps {
        step(&mut site, &provider);
        let health = of(&site);
        assert_eq!(health.condition, condition);
        for part in [&health.cause, &health.cure] {
            let part = part.as_deref().unwrap_or_default();
            assert!(!part.is_empty(), "{health:?}");
        }
        let ours = health.last_error_at.is_some();
        let told = Store::new(&site.host, &notify::disk::SystemDisk)
            .read(TARGET)
            .ok()
            .flatten()
            .and_then(|record| record.trouble);
        // which names the target, too
        let text = told.filter(|_| ours).map(|trouble| {
            let command = format!("(pve-notify authorize {TARGET})");
            trouble.message.replace("(pve-notify authorize)", &command)
        });
        assert_eq!(
            ours.then_some(health.last_error.as_deref()).flatten(),
            text.as_deref(),
            "a time belongs to its text"
        );
    }
}
