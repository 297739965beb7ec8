//! Lives, and clocks that are wrong.

use notify::state::Standing;

use crate::provider::{Provider, Rule};
use crate::site::Site;

const DAY: i64 = 86_400;

/// F-20.
#[test]
fn f_20_lives_are_cut_guessed_or_refused() {
    for (expires_in, life) in [
        ("3600", Some(3600)),
        (r#""3600""#, Some(3600)),
        (r#""3600.0""#, Some(3600)),
        (r#""3600.0.1""#, None),
        ("3600.5", Some(3600)),
        ("1e18", Some(86_400)),
        (r#""99999999999999999999""#, Some(86_400)),
        ("1", Some(1)),
        ("0", Some(300)),
        ("-1", Some(300)),
        ("0.5", Some(300)),
        ("null", Some(300)),
        (r#""an hour""#, None),
        (r#""""#, None),
        (r#""-1""#, None),
        ("true", None),
        ("[3600]", None),
        ("{}", None),
    ] {
        let provider = Provider::new(Rule::Strict);
        provider.set(|state| state.expires_in = expires_in.to_owned());
        let site = Site::consented(&provider.url());
        let token = site.access();
        let record = site.record().unwrap();
        match life {
            Some(life) => {
                assert!(token.is_ok(), "{expires_in}: {token:?}");
                assert_eq!(record.life, life, "{expires_in}");
            }
            None => {
                let error = token.unwrap_err().to_string();
                assert!(error.contains("expires_in"), "{expires_in}: {error}");
                assert_eq!(record.standing, Standing::Failing);
                assert_eq!(site.refresh_token(), "r-cAnArY-1", "{expires_in}");
            }
        }
    }
}

#[test]
fn f_20_a_missing_life_counts_as_five_minutes() {
    let provider = Provider::new(Rule::Strict);
    provider.set(|state| state.expires_in = r#"null,"expires":3600"#.to_owned());
    let site = Site::consented(&provider.url());
    site.token().unwrap();
    assert_eq!(site.record().unwrap().life, 300);
}

/// F-19.
#[test]
fn f_19_a_clock_that_is_set_costs_no_refresh_while_the_machine_runs() {
    // years, days, a switch of daylight saving in a clock that is kept in local time, a leap second
    for jump in [
        -DAY,
        DAY,
        10 * 365 * DAY,
        -1_700_000_000,
        3600,
        -3600,
        1,
        -1,
    ] {
        let provider = Provider::new(Rule::Strict);
        let mut site = Site::consented(&provider.url());
        site.token().unwrap();
        site.clock.set(jump);
        site.token().unwrap();
        site.restart();
        site.token().unwrap();
        assert_eq!(provider.asked(), 1, "{jump}");
        // it ends in time all the same
        site.clock.pass(2800);
        site.token().unwrap();
        site.token().unwrap();
        assert_eq!(provider.asked(), 2, "{jump}");
    }
}

/// F-19, after a restart of the machine, when only the clocks can tell.
#[test]
fn f_19_between_runs_a_clock_that_is_set_costs_one_refresh_at_most() {
    for (jump, asked) in [
        (-DAY, 2),
        (DAY, 2),
        (10 * 365 * DAY, 2),
        (-1_700_000_000, 2),
        (-200, 1),
        (200, 1),
        (-400, 2),
    ] {
        let provider = Provider::new(Rule::Strict);
        let mut site = Site::consented(&provider.url());
        site.token().unwrap();
        std::fs::remove_dir_all(site.host.run_dir()).unwrap();
        site.restart();
        site.clock.set(jump);
        for _ in 0..3 {
            site.token().unwrap();
        }
        assert_eq!(provider.asked(), asked, "{jump}");
    }
}

#[test]
fn f_19_a_pause_ends_when_the_clock_is_set_back() {
    let provider = Provider::new(Rule::Strict);
    let site = Site::consented(&provider.url());
    provider.order(crate::peer::json("503 Busy", ""));
    site.refusal();
    site.refusal();
    assert_eq!(provider.asked(), 1);
    site.clock.set(-DAY);
    site.token().unwrap();
    assert_eq!(provider.asked(), 2);
}

/// F-21.
#[test]
fn f_21_a_token_that_ended_during_a_suspension_is_not_used() {
    let provider = Provider::new(Rule::Strict);
    let site = Site::consented(&provider.url());
    site.token().unwrap();
    site.clock.pass(8 * 3600);
    assert_eq!(site.token().unwrap(), "a-cAnArY-2");
}

#[test]
fn a_clock_that_differs_from_the_providers_is_told_beyond_a_minute() {
    for (seconds, told) in [
        (0, false),
        (59, false),
        (-59, false),
        (120, true),
        (-120, true),
    ] {
        let provider = Provider::new(Rule::Strict);
        let date = chrono::DateTime::from_timestamp(notify::Clock::now(&notify::SystemClock), 0);
        let date = date.unwrap().format("%a, %d %b %Y %H:%M:%S GMT");
        provider.set(|state| state.head = format!("Date: {date}\r\n"));
        let site = Site::consented(&provider.url());
        site.clock.set(seconds);
        site.token().unwrap();
        let warning = crate::health::of(&site).warning;
        assert_eq!(warning.is_some(), told, "{seconds}: {warning:?}");
        if let Some(warning) = warning {
            let way = if seconds > 0 { "ahead of" } else { "behind" };
            assert!(warning.contains(way), "{warning}");
        }
    }
}
