//! A bounded map: no more than a few thousand entries, of which the oldest goes first.

use std::collections::{BTreeMap, HashMap};
use std::hash::Hash;
use std::time::Duration;

const MOST: usize = 4096;

/// Entries under keys that are used once; each knows when it came.
pub struct Kept<K, V> {
    values: HashMap<K, (Duration, V)>,
    order: BTreeMap<u64, K>,
    count: u64,
}

impl<K, V> Default for Kept<K, V> {
    fn default() -> Self {
        Self {
            values: HashMap::new(),
            order: BTreeMap::new(),
            count: 0,
        }
    }
}

impl<K: Hash + Eq + Clone, V> Kept<K, V> {
    pub fn insert(&mut self, key: K, value: V, now: Duration) {
        if self.order.len() >= MOST {
            if let Some((_, oldest)) = self.order.pop_first() {
                self.values.remove(&oldest);
            }
        }
        self.order.insert(self.count, key.clone());
        self.count += 1;
        self.values.insert(key, (now, value));
    }

    pub fn get(&self, key: &K) -> Option<&V> {
        self.values.get(key).map(|(_, value)| value)
    }

    pub fn get_mut(&mut self, key: &K) -> Option<&mut V> {
        self.values.get_mut(key).map(|(_, value)| value)
    }

    pub fn values_mut(&mut self) -> impl Iterator<Item = &mut V> {
        self.values.values_mut().map(|(_, value)| value)
    }

    /// How long ago an entry came.
    pub fn age(&self, key: &K, now: Duration) -> Option<Duration> {
        self.values
            .get(key)
            .map(|(since, _)| now.saturating_sub(*since))
    }

    pub fn remove(&mut self, key: &K) -> Option<V> {
        self.values.remove(key).map(|(_, value)| value)
    }
}
