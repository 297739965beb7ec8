//! Many callers at once, in threads and processes of one machine.

use std::env;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use notify::state::{Lock, Store};
use notify::{Deadline, Secret};
use rustix::process::Signal;

use crate::provider::{Provider, Rule};
use crate::site::{Site, TARGET, Worker, soon};

pub fn soak() -> bool {
    env::var_os("SOAK").is_some()
}

/// How long the provider takes for a refresh.
const REFRESH: Duration = Duration::from_millis(300);

/// F-12.
#[test]
fn f_12_many_callers_at_expiry_are_one_refresh() {
    let (processes, threads) = if soak() { (64, 157) } else { (8, 16) };
    let provider = Provider::new(Rule::Strict);
    let site = Site::consented(&provider.url());
    provider.set(|state| state.delay = REFRESH);
    for (round, passed) in [(1, 0), (2, 3700)] {
        let mut workers: Vec<_> = (0..processes)
            .map(|_| {
                let url = provider.url();
                Worker::start(
                    &site.dir,
                    &url,
                    "standalone",
                    "one.example.org",
                    (0, passed),
                    threads,
                )
            })
            .collect();
        for worker in &mut workers {
            worker.go();
        }
        let reports: Vec<_> = workers.into_iter().map(Worker::report).collect();
        let results: Vec<_> = reports.iter().flat_map(|report| &report.results).collect();
        assert_eq!(results.len(), processes * threads);
        for result in results {
            assert_eq!(result, &Ok(format!("a-cAnArY-{round}")));
        }
        assert_eq!((provider.asked(), provider.replays()), (round, 0));
        let mut waits: Vec<_> = reports.iter().flat_map(|report| &report.waits).collect();
        waits.sort_unstable();
        let p99 = *waits[waits.len() * 99 / 100];
        let grown = reports.iter().map(|report| report.grown).max().unwrap();
        // the figures of a long run
        #[allow(clippy::print_stdout)]
        if soak() {
            println!(
                "{} calls: 99 of 100 end within {p99:.1?}, {grown} KiB",
                waits.len()
            );
        }
        // ten thousand threads without optimisation are a figure of the compiler
        if !soak() || !cfg!(debug_assertions) {
            assert!(p99 <= REFRESH + Duration::from_secs(1), "{p99:?}");
            assert!(grown <= 8 * 1024, "{grown} KiB");
        }
    }
}

/// F-13.
#[test]
fn f_13_the_lock_of_a_killed_holder_is_free_at_once() {
    let provider = Provider::new(Rule::Omit);
    let site = Site::consented(&provider.url());
    let url = provider.url();
    let release = provider.hold();
    let mut holder = Worker::start(&site.dir, &url, "standalone", "one.example.org", (0, 0), 1);
    holder.go();
    provider.wait_for(1);
    let started = Instant::now();
    thread::scope(|scope| {
        let waiter = scope.spawn(|| site.token());
        holder.kill();
        assert_eq!(waiter.join().unwrap().unwrap(), "a-cAnArY-2");
    });
    assert!(started.elapsed() < Duration::from_secs(5));
    drop(release);
    assert_eq!(provider.asked(), 2);
}

#[test]
fn a_waiter_gives_up_at_its_own_deadline() {
    let provider = Provider::new(Rule::Strict);
    let site = Site::consented(&provider.url());
    let guard = Lock::new(&site.host, TARGET).unwrap().take(soon()).unwrap();
    let started = Instant::now();
    let deadline = Deadline::after(Duration::from_millis(300));
    let error = site
        .keeper()
        .access_token(&site.account, deadline)
        .unwrap_err();
    let took = started.elapsed().as_millis();
    assert!((300..800).contains(&took), "{took} ms");
    assert_eq!(error.code(), 504);
    assert!(
        error.to_string().contains("another process or node"),
        "{error}"
    );
    assert_eq!(provider.asked(), 0);
    drop(guard);
    site.token().unwrap();
}

