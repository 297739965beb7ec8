//! In the daily run each target has its turn, whatever the others do.

use std::path::Path;
use std::time::Duration;

use notify::oauth2::Account;
use notify::upkeep::{self, Condition, Target};
use notify::{Deadline, Secret};

use crate::provider::{Provider, Rule};
use crate::site::{Site, soon};
use crate::watched::{Glance, Watched};

/// A machine with these targets, all due.
fn site(provider: &Provider, names: &[&str]) -> (Site, Vec<Account>) {
    let site = Site::new(&provider.url());
    let account = |&name: &&str| Account {
        target: name.to_owned(),
        ..site.account.clone()
    };
    let accounts: Vec<_> = names.iter().map(account).collect();
    let token = Secret::new("r-cAnArY-0");
    for account in &accounts {
        site.keeper()
            .consent(account, &token, "root@pam", soon())
            .unwrap();
    }
    site.clock.pass(21 * 3600);
    (site, accounts)
}

fn targets(accounts: &[Account]) -> Vec<Target> {
    let target = |account: &Account| Target {
        name: account.target.clone(),
        account: Ok(account.clone()),
        aside: None,
    };
    accounts.iter().map(target).collect()
}

#[test]
fn a_fault_of_this_program_in_one_target_does_not_end_the_run() {
    let provider = Provider::new(Rule::Omit);
    let (site, accounts) = site(&provider, &["a", "broken", "c"]);
    let broken = Watched(|glance, path: &Path| {
        let is_broken = glance == Glance::Read && path.to_string_lossy().contains("broken");
        assert!(!is_broken, "on purpose");
    });
    let keeper = site.keeper().with_disk(&broken);
    let reports = upkeep::run(&keeper, targets(&accounts), soon());
    let results: Vec<_> = reports
        .iter()
        .map(|report| (report.target.as_str(), report.result.as_ref().ok()))
        .collect();
    assert_eq!(
        results,
        [("a", Some(&true)), ("broken", None), ("c", Some(&true))]
    );
    let error = reports[1].result.as_ref().unwrap_err();
    assert!(matches!(error, upkeep::Error::Panicked { .. }), "{error}");
    assert_eq!(error.code(), 500);
    let health = keeper.health(&targets(&accounts)[1]);
    assert_eq!(health.condition, Condition::Failing);
    assert_eq!(health.last_error, Some(error.to_string()));
}

#[test]
fn who_had_no_turn_today_has_the_first_one_tomorrow() {
    let provider = Provider::new(Rule::Omit);
    let (site, accounts) = site(&provider, &["a", "b", "c"]);
    // one answer takes so long that there is no time for another request
    provider.set(|state| state.delay = Duration::from_millis(1600));
    let mut turns = Vec::new();
    for _ in 0..4 {
        let deadline = Deadline::after(Duration::from_millis(3500));
        let reports = upkeep::run(&site.keeper(), targets(&accounts), deadline);
        let names: Vec<_> = reports.iter().map(|report| &report.target).collect();
        assert_eq!(names, ["a", "b", "c"]);
        let used = reports.into_iter().filter(|report| report.result.is_ok());
        turns.extend(used.map(|report| report.target));
        site.clock.pass(21 * 3600);
    }
    assert_eq!(turns, ["a", "b", "c", "a"]);
}
