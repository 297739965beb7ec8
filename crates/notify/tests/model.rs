//! F-17: the turns of a process's threads in every order, by a scheduler that finds deadlocks.

use std::time::Duration;

use shuttle::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use shuttle::thread;

use notify::Deadline;
use queue::Queue;

mod sync {
    pub use shuttle::sync::{Condvar, Mutex, MutexGuard};
}

#[path = "../src/token/queue.rs"]
mod queue;

/// In so many orders; no wait ever times out in this scheduler.
fn orders() -> usize {
    let soak = std::env::var_os("SOAK").is_some();
    if soak { 100_000 } else { 2000 }
}

fn deadline() -> Deadline {
    Deadline::after(Duration::from_secs(3600))
}

#[test]
fn f_17_one_thread_is_ahead_and_the_others_wake_at_its_end() {
    let body = || {
        let (queue, ahead) = (Queue::default(), AtomicUsize::new(0));
        thread::scope(|scope| {
            for _ in 0..3 {
                scope.spawn(|| {
                    if let Some(_turn) = queue.turn("mail") {
                        assert_eq!(ahead.fetch_add(1, Ordering::SeqCst), 0);
                        assert_eq!(ahead.fetch_sub(1, Ordering::SeqCst), 1);
                    } else {
                        // and finds what it wanted, so that it wakes nobody
                        assert!(queue.wait("mail", deadline()));
                    }
                });
            }
        });
    };
    shuttle::check_pct(body, orders(), 4);
}

#[test]
fn f_17_an_end_counts_also_if_the_next_thread_is_ahead_at_once() {
    let body = || {
        let (queue, has_woken) = (Queue::default(), AtomicBool::new(false));
        let first = queue.turn("mail").unwrap();
        thread::scope(|scope| {
            scope.spawn(|| {
                assert!(queue.wait("mail", deadline()));
                has_woken.store(true, Ordering::SeqCst);
            });
            // the other one waits by then
            (0..100).for_each(|_| thread::yield_now());
            drop(first);
            let second = queue.turn("mail");
            while !has_woken.load(Ordering::SeqCst) {
                thread::yield_now();
            }
            drop(second);
        });
    };
    shuttle::check_random(body, orders());
}
