//! Which addresses of a name have had their chance. A server behind one of them may accept a connection
//! and then fall silent; a further try begins with the others.

use std::net::SocketAddr;
use std::sync::{Mutex, PoisonError};

/// The addresses to which the tries for one target were connected.
#[derive(Debug, Default)]
pub(crate) struct Visited(Mutex<Vec<SocketAddr>>);

impl Visited {
    pub(super) fn note(&self, address: SocketAddr) {
        let mut seen = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        seen.push(address);
    }

    /// Leaves the order as it is among the new ones and among the others.
    pub(super) fn put_last(&self, addresses: &mut [SocketAddr]) {
        let seen = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        addresses.sort_by_key(|address| seen.contains(address));
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
    }
}
