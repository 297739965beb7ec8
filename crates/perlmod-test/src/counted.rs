//! A string that is counted while it lives, so that tests see what leaks.

use std::sync::atomic::{AtomicI64, Ordering};

use serde::{Deserialize, Deserializer, Serialize, Serializer};

static LIVE: AtomicI64 = AtomicI64::new(0);
static DROPPED: AtomicI64 = AtomicI64::new(0);

/// How many there are.
pub fn live() -> i64 {
    LIVE.load(Ordering::SeqCst)
}

/// How many there have been.
pub fn dropped() -> i64 {
    DROPPED.load(Ordering::SeqCst)
}

/// A counted string.
pub struct Counted(pub String);

impl Counted {
    /// One more.
    pub fn new(text: &str) -> Self {
        LIVE.fetch_add(1, Ordering::SeqCst);
        Self(text.to_string())
    }
}

impl Drop for Counted {
    fn drop(&mut self) {
        LIVE.fetch_sub(1, Ordering::SeqCst);
        DROPPED.fetch_add(1, Ordering::SeqCst);
    }
}

impl<'de> Deserialize<'de> for Counted {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer).map(|text| Self::new(&text))
    }
}

impl Serialize for Counted {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.0)
    }
}
