//! The threads of one process that want the same target's token: one of them goes ahead and asks the
//! file system and the provider, the others sleep until it has come back. Ten thousand that all look
//! at one lock file are a load of their own.
//!
//! Order: this turn is taken before the target's lock, and nothing is waited for while the list of
//! turns is locked. A forked child may have a list that was in use at that moment, so it leaves the list
//! alone: each of its threads goes ahead.

use std::collections::HashMap;
use std::process;
use std::sync::{OnceLock, PoisonError};

use super::sync::{Condvar, Mutex, MutexGuard};
use crate::Deadline;

/// Who is ahead, by target, and how many turns had ended when its own began.
#[derive(Debug, Default)]
struct Turns {
    ahead: HashMap<String, u64>,
    ended: u64,
}

#[derive(Debug, Default)]
pub(super) struct Queue {
    pid: OnceLock<u32>,
    turns: Mutex<Turns>,
    ended: Condvar,
}

/// The turn of a thread, until it is dropped.
#[derive(Debug)]
pub(super) struct Turn<'a> {
    queue: Option<&'a Queue>,
    target: &'a str,
}

impl Queue {
    /// This thread's turn, unless another has it.
    pub(super) fn turn<'a>(&'a self, target: &'a str) -> Option<Turn<'a>> {
        if !self.is_ours() {
            let queue = None;
            return Some(Turn { queue, target });
        }
        let mut turns = self.lock();
        if turns.ahead.contains_key(target) {
            return None;
        }
        let begun = turns.ended;
        turns.ahead.insert(target.to_owned(), begun);
        let queue = Some(self);
        Some(Turn { queue, target })
    }

    /// Sleeps until the turn of whoever is ahead has ended; `false` if it did not in time.
    pub(super) fn wait(&self, target: &str, deadline: Deadline) -> bool {
        let mut turns = self.lock();
        let present = turns.ahead.get(target).copied();
        while present.is_some() && turns.ahead.get(target).copied() == present {
            let Some(left) = deadline.left() else {
                return false;
            };
            let woken = self.ended.wait_timeout(turns, left);
            turns = woken.unwrap_or_else(PoisonError::into_inner).0;
        }
        true
    }

    fn is_ours(&self) -> bool {
        let pid = process::id();
        *self.pid.get_or_init(|| pid) == pid
    }

    fn lock(&self) -> MutexGuard<'_, Turns> {
        self.turns.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Turn<'_> {
    fn drop(&mut self) {
        if let Some(queue) = self.queue.filter(|queue| queue.is_ours()) {
            let mut turns = queue.lock();
            turns.ahead.remove(self.target);
            turns.ended += 1;
            queue.ended.notify_all();
        }
    }
}
