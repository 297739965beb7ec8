//! The threads that serve a listener. One of them always waits for the next connection; whoever leaves
//! none behind sees to another. A few stay when they are done: making a thread costs as much as a
//! short conversation, and would count in whatever a client measures here.

use std::net::{TcpListener, TcpStream};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::Duration;

/// The most threads; further connections wait in the system's queue.
const MOST: usize = 128;
/// How many wait for a connection at most.
const KEPT: usize = 32;

pub struct Crew<F> {
    listener: TcpListener,
    talk: F,
    waiting: AtomicUsize,
    all: AtomicUsize,
}

impl<F: Fn(TcpStream) + Send + Sync + 'static> Crew<F> {
    /// Hands each connection to `talk`, for as long as the process lives.
    pub fn serve(listener: TcpListener, talk: F) {
        let crew = Arc::new(Self {
            listener,
            talk,
            waiting: AtomicUsize::new(1),
            all: AtomicUsize::new(1),
        });
        // the first thread never ends
        loop {
            crew.work();
            crew.waiting.fetch_add(1, Ordering::SeqCst);
        }
    }

    /// Serves until enough others wait.
    fn work(self: &Arc<Self>) {
        loop {
            let Ok((tcp, _)) = self.listener.accept() else {
                // out of descriptors: those in use come back
                thread::sleep(Duration::from_millis(10));
                continue;
            };
            if self.waiting.fetch_sub(1, Ordering::SeqCst) == 1 {
                self.hire();
            }
            // what a conversation panics over is said; the thread goes on
            let _ = catch_unwind(AssertUnwindSafe(|| (self.talk)(tcp)));
            if self.waiting.fetch_add(1, Ordering::SeqCst) >= KEPT {
                self.waiting.fetch_sub(1, Ordering::SeqCst);
                return;
            }
        }
    }

    fn hire(self: &Arc<Self>) {
        if self.all.fetch_add(1, Ordering::SeqCst) >= MOST {
            self.all.fetch_sub(1, Ordering::SeqCst);
            return;
        }
        self.waiting.fetch_add(1, Ordering::SeqCst);
        let crew = Arc::clone(self);
        let work = move || {
            crew.work();
            crew.all.fetch_sub(1, Ordering::SeqCst);
        };
        if thread::Builder::new().spawn(work).is_err() {
            self.waiting.fetch_sub(1, Ordering::SeqCst);
            self.all.fetch_sub(1, Ordering::SeqCst);
        }
    }
}
