//! Which addresses of a name have had their chance. A server behind one of them may accept a connection
//! and then fall silent; a further try begins with the others.

use std::net::SocketAddr;
use std::sync::{Mutex, MutexGuard, PoisonError};

/// The addresses to which the tries for one target were connected.
#[derive(Debug, Default)]
pub(crate) struct Visited {
    seen: Mutex<Vec<SocketAddr>>,
    /// The one that is wanted once more.
    again: Option<SocketAddr>,
}

impl Visited {
    /// The same for another connection to the last of them.
    pub(super) fn last_again(&self) -> Self {
        let seen = self.seen().clone();
        Self {
            again: seen.last().copied(),
            seen: Mutex::new(seen),
        }
    }

    pub(super) fn note(&self, address: SocketAddr) {
        self.seen().push(address);
    }

    /// Leaves the order as it is among the new ones and among the others.
    pub(super) fn put_last(&self, addresses: &mut [SocketAddr]) {
        let seen = self.seen();
        let is_other = |address| self.again != Some(address);
        addresses.sort_by_key(|address| (is_other(*address), seen.contains(address)));
    }

    /// Whether one of these had no chance yet.
    pub(super) fn lacks_any<'a>(
        &self,
        mut addresses: impl Iterator<Item = &'a SocketAddr>,
    ) -> bool {
        let seen = self.seen();
        addresses.any(|address| !seen.contains(address))
    }

    fn seen(&self) -> MutexGuard<'_, Vec<SocketAddr>> {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn those_that_had_their_chance_come_last() {
        let [a, b, c] = [1, 2, 3].map(|port| SocketAddr::from(([127, 0, 0, 1], port)));
        let visited = Visited::default();
        visited.note(a);
        let mut addresses = [a, b, c];
        visited.put_last(&mut addresses);
        assert_eq!(addresses, [b, c, a]);
        visited.note(b);
        addresses = [a, b, c];
        visited.put_last(&mut addresses);
        assert_eq!(addresses, [c, a, b]);
        let again = visited.last_again();
        again.put_last(&mut addresses);
        assert_eq!(addresses, [b, c, a]);
    }
}
