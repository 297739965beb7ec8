//! Of the threads of a process that need the same token, one asks for it.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use notify::Deadline;
use notify::state::Lock;

use crate::provider::{Provider, Rule};
use crate::site::{Site, TARGET, soon};
use crate::watched::Watched;

const THREADS: usize = 16;

#[test]
fn one_thread_of_a_process_watches_a_record_that_others_renew() {
    let provider = Provider::new(Rule::Strict);
    let site = Site::consented(&provider.url());
    let others = Lock::new(&site.host, TARGET).unwrap().take(soon()).unwrap();
    let looks = AtomicUsize::new(0);
    let disk = Watched(|_, _: &std::path::Path| {
        looks.fetch_add(1, Ordering::SeqCst);
    });
    thread::scope(|scope| {
        let call = || {
            site.keeper()
                .with_disk(&disk)
                .access_token(&site.account, soon())
        };
        let calls: Vec<_> = (0..THREADS).map(|_| scope.spawn(call)).collect();
        // each has looked once, and one goes on with pauses that have grown to 200 ms
        thread::sleep(Duration::from_millis(500));
        let (before, started) = (looks.load(Ordering::SeqCst), Instant::now());
        assert!(before >= 2 * THREADS, "{before}");
        thread::sleep(Duration::from_secs(1));
        let most = started.elapsed().as_millis() / 200 + 2;
        let looks = (looks.load(Ordering::SeqCst) - before) as u128;
        assert!((1..=most).contains(&looks), "{looks} of {most}");
        drop(others);
        for call in calls {
            assert_eq!(call.join().unwrap().unwrap().token.expose(), "a-cAnArY-1");
        }
    });
    assert_eq!((provider.asked(), provider.replays()), (1, 0));
}

#[test]
fn the_next_thread_goes_ahead_when_the_first_has_given_up() {
    let provider = Provider::new(Rule::Strict);
    let site = Site::consented(&provider.url());
    let others = Lock::new(&site.host, TARGET).unwrap().take(soon()).unwrap();
    thread::scope(|scope| {
        let call = |time| {
            let deadline = Deadline::after(Duration::from_millis(time));
            let access = site.keeper().access_token(&site.account, deadline);
            access.map(|access| access.token.expose().to_owned())
        };
        let ahead = scope.spawn(move || call(3000));
        thread::sleep(Duration::from_millis(100));
        let patient: Vec<_> = (0..3).map(|_| scope.spawn(move || call(20_000))).collect();
        // gives up at its own deadline, though the one ahead still waits
        assert_eq!(call(100).unwrap_err().code(), 504);
        assert!(!ahead.is_finished());
        assert_eq!(ahead.join().unwrap().unwrap_err().code(), 504);
        drop(others);
        for call in patient {
            assert_eq!(call.join().unwrap().unwrap(), "a-cAnArY-1");
        }
    });
    assert_eq!((provider.asked(), provider.replays()), (1, 0));
}
