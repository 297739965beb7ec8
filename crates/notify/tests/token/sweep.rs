//! What is left of targets that are gone.

use std::fs;
use std::path::PathBuf;
use std::time::Duration;

use notify::config::{Config, Raw};
use notify::state::Lock;
use notify::{Deadline, upkeep};

use crate::provider::{Provider, Rule};
use crate::site::{Site, TARGET, soon};

const DAY: i64 = 86_400;
const MAIL: &str = "smtp: mail\n\tserver a.example.org\n\tfrom-address a@example.org\n\
    \tmailto b@example.org\n";

/// One daily run with these files; the names of what was removed.
fn run(site: &Site, public: &str, private: &str) -> Vec<String> {
    let config = Config::parse(Raw {
        public,
        private,
        ..Raw::default()
    })
    .unwrap();
    let swept = upkeep::sweep(&site.keeper(), &config, soon());
    swept.into_iter().map(Result::unwrap).collect()
}

/// So many days without the target, a run on each of the cluster's three nodes.
fn days(site: &Site, days: i64) -> Vec<String> {
    let day = |_| {
        let removed: Vec<_> = (0..3).flat_map(|_| run(site, "", "")).collect();
        site.clock.pass(DAY);
        removed
    };
    (0..days).flat_map(day).collect()
}

fn site(provider: &Provider) -> (Site, PathBuf) {
    let site = Site::consented(&provider.url());
    site.token().unwrap();
    let copy = site.host.run_dir().join("oauth2/mail.json");
    assert!(copy.exists());
    (site, copy)
}

#[test]
fn a_month_without_its_target_removes_a_record_and_the_copy_goes_at_once() {
    let provider = Provider::new(Rule::Strict);
    let (site, copy) = site(&provider);
    assert_eq!(days(&site, 1), [""; 0]);
    assert!(!copy.exists() && site.record().is_some());
    assert_eq!(days(&site, 28), [""; 0]);
    assert_eq!(site.refresh_token(), "r-cAnArY-1");
    assert_eq!(days(&site, 1), [TARGET]);
    assert_eq!(site.files(), [""; 0]);
    assert_eq!(days(&site, 1), [""; 0]);
}

#[test]
fn a_target_that_was_away_begins_anew() {
    let provider = Provider::new(Rule::Strict);
    let (site, _) = site(&provider);
    days(&site, 29);
    for _ in 0..4 {
        assert_eq!(run(&site, MAIL, "smtp: mail\n"), [""; 0]);
        site.clock.pass(DAY);
    }
    assert_eq!(days(&site, 29), [""; 0]);
    assert_eq!(site.refresh_token(), "r-cAnArY-1");
}

#[test]
fn a_clock_that_jumps_counts_as_one_day() {
    let provider = Provider::new(Rule::Strict);
    let (site, _) = site(&provider);
    days(&site, 1);
    site.clock.set(3650 * DAY);
    assert_eq!(days(&site, 1), [""; 0]);
    site.clock.set(-7300 * DAY);
    assert_eq!(days(&site, 1), [""; 0]);
    assert!(site.record().is_some());
}

#[test]
fn damaged_files_count_for_nothing() {
    let provider = Provider::new(Rule::Strict);
    let (site, _) = site(&provider);
    for (public, private) in [
        ("smtp: mail\n\tserver\n", ""),
        (MAIL, "smtp: mail\n\tcolour red\n"),
        ("mail: mail\n\tserver a.example.org\n", ""),
    ] {
        for _ in 0..40 {
            assert_eq!(run(&site, public, private), [""; 0], "{public}");
            site.clock.pass(DAY);
        }
    }
    let record = site.record().unwrap();
    assert_eq!(record.orphaned, None);
}

#[test]
fn unreadable_records_of_no_target_go_too_and_a_busy_one_waits() {
    let provider = Provider::new(Rule::Strict);
    let (site, _) = site(&provider);
    fs::write(site.record_file(), "{").unwrap();
    site.refusal();
    assert_eq!(site.files().len(), 1);
    days(&site, 29);
    assert_eq!(site.files().len(), 1);
    let config = Config::parse(Raw::default()).unwrap();
    site.clock.pass(2 * DAY);
    let guard = Lock::new(&site.host, TARGET).unwrap().take(soon()).unwrap();
    let short = Deadline::after(Duration::from_millis(50));
    let swept = upkeep::sweep(&site.keeper(), &config, short);
    assert_eq!(swept[0].as_ref().unwrap_err().code(), 504);
    drop(guard);
    assert_eq!(run(&site, "", ""), [TARGET]);
    assert_eq!(site.files(), [""; 0]);
}
