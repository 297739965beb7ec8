//! Hashes that have the same keys, made from one shape: perl then neither hashes
//! the keys again nor looks them up in its table of all keys.

use std::ptr;

use super::make::Perl;
use crate::ffi::{self, FIELDS, Name, SV, Slot};
use crate::value::Scalar;

/// The fields of one hash after the other.
pub(crate) struct Fields {
    /// Perl keeps no name twice, and a static text at one place is one text.
    names: [&'static str; FIELDS],
    /// Owned, as far as `count`.
    values: [*mut SV; FIELDS],
    count: usize,
    /// How many there are in the hashes that the shape is of; 0 without one.
    known: usize,
    /// A hash with undefined values, which is copied.
    shape: Option<Scalar>,
    slots: [Slot; FIELDS],
}

impl Fields {
    pub(crate) fn new() -> Self {
        Self {
            names: [""; FIELDS],
            values: [ptr::null_mut(); FIELDS],
            count: 0,
            known: 0,
            shape: None,
            slots: [Slot::EMPTY; FIELDS],
        }
    }

    /// Adds a field; or gives the value back when there is no room, or the hash is
    /// of another shape.
    #[inline]
    pub(crate) fn push(&mut self, name: &'static str, value: Scalar) -> Result<(), Scalar> {
        let at = self.count;
        let (Some(known), Some(slot)) = (self.names.get_mut(at), self.values.get_mut(at)) else {
            return Err(value);
        };
        if self.known == 0 {
            *known = name;
        } else if at >= self.known || !ptr::eq(*known, name) {
            return Err(value);
        }
        *slot = value.into_raw();
        self.count += 1;
        Ok(())
    }

    /// The hash of these fields, if it is of the shape. The first gives the shape.
    #[inline]
    pub(crate) fn hash(&mut self, perl: Perl) -> Option<Scalar> {
        if self.known == 0 {
            self.learn(perl);
        }
        let shape = self.shape.as_ref()?;
        if self.count != self.known {
            return None;
        }
        let (shape, slots, values) = (shape.as_raw(), self.slots.as_ptr(), self.values.as_ptr());
        self.count = 0;
        // SAFETY: there are as many values as keys; the hash takes over their counts
        let hash = unsafe { ffi::rp_hash_like(perl.raw(), shape, slots, values, self.known) };
        // SAFETY: the function returned a count
        Some(unsafe { Scalar::from_raw_move(hash) })
    }

    /// There is no shape without fields, with a key that comes twice or is too long.
    #[cold]
    fn learn(&mut self, perl: Perl) {
        if self.count == 0 {
            return;
        }
        let mut names = [Name::EMPTY; FIELDS];
        for (to, name) in names.iter_mut().zip(self.names).take(self.count) {
            match Name::new(name) {
                Some(name) => *to = name,
                None => return,
            }
        }
        let (names, slots) = (names.as_ptr(), self.slots.as_mut_ptr());
        // SAFETY: there are `count` names, and room for as many slots
        let hash = unsafe { ffi::rp_shape(perl.raw(), names, self.count, slots) };
        if !hash.is_null() {
            // SAFETY: the function returned a count
            self.shape = Some(unsafe { Scalar::from_raw_move(hash) });
            self.known = self.count;
        }
    }

    /// Drops what has become no hash.
    #[inline]
    pub(crate) fn clear(&mut self) {
        if self.count > 0 {
            self.drain().for_each(drop);
        }
    }

    /// Takes the fields out.
    pub(crate) fn drain(&mut self) -> impl Iterator<Item = (&'static str, Scalar)> {
        let values = self.values;
        let count = std::mem::take(&mut self.count);
        let taken = self.names.into_iter().zip(values).take(count);
        // SAFETY: the fields owned these counts
        taken.map(|(name, sv)| (name, unsafe { Scalar::from_raw_move(sv) }))
    }
}

impl Drop for Fields {
    fn drop(&mut self) {
        self.clear();
    }
}
