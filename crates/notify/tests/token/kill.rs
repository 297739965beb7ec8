//! Processes that are killed at random moments of a refresh: while they wait for the lock, ask the
//! provider, write, rename or sync. What a grant is worth afterwards is up to the provider alone.

use std::thread;
use std::time::Duration;

use notify::state::Standing;

use crate::provider::{Provider, Rule};
use crate::site::{Site, Worker};
use crate::together::soak;

/// So much time passes for a process between two refreshes, in seconds.
const EXPIRY: i64 = 3700;
/// So often a process refreshes at most, if nobody kills it.
const TURNS: i64 = 200;
/// Killed within so many microseconds of a first request: some turns, on a busy machine the first.
const WITHIN: u64 = 60_000;

/// What the kills have left.
#[derive(Debug, Default)]
struct Tally {
    /// The token that counts is in the record.
    kept: usize,
    /// The provider has given a token that is in no record.
    lost: usize,
    /// Grants that a person had to give again.
    ended: usize,
}

/// Refreshes turn after turn; no test of its own.
#[test]
#[ignore = "started by other tests"]
fn worker() {
    let Some(site) = Site::of_worker() else {
        return;
    };
    for _ in 0..TURNS {
        let _ = site.token();
        site.clock.pass(EXPIRY);
    }
}

/// Kills so many processes and does what the next process would do.
fn killed(rule: Rule) -> Tally {
    let rounds = if soak() { 1200 } else { 30 };
    let provider = Provider::new(rule);
    let url = provider.url();
    let mut site = Site::consented(&url);
    site.account.provider.old_tokens_live = rule == Rule::Lenient;
    let mut tally = Tally::default();
    for round in 0..rounds {
        let (asked, passed) = (provider.asked(), round * (TURNS + 1) * EXPIRY);
        let node = "one.example.org";
        let mut victim = Worker::doing(
            "kill::worker",
            &site.dir,
            &url,
            "standalone",
            node,
            (0, passed),
            1,
        );
        victim.go();
        provider.wait_for(asked + 1);
        // fractions that do not repeat
        thread::sleep(Duration::from_micros(
            u64::try_from(round).unwrap() * 7919 % WITHIN,
        ));
        victim.kill();
        provider.server.settle();

        let kept = site.refresh_token();
        let is_lost = kept != provider.state.lock().unwrap().current;
        tally.lost += usize::from(is_lost);
        tally.kept += usize::from(!is_lost);
        site.restart();
        site.clock.pass((TURNS + 1) * EXPIRY);
        let asked = provider.asked();
        let token = site.token();
        assert_eq!(provider.asked(), asked + 1, "one request a run, {round}");
        assert_eq!(site.files(), ["mail.json"], "{round}");
        if token.is_ok() {
            continue;
        }
        assert!(is_lost, "the grant was good, {round}: {token:?}");
        assert_eq!(site.record().unwrap().standing, Standing::AuthorizeAgain);
        site.restart();
        site.refusal();
        assert_eq!(provider.asked(), asked + 1, "nobody asks again, {round}");
        tally.ended += 1;
        let again = format!("r-cAnArY-again-{round}");
        provider.set(|state| {
            state.revoked = false;
            state.current.clone_from(&again);
        });
        site.consent(&again);
    }
    assert!(tally.kept > 0 && tally.lost > 0, "{tally:?}");
    tally
}

/// F-01, F-03.
#[test]
fn f_03_kills_lose_no_grant_where_old_tokens_stay_valid() {
    let tally = killed(Rule::Lenient);
    assert_eq!(tally.ended, 0, "{tally:?}");
}

/// F-01, F-03.
#[test]
fn f_03_a_kill_that_loses_a_rotated_token_is_told_once_and_asks_nobody_twice() {
    let tally = killed(Rule::Strict);
    assert_eq!(tally.ended, tally.lost, "{tally:?}");
}
