//! Hashes that have the same keys, made from one shape: perl then neither hashes
//! the keys again nor looks them up in its table of all keys.

use std::cell::{Cell, OnceCell};
use std::ptr;

use super::make::Perl;
use crate::ffi::{self, FIELDS, Name, SV, Slot};
use crate::value::Scalar;

/// The fields of one hash after the other.
pub(crate) struct Fields {
    /// Perl keeps no name twice, and a static text at one place is one text.
    names: [Cell<&'static str>; FIELDS],
    /// Owned, as far as `count`.
    values: [Cell<*mut SV>; FIELDS],
    count: Cell<usize>,
    /// How many there are in the hashes that the shape is of; 0 without one.
    known: Cell<usize>,
    shape: OnceCell<Shape>,
}

/// A hash with undefined values, which is copied, and its keys.
struct Shape {
    hash: Scalar,
    slots: [Slot; FIELDS],
}

impl Fields {
    pub(crate) fn new() -> Self {
        Self {
            names: [const { Cell::new("") }; FIELDS],
            values: [const { Cell::new(ptr::null_mut()) }; FIELDS],
            count: Cell::new(0),
            known: Cell::new(0),
            shape: OnceCell::new(),
        }
    }

    /// Adds a field; or gives the value back when there is no room, or the hash is
    /// of another shape.
    #[inline]
    pub(crate) fn push(&self, name: &'static str, value: Scalar) -> Result<(), Scalar> {
        let at = self.count.get();
        if at < self.known.get() {
            if let (Some(known), Some(slot)) = (self.names.get(at), self.values.get(at)) {
                if ptr::eq(known.get(), name) {
                    slot.set(value.into_raw());
                    self.count.set(at + 1);
                    return Ok(());
                }
            }
        }
        self.push_unknown(name, value)
    }

    /// The fields of the first hash are those that the others should have.
    #[cold]
    fn push_unknown(&self, name: &'static str, value: Scalar) -> Result<(), Scalar> {
        let at = self.count.get();
        let (Some(known), Some(slot), 0) =
            (self.names.get(at), self.values.get(at), self.known.get())
        else {
            return Err(value);
        };
        known.set(name);
        slot.set(value.into_raw());
        self.count.set(at + 1);
        Ok(())
    }

    /// The hash of these fields, if it is of the shape. The first gives the shape.
    #[inline]
    pub(crate) fn hash(&self, perl: Perl) -> Option<Scalar> {
        let shape = match self.shape.get() {
            Some(shape) => shape,
            None => self.learn(perl)?,
        };
        let count = self.count.get();
        if count != self.known.get() {
            return None;
        }
        let (hash, slots) = (shape.hash.as_raw(), shape.slots.as_ptr());
        self.count.set(0);
        // SAFETY: there are as many values as keys; the hash takes over their counts
        let hash = unsafe {
            ffi::rp_hash_like(perl.raw(), hash, slots, self.values.as_ptr().cast(), count)
        };
        // SAFETY: the function returned a count
        Some(unsafe { Scalar::from_raw_move(hash) })
    }

    /// There is no shape without fields, with a key that comes twice or is too long.
    #[cold]
    fn learn(&self, perl: Perl) -> Option<&Shape> {
        let count = self.count.get();
        let mut names = [Name::EMPTY; FIELDS];
        for (to, name) in names.iter_mut().zip(&self.names).take(count) {
            *to = Name::new(name.get())?;
        }
        let mut slots = [Slot::EMPTY; FIELDS];
        let (names, found) = (names.as_ptr(), slots.as_mut_ptr());
        if count == 0 {
            return None;
        }
        // SAFETY: there are `count` names, and room for as many slots
        let hash = unsafe { ffi::rp_shape(perl.raw(), names, count, found) };
        if hash.is_null() {
            return None;
        }
        // SAFETY: the function returned a count
        let hash = unsafe { Scalar::from_raw_move(hash) };
        self.known.set(count);
        Some(self.shape.get_or_init(|| Shape { hash, slots }))
    }

    /// Drops what has become no hash.
    #[inline]
    pub(crate) fn clear(&self) {
        if self.count.get() > 0 {
            self.drain().for_each(drop);
        }
    }

    /// Takes the fields out.
    pub(crate) fn drain(&self) -> impl Iterator<Item = (&'static str, Scalar)> {
        let taken = self.names.iter().zip(&self.values).take(self.count.take());
        taken.map(|(name, sv)| {
            // SAFETY: the fields owned these counts
            (name.get(), unsafe { Scalar::from_raw_move(sv.get()) })
        })
    }
}

impl Drop for Fields {
    fn drop(&mut self) {
        self.clear();
    }
}