#[test]
fn a_stopped_process_holds_up_nobody_who_has_a_living_token() {
    let provider = Provider::new(Rule::Lenient);
    let site = Site::consented(&provider.url());
    site.token().unwrap();
    site.clock.pass(3000);
    let url = provider.url();
    let release = provider.hold();
    let mut holder = Worker::start(
        &site.dir,
        &url,
        "standalone",
        "one.example.org",
        (0, 3000),
        1,
    );
    holder.go();
    provider.wait_for(2);
    holder.signal(Signal::STOP);
    let deadline = Deadline::after(Duration::from_millis(200));
    let token = site.keeper().access_token(&site.account, deadline).unwrap();
    assert_eq!(token.token.expose(), "a-cAnArY-1");
    holder.signal(Signal::CONT);
    drop(release);
    assert_eq!(holder.results(), [Ok("a-cAnArY-2".to_owned())]);
    assert_eq!(site.token().unwrap(), "a-cAnArY-2");
}

/// F-16.
#[test]
fn f_16_a_reader_never_sees_half_a_record() {
    let site = Site::consented("https://localhost:1/token");
    let store = Store::new(&site.host, &notify::disk::SystemDisk);
    let wanted = if soak() { 1_000_000 } else { 1000 };
    let (reads, done) = (AtomicUsize::new(0), AtomicBool::new(false));
    thread::scope(|scope| {
        let reader = || {
            while !done.load(Ordering::SeqCst) {
                assert!(store.read(TARGET).unwrap().is_some());
                reads.fetch_add(1, Ordering::SeqCst);
            }
        };
        let readers = [scope.spawn(reader), scope.spawn(reader)];
        let mut writes = 0;
        let is_missing = |writes| writes < 200 || reads.load(Ordering::SeqCst) < wanted;
        // a reader that has failed reads no more
        while is_missing(writes) && !readers.iter().any(|reader| reader.is_finished()) {
            // now and then longer than a page
            let most = if writes % 16 == 0 { 9000 } else { 300 };
            site.consent(&"x".repeat(1 + writes * 37 % most));
            writes += 1;
        }
        done.store(true, Ordering::SeqCst);
    });
    assert!(reads.into_inner() >= wanted);
}

/// F-18.
#[test]
fn f_18_the_result_for_a_target_that_was_replaced_meanwhile_is_discarded() {
    let provider = Provider::new(Rule::Strict);
    let site = Site::consented(&provider.url());
    let other = Site::consented(&provider.url());
    let recreated = std::fs::read(other.record_file()).unwrap();
    for replacement in [None, Some(recreated)] {
        site.consent(&provider.state.lock().unwrap().current.clone());
        let asked = provider.asked();
        let release = provider.hold();
        thread::scope(|scope| {
            let call = scope.spawn(|| site.refusal());
            provider.wait_for(asked + 1);
            match &replacement {
                None => std::fs::remove_file(site.record_file()).unwrap(),
                Some(bytes) => std::fs::write(site.record_file(), bytes).unwrap(),
            }
            drop(release);
            let error = call.join().unwrap().to_string();
            assert!(error.contains("changed or deleted"), "{error}");
        });
        assert_eq!(std::fs::read(site.record_file()).ok(), replacement);
    }
    assert_eq!(site.files(), ["mail.json"], "no temporary file stays");
}

#[test]
fn f_18_forgetting_waits_for_a_refresh_and_leaves_nothing() {
    let provider = Provider::new(Rule::Strict);
    let site = Site::consented(&provider.url());
    let release = provider.hold();
    thread::scope(|scope| {
        let call = scope.spawn(|| site.token());
        provider.wait_for(1);
        let deadline = Deadline::after(Duration::from_millis(100));
        assert_eq!(
            site.keeper().forget(TARGET, deadline).unwrap_err().code(),
            504
        );
        drop(release);
        call.join().unwrap().unwrap();
    });
    site.keeper().forget(TARGET, soon()).unwrap();
    assert!(site.files().is_empty(), "{:?}", site.files());
    site.refusal();
    assert_eq!(provider.asked(), 1);
}

#[test]
fn a_new_consent_counts_at_once_in_other_processes_memory_too() {
    let provider = Provider::new(Rule::Strict);
    let site = Site::consented(&provider.url());
    let mut daemon = Site::at(&site.dir, &provider.url(), "standalone", "one.example.org");
    daemon.account = site.account.clone();
    assert_eq!(daemon.token().unwrap(), "a-cAnArY-1");
    site.keeper()
        .consent(
            &site.account,
            &Secret::new("r-cAnArY-1"),
            "root@pam",
            soon(),
        )
        .unwrap();
    assert_eq!(daemon.token().unwrap(), "a-cAnArY-2");
}
