//! Panics in each place of a call, and functions that hold counted values
//! while Perl code dies around them.

use std::cell::Cell;
use std::fmt;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// Panics when it is read.
struct PanicsWhenRead;

impl<'de> Deserialize<'de> for PanicsWhenRead {
    #[allow(clippy::panic)]
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        panic!("reading {text}")
    }
}

/// Panics when it is written.
pub struct PanicsWhenWritten(String);

impl Serialize for PanicsWhenWritten {
    #[allow(clippy::panic)]
    fn serialize<S: Serializer>(&self, _: S) -> Result<S::Ok, S::Error> {
        panic!("writing {}", self.0)
    }
}

/// Panics when it is dropped.
pub struct PanicsWhenDropped(String);

impl Drop for PanicsWhenDropped {
    #[allow(clippy::panic)]
    fn drop(&mut self) {
        panic!("dropping {}", self.0)
    }
}

/// Panics when it is shown.
pub struct PanicsWhenShown(String);

impl fmt::Display for PanicsWhenShown {
    #[allow(clippy::panic)]
    fn fmt(&self, _: &mut fmt::Formatter<'_>) -> fmt::Result {
        panic!("showing {}", self.0)
    }
}

/// What happens to a hash while it is read.
enum Meddling {
    /// All values of this one are replaced.
    Replace(perlmod::Hash),
    /// It is never read to its end.
    Forget,
}

std::thread_local! {
    static MEDDLING: Cell<Option<Meddling>> = const { Cell::new(None) };
}

/// The values of a hash, with which somebody meddles after the first.
struct Meddled(Vec<String>);

impl<'de> Deserialize<'de> for Meddled {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(Values)
    }
}

struct Values;

impl<'de> serde::de::Visitor<'de> for Values {
    type Value = Meddled;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a hash")
    }

    fn visit_map<A: serde::de::MapAccess<'de>>(self, mut pairs: A) -> Result<Meddled, A::Error> {
        let mut values = Vec::new();
        while let Some((_, value)) = pairs.next_entry::<String, String>()? {
            values.push(value);
            match MEDDLING.take() {
                Some(Meddling::Replace(hash)) => {
                    for number in 1..=12 {
                        hash.insert(&format!("key{number}"), perlmod::Value::new_string("new"));
                    }
                }
                Some(Meddling::Forget) => {
                    std::mem::forget(pairs);
                    break;
                }
                None => {}
            }
        }
        Ok(Meddled(values))
    }
}

#[perlmod::package(name = "PerlmodTest::Fault", lib = "perlmod_test", boot = crate::fault::booted)]
mod export {
    use super::{MEDDLING, Meddled, Meddling};
    use super::{PanicsWhenDropped, PanicsWhenRead, PanicsWhenShown, PanicsWhenWritten};
    use crate::counted::{self, Counted};

    perlmod::declare_magic!(Box<PanicsWhenDropped> : &PanicsWhenDropped as "PerlmodTest::Fault");

    #[export]
    fn panic_in_argument(first: Counted, second: PanicsWhenRead) {
        drop((first, second));
    }
    #[export]
    #[allow(clippy::panic)]
    fn panic_in_body(first: Counted, text: String) {
        let _first = first;
        panic!("body {text}")
    }
    #[export]
    fn panic_in_return(first: Counted, text: String) -> PanicsWhenWritten {
        drop(first);
        PanicsWhenWritten(text)
    }
    #[export]
    fn panic_in_drop(first: Counted, text: String) {
        let _first = first;
        drop(PanicsWhenDropped(text));
    }
    #[export]
    fn panic_in_display(first: Counted, text: String) -> Result<(), PanicsWhenShown> {
        drop(first);
        Err(PanicsWhenShown(text))
    }
    #[export]
    fn panic_with_a_payload_that_panics(first: Counted, text: String) {
        let _first = first;
        std::panic::panic_any(PanicsWhenDropped(text));
    }
    /// Panics, and while that unwinds again: Rust itself ends the process then.
    #[export]
    #[allow(clippy::panic)]
    fn panic_while_unwinding(first: Counted, text: String) {
        let _first = first;
        let _second = PanicsWhenDropped(text);
        panic!("first panic")
    }
    /// Slices a string inside a character.
    #[export]
    #[allow(clippy::string_slice)]
    fn slice(text: &str, at: usize) -> String {
        text[..at].to_string()
    }
    /// An object whose drop panics.
    #[export(raw_return)]
    fn dying_object(
        #[raw] class: perlmod::Value,
        text: String,
    ) -> Result<perlmod::Value, perlmod::Error> {
        Ok(perlmod::instantiate_magic!(&class, MAGIC => Box::new(PanicsWhenDropped(text))))
    }

