//! From a name to its addresses. The system's resolver cannot be interrupted, so it runs in a thread
//! of its own; one that is late is left behind and ends by the resolver's own limits.
//!
//! Within one delivery, targets with the same server share one look-up.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::io::{self, ErrorKind};
use std::net::SocketAddr;
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::thread;

use super::{Error, Peer};
use crate::Deadline;
use crate::cause::{Loss, Phase};
use crate::host::Lookup;
use crate::shield::shielded;

/// The addresses; else how the look-up failed, if it says that.
type Answer = Result<Vec<SocketAddr>, Option<(ErrorKind, String)>>;

/// The look-ups of one delivery, by name and port. Its lock is held for a moment only.
#[derive(Debug, Default)]
pub(crate) struct Names(Mutex<HashMap<(String, u16), Arc<Search>>>);

/// One look-up, and whoever waits for it.
#[derive(Debug, Default)]
struct Search {
    answer: Mutex<Option<Answer>>,
    news: Condvar,
}

impl Names {
    /// The addresses of the peer.
    pub(super) fn find(
        &self,
        lookup: Lookup,
        peer: &Peer,
        deadline: Deadline,
    ) -> Result<Vec<SocketAddr>, Error> {
        let key = (peer.host.clone(), peer.port);
        let (search, is_first) = {
            let mut searches = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            match searches.entry(key.clone()) {
                Entry::Occupied(entry) => (Arc::clone(entry.get()), false),
                Entry::Vacant(entry) => (Arc::clone(entry.insert(Arc::default())), true),
            }
        };
        let answer = if is_first {
            search.run(lookup, &key, deadline)
        } else {
            search.wait(deadline)
        };
        if matches!(answer, Some(Err(_))) {
            // a second try asks again, but waits on for a look-up that is merely late
            let mut searches = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            if searches
                .get(&key)
                .is_some_and(|known| Arc::ptr_eq(known, &search))
            {
                searches.remove(&key);
            }
        }
        match answer {
            None => Err(peer.late(Phase::Lookup)),
            Some(Ok(addresses)) if addresses.is_empty() => Err(peer.lost(Loss::Lookup, None)),
            Some(Ok(addresses)) => Ok(addresses),
            Some(Err(error)) => {
                let error = error.map(|(kind, text)| io::Error::new(kind, text));
                Err(peer.lost(Loss::Lookup, error))
            }
        }
    }
}

impl Search {
    /// Looks the name up for all who wait; `None` if the time is up before.
    fn run(
        self: &Arc<Self>,
        lookup: Lookup,
        key: &(String, u16),
        deadline: Deadline,
    ) -> Option<Answer> {
        let (name, port) = key.clone();
        let end = End(Arc::clone(self));
        let search = move || {
            let answer = lookup(&name, port);
            end.0
                .tell(answer.map_err(|error| Some((error.kind(), error.to_string()))));
        };
        let thread = thread::Builder::new().name("lookup".to_owned());
        let thread = match shielded(|| thread.spawn(search)) {
            Ok(thread) => thread,
            Err(error) => return Some(Err(Some((error.kind(), error.to_string())))),
        };
        let answer = self.wait(deadline);
        if answer.is_some() {
            let _ = thread.join();
        }
        answer
    }

    fn wait(&self, deadline: Deadline) -> Option<Answer> {
        let answer = self.answer.lock().unwrap_or_else(PoisonError::into_inner);
        let left = deadline.left()?;
        let waited = self
            .news
            .wait_timeout_while(answer, left, |answer| answer.is_none());
        waited.unwrap_or_else(PoisonError::into_inner).0.clone()
    }

    /// The first answer counts.
    fn tell(&self, answer: Answer) {
        let mut told = self.answer.lock().unwrap_or_else(PoisonError::into_inner);
        told.get_or_insert(answer);
        self.news.notify_all();
    }
}

/// Nobody waits for a thread that could not be made or that panicked.
struct End(Arc<Search>);

impl Drop for End {
    fn drop(&mut self) {
        self.0.tell(Err(None));
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};
    use std::time::Duration;

    use super::*;
    use crate::shield::tests::{USUAL, blocked};

    fn peer(name: &str) -> Peer {
        Peer {
            host: name.to_owned(),
            port: 25,
            is_proxy: false,
        }
    }

    fn find(names: &Names, lookup: Lookup, name: &str) -> Result<Vec<SocketAddr>, Error> {
        names.find(
            lookup,
            &peer(name),
            Deadline::after(Duration::from_secs(20)),
        )
    }

    #[test]
    fn all_who_ask_for_a_name_at_once_share_one_look_up() {
        static ASKED: AtomicUsize = AtomicUsize::new(0);
        let lookup: Lookup = |name, port| {
            ASKED.fetch_add(1, Ordering::SeqCst);
            thread::sleep(Duration::from_millis(20));
            let last = u8::try_from(name.len()).unwrap();
            Ok(vec![([127, 0, 0, last], port).into()])
        };
        let names = Names::default();
        thread::scope(|scope| {
            for _ in 0..20 {
                for name in ["a", "bb"] {
                    let names = &names;
                    scope.spawn(move || {
                        let last = u8::try_from(name.len()).unwrap();
                        let found = find(names, lookup, name).unwrap();
                        assert_eq!(found, [([127, 0, 0, last], 25).into()]);
                    });
                }
            }
        });
        assert_eq!(ASKED.load(Ordering::SeqCst), 2);
    }

    #[test]
    fn a_failure_is_told_to_those_who_wait_and_then_forgotten() {
        static ASKED: AtomicUsize = AtomicUsize::new(0);
        let lookup: Lookup = |_, port| match ASKED.fetch_add(1, Ordering::SeqCst) {
            0 => {
                thread::sleep(Duration::from_millis(50));
                Err(io::Error::other("unknown"))
            }
            1 => panic!("an injected fault"),
            _ => Ok(vec![([127, 0, 0, 1], port).into()]),
        };
        let names = Names::default();
        let first = find(&names, lookup, "a").unwrap_err().to_string();
        assert!(first.contains("unknown"), "{first}");
        let second = find(&names, lookup, "a").unwrap_err().to_string();
        assert!(second.starts_with("a:25"), "{second}");
        assert_eq!(find(&names, lookup, "a").unwrap().len(), 1);
        assert_eq!(find(&names, lookup, "a").unwrap().len(), 1);
        assert_eq!(ASKED.load(Ordering::SeqCst), 3);
    }

    #[test]
    fn a_second_try_waits_on_for_a_look_up_that_is_late() {
        static ASKED: AtomicUsize = AtomicUsize::new(0);
        let lookup: Lookup = |_, port| {
            ASKED.fetch_add(1, Ordering::SeqCst);
            thread::sleep(Duration::from_millis(200));
            Ok(vec![([127, 0, 0, 1], port).into()])
        };
        let names = Names::default();
        let early = Deadline::after(Duration::from_millis(20));
        names.find(lookup, &peer("a"), early).unwrap_err();
        assert_eq!(find(&names, lookup, "a").unwrap().len(), 1);
        assert_eq!(ASKED.load(Ordering::SeqCst), 1);
    }

    #[test]
    fn no_signal_reaches_the_thread_of_a_look_up() {
        let lookup: Lookup = |_, port| {
            let status = std::fs::read_to_string("/proc/thread-self/status")?;
            assert_eq!(blocked(&status) & USUAL, USUAL);
            Ok(vec![([127, 0, 0, 1], port).into()])
        };
        assert_eq!(find(&Names::default(), lookup, "a").unwrap().len(), 1);
    }
}
