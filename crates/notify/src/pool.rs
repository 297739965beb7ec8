//! The same function for many items at once, in a bounded number of threads that have all ended when
//! the call returns.
//!
//! Making a thread costs as much as handing a mail to a server nearby. So a few threads begin, and many
//! others follow in a moment if there is something left for them. Where all of those are held up, more
//! of them follow: peers that keep silent must not use up the turn of the others.
//!
//! The threads block all signals ([`crate::shield`]), and a program would inherit that. So they know
//! the signal mask of their caller.

use std::cell::Cell;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{self, RecvTimeoutError, Sender};
use std::sync::{Mutex, PoisonError};
use std::thread;
use std::time::Duration;

use nix::sys::signal::SigSet;

use crate::shield::shielded;

/// How many threads work at most.
const MAX_THREADS: usize = 256;
/// How many begin.
const FIRST: usize = 4;
/// How many follow at a time.
const MORE: usize = 64;
/// How long the first may take before others follow.
const MOMENT: Duration = Duration::from_millis(10);
/// The same for those.
const WHILE: Duration = Duration::from_millis(500);

/// The function panicked for this item.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Panicked;

/// What a thread tells the caller's thread: no item is left.
struct NoMore;

thread_local! {
    /// The signal mask of whoever called [`map`]; none in that thread itself.
    static MASK: Cell<Option<SigSet>> = const { Cell::new(None) };
}

/// The signal mask of whoever called [`map`], for programs to start with.
pub(crate) fn callers_mask() -> SigSet {
    // reading one's own mask cannot fail
    let own = || SigSet::thread_get_mask().unwrap_or_else(|_| SigSet::empty());
    MASK.get().unwrap_or_else(own)
}

/// Calls the function for each item; the results come in the order of the items. A single item costs
/// no thread, and a system that gives no threads only delays.
pub(crate) fn map<T: Sync, R: Send>(
    items: &[T],
    function: impl Fn(&T) -> R + Sync,
) -> Vec<Result<R, Panicked>> {
    let next = AtomicUsize::new(0);
    let done = Mutex::new(Vec::with_capacity(items.len()));
    let work = || {
        loop {
            let index = next.fetch_add(1, Ordering::Relaxed);
            let Some(item) = items.get(index) else {
                return;
            };
            // whatever the function left half done is its own: it has only shared references
            let result = catch_unwind(AssertUnwindSafe(|| function(item))).map_err(|_| Panicked);
            let mut done = done.lock().unwrap_or_else(PoisonError::into_inner);
            done.push((index, result));
        }
    };
    let mask = callers_mask();
    thread::scope(|scope| {
        let mut threads = Vec::new();
        // says whether still more may have to follow
        let mut hire = |most: usize, sender: &Sender<NoMore>| {
            let left = items.len().saturating_sub(next.load(Ordering::Relaxed));
            let wanted = left.min(most).min(MAX_THREADS - threads.len());
            let begun = threads.len();
            threads.extend((0..wanted).map_while(|_| {
                let (work, sender) = (&work, sender.clone());
                let job = move || {
                    MASK.set(Some(mask));
                    work();
                    let _ = sender.send(NoMore);
                };
                let thread = thread::Builder::new().name("notify".to_owned());
                shielded(|| thread.spawn_scoped(scope, job)).ok()
            }));
            wanted < left && threads.len() == begun + wanted && wanted > 0
        };
        let (sender, news) = mpsc::channel();
        let mut more = items.len() > 1 && hire(FIRST, &sender);
        let mut later = MOMENT;
        while more && matches!(news.recv_timeout(later), Err(RecvTimeoutError::Timeout)) {
            more = hire(MORE, &sender);
            later = WHILE;
        }
        // the end of the scope waits for the closures, this for the threads
        for thread in threads {
            let _ = thread.join();
        }
        // what is left where the system gave no threads
        work();
    });
    let mut done = done.into_inner().unwrap_or_else(PoisonError::into_inner);
    done.sort_by_key(|(index, _)| *index);
    done.into_iter().map(|(_, result)| result).collect()
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::sync::{Barrier, Condvar};

    use super::*;
    use crate::shield::tests::{USUAL, blocked};

    #[test]
    fn all_run_at_the_same_time_and_a_panic_stays_with_its_item() {
        // nobody passes unless all twenty are there
        let barrier = Barrier::new(20);
        let items: Vec<usize> = (0..20).collect();
        let results = map(&items, |&item| {
            barrier.wait();
            assert_ne!(item, 7, "an injected fault");
            item * 2
        });
        for (item, result) in results.into_iter().enumerate() {
            let wanted = if item == 7 {
                Err(Panicked)
            } else {
                Ok(item * 2)
            };
            assert_eq!(result, wanted);
        }
    }

    #[test]
    fn threads_that_are_held_up_use_up_no_turn() {
        let (now, news) = (Mutex::new(0), Condvar::new());
        let items = [(); 2 * MORE + 1];
        let results = map(&items, |()| {
            let mut now = now.lock().unwrap();
            *now += 1;
            news.notify_all();
            let patience = Duration::from_secs(10);
            let waited = news
                .wait_timeout_while(now, patience, |now| *now < items.len())
                .unwrap()
                .1;
            !waited.timed_out()
        });
        assert!(results.into_iter().all(|result| result == Ok(true)));
    }

    #[test]
    fn many_items_share_few_threads() {
        let (now, most) = (AtomicUsize::new(0), AtomicUsize::new(0));
        let items = [(); 500];
        let results = map(&items, |()| {
            let running = now.fetch_add(1, Ordering::SeqCst) + 1;
            most.fetch_max(running, Ordering::SeqCst);
            thread::yield_now();
            now.fetch_sub(1, Ordering::SeqCst);
        });
        assert_eq!(results.len(), 500);
        assert!(most.into_inner() <= MAX_THREADS);
    }

    #[test]
    fn no_signal_reaches_a_thread_and_each_knows_the_callers_mask() {
        let status = || fs::read_to_string("/proc/thread-self/status").unwrap();
        let own = SigSet::thread_get_mask().unwrap();
        let before = blocked(&status());
        for result in map(&[(), ()], |()| (blocked(&status()), callers_mask())) {
            let (thread, callers) = result.unwrap();
            assert_eq!((thread & USUAL, callers), (USUAL, own));
        }
        assert_eq!(blocked(&status()), before);
    }
}