    #[export]
    fn live() -> i64 {
        counted::live()
    }
    #[export]
    fn dropped() -> i64 {
        counted::dropped()
    }
    #[export]
    fn three(a: Counted, b: Counted, c: Counted) -> String {
        format!("{}{}{}", a.0, b.0, c.0)
    }
    #[export]
    fn deep(a: Counted, rows: Vec<std::collections::BTreeMap<String, Counted>>) -> usize {
        drop(a);
        rows.iter().map(std::collections::BTreeMap::len).sum()
    }
    /// Reads `late` after `early` has been lent.
    #[export]
    fn lent(early: &str, late: Option<Counted>, last: &str) -> String {
        format!(
            "{early}{}{last}",
            late.map_or_else(String::new, |late| late.0.clone())
        )
    }
    #[export]
    fn push(#[raw] array: perlmod::Value, value: Counted) -> Result<(), perlmod::Error> {
        let array = array.dereference();
        let Some(array) = array.as_ref().and_then(perlmod::Value::as_array) else {
            return perlmod::Error::fail("not an array");
        };
        array.try_push(perlmod::Value::new_string(&value.0))
    }
    #[export]
    fn insert(
        #[raw] hash: perlmod::Value,
        key: &str,
        value: Counted,
    ) -> Result<(), perlmod::Error> {
        let hash = hash.dereference();
        let Some(hash) = hash.as_ref().and_then(perlmod::Value::as_hash) else {
            return perlmod::Error::fail("not a hash");
        };
        hash.try_insert(key, perlmod::Value::new_string(&value.0))
    }
    /// Drops the last hold on what it is given.
    #[export]
    fn release(#[raw] value: perlmod::Value, first: Counted) {
        drop(value);
        drop(first);
    }
    /// Reads a hash whose values are all replaced before the second is read.
    #[export]
    fn replaced(#[raw] hash: perlmod::Value) -> Result<Vec<String>, perlmod::Error> {
        let inner = hash.dereference();
        let inner = inner.as_ref().and_then(perlmod::Value::as_hash);
        MEDDLING.set(inner.map(|hash| Meddling::Replace(hash.clone_ref())));
        let read: Result<Meddled, _> = perlmod::from_ref_value(&hash);
        MEDDLING.set(None);
        read.map(|read| read.0)
    }
    /// Reads a hash after it was begun often and never ended.
    #[export]
    fn forgotten(
        #[raw] hash: perlmod::Value,
    ) -> Result<std::collections::BTreeMap<String, String>, perlmod::Error> {
        // of three keys each: the last one finds no room beside them
        for _ in 0..5 {
            MEDDLING.set(Some(Meddling::Forget));
            let read: Meddled = perlmod::from_ref_value(&hash)?;
            assert_eq!(read.0.len(), 1);
        }
        perlmod::from_ref_value(&hash)
    }
    #[export]
    fn booted() -> bool {
        super::BOOTED.load(std::sync::atomic::Ordering::Relaxed)
    }
}

static BOOTED: std::sync::atomic::AtomicBool = std::sync::atomic::AtomicBool::new(false);

/// Runs when the package is loaded.
fn booted() {
    BOOTED.store(true, std::sync::atomic::Ordering::Relaxed);
}

/// Loading this package makes the library tell nothing but the place of a panic.
#[perlmod::package(name = "PerlmodTest::Quiet", lib = "perlmod_test", panics = "location")]
mod quiet {}
