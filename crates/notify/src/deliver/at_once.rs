//! The same function for many items at once, in a bounded number of threads that have all ended when
//! the call returns.
//!
//! Making a thread costs as much as handing a mail to a server nearby. So a few threads begin, and many
//! others follow in a moment if there is something left for them. Where all of those are held up, more
//! of them follow: peers that keep silent must not use up the turn of the others.
//!
//! The threads block all signals ([`crate::shield`]), and a program would inherit that. So the
//! caller's thread starts the programs that they want to run.

use std::cell::RefCell;
use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::process::{Child, Command};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{self, Receiver, RecvTimeoutError, Sender};
use std::sync::{Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

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
pub(super) struct Panicked;

/// What a thread tells the caller's thread.
enum Order {
    /// Start this program; the sender waits for it.
    Start(Box<Command>, Sender<io::Result<Child>>),
    /// No item is left.
    NoMore,
}

thread_local! {
    /// To the caller's thread; none in that thread itself.
    static ORDERS: RefCell<Option<Sender<Order>>> = const { RefCell::new(None) };
}

/// Starts a program with the signal mask of whoever called [`map`].
pub(crate) fn start(mut command: Command) -> io::Result<Child> {
    let Some(orders) = ORDERS.with_borrow(Clone::clone) else {
        return command.spawn();
    };
    let (sender, child) = mpsc::channel();
    let gone = |_| io::Error::other("the thread that starts programs has ended");
    orders
        .send(Order::Start(Box::new(command), sender))
        .map_err(|_| gone(mpsc::RecvError))?;
    child.recv().map_err(gone)?
}

/// Calls the function for each item; the results come in the order of the items. A single item costs
/// no thread, and a system that gives no threads only delays.
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
        let mut threads = Vec::new();
        // says whether still more may have to follow
        let mut hire = |most: usize, sender: &Sender<Order>| {
            let left = items.len().saturating_sub(next.load(Ordering::Relaxed));
            let wanted = left.min(most).min(MAX_THREADS - threads.len());
            let begun = threads.len();
            threads.extend((0..wanted).map_while(|_| {
                let (work, sender) = (&work, sender.clone());
                let job = move || {
                    ORDERS.set(Some(sender.clone()));
                    work();
                    let _ = sender.send(Order::NoMore);
                };
                let thread = thread::Builder::new().name("notify".to_owned());
                shielded(|| thread.spawn_scoped(scope, job)).ok()
            }));
            wanted < left && threads.len() == begun + wanted && wanted > 0
        };
        let (sender, orders) = mpsc::channel();
        let more = items.len() > 1 && hire(FIRST, &sender);
        serve(&orders, more.then_some(sender), |sender| hire(MORE, sender));
        work();
        // the end of the scope waits for the closures, this for the threads
        for thread in threads {
            let _ = thread.join();
        }
    });
    let mut done = done.into_inner().unwrap_or_else(PoisonError::into_inner);
    done.sort_by_key(|(index, _)| *index);
    done.into_iter().map(|(_, result)| result).collect()
}

/// Does what the threads ask for until the last of them has ended; `sender` is there while more of them
/// may have to follow.
fn serve(
    orders: &Receiver<Order>,
    mut sender: Option<Sender<Order>>,
    mut follow: impl FnMut(&Sender<Order>) -> bool,
) {
    let mut later = Instant::now() + MOMENT;
    loop {
        let order = match sender {
            Some(_) => orders.recv_timeout(later.saturating_duration_since(Instant::now())),
            None => orders.recv().map_err(|_| RecvTimeoutError::Disconnected),
        };
        match order {
            Ok(Order::Start(mut command, child)) => {
                let _ = child.send(command.spawn());
            }
            Ok(Order::NoMore) => sender = None,
            Err(RecvTimeoutError::Timeout) => {
                sender = sender.filter(&mut follow);
                later = Instant::now() + WHILE;
            }
            Err(RecvTimeoutError::Disconnected) => return,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::process::Stdio;
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
    fn no_signal_reaches_a_thread_and_no_program_inherits_that() {
        let own = blocked(&fs::read_to_string("/proc/thread-self/status").unwrap());
        let results = map(&[(), ()], |()| {
            let thread = fs::read_to_string("/proc/thread-self/status").unwrap();
            let mut command = Command::new("cat");
            command.arg("/proc/self/status").stdout(Stdio::piped());
            let output = start(command).unwrap().wait_with_output().unwrap();
            (
                blocked(&thread),
                blocked(&String::from_utf8(output.stdout).unwrap()),
            )
        });
        for result in results {
            let (thread, program) = result.unwrap();
            assert_eq!((thread & USUAL, program), (USUAL, own));
        }
        let after = blocked(&fs::read_to_string("/proc/thread-self/status").unwrap());
        assert_eq!(after, own);
    }
}
