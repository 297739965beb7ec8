//! The same function for many items at once, in a bounded number of threads that have all ended when
//! the call returns.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};
use std::thread;

/// How many threads run at most, the caller's included.
const MAX_THREADS: usize = 64;

/// The function panicked for this item.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Panicked;

/// Calls the function for each item; the results come in the order of the items. The caller's thread
/// takes part, so that a single item costs no thread and a system that gives no threads only delays.
pub(super) fn map<T: Sync, R: Send>(
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
    thread::scope(|scope| {
        let others: Vec<_> = (1..items.len().min(MAX_THREADS))
            .map_while(|_| {
                let thread = thread::Builder::new().name("notify".to_owned());
                thread.spawn_scoped(scope, work).ok()
            })
            .collect();
        work();
        // the end of the scope waits for the closures, this for the threads
        for thread in others {
            let _ = thread.join();
        }
    });
    let mut done = done.into_inner().unwrap_or_else(PoisonError::into_inner);
    done.sort_by_key(|(index, _)| *index);
    done.into_iter().map(|(_, result)| result).collect()
}

#[cfg(test)]
mod tests {
    use std::sync::Barrier;

    use super::*;

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
}
