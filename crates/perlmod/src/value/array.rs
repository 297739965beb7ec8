//! Arrays.

use std::ops::{Deref, DerefMut};

use crate::error::{CastError, Error};
use crate::fence::{self, or_raise};
use crate::ffi::surface::{self, Step};
use crate::ffi::{self, AV, kind};
use crate::value::make::Perl;
use crate::value::{Scalar, ScalarRef, Value, access};

/// A counted hold on an array.
#[derive(Clone, Debug)]
pub struct Array(Scalar);

impl Array {
    /// A new empty array.
    pub fn new() -> Self {
        Self(Perl::of_call().array(0))
    }

    /// Takes what is known to be an array.
    pub(crate) fn from_checked(scalar: Scalar) -> Self {
        Self(scalar)
    }

    /// The array as a scalar.
    pub fn into_scalar(self) -> Scalar {
        self.0
    }

    /// The array itself.
    pub fn av(&self) -> *mut AV {
        self.0.as_raw().cast()
    }

    /// The number of elements.
    ///
    /// The running call ends with the exception when code behind a tied array
    /// dies; so it does with the other functions here that return no error.
    pub fn len(&self) -> usize {
        if access::is_plain(self.0.as_raw()) {
            return access::array_len(self.0.as_raw());
        }
        or_raise(surface::step(Step::ArrayLen, self, 0, None, None)).index
    }

    /// Whether it has no elements.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Makes room for so many more elements; of a tied array nothing.
    pub fn reserve(&self, more: usize) {
        if !access::is_plain(self.0.as_raw()) {
            return;
        }
        let count = isize::try_from(self.len().saturating_add(more)).unwrap_or(0);
        // SAFETY: a live array
        unsafe { ffi::rp_array_reserve(fence::perl(), self.0.as_raw(), count) };
    }

    /// Element `index`, or a copy of it if the array is tied.
    pub fn get(&self, index: usize) -> Option<Value> {
        if !access::is_plain(self.0.as_raw()) {
            let done = or_raise(surface::step(Step::ArrayGet, self, index, None, None));
            return done.value.map(Value::from_scalar);
        }
        // SAFETY: a live array
        let sv = unsafe { ffi::rp_array_get(fence::perl(), self.0.as_raw(), index) };
        // SAFETY: the function returns a count
        (!sv.is_null()).then(|| unsafe { Value::from_raw_move(sv) })
    }

    /// Copies a value into element `index`; elements before it that are missing
    /// become undef.
    ///
    /// # Errors
    /// When the array is read-only, or code behind it dies.
    pub fn set(&self, index: usize, value: &Value) -> Result<(), Error> {
        surface::step(Step::ArraySet, self, index, None, Some(value)).map(drop)
    }

    /// Removes element `index` as perl's `delete` does: the others stay in place.
    ///
    /// # Errors
    /// When the array is read-only, or code behind it dies.
    pub fn delete(&self, index: usize) -> Result<Option<Value>, Error> {
        let done = surface::step(Step::ArrayDelete, self, index, None, None)?;
        Ok(done.value.map(Value::from_scalar))
    }

    /// Appends a value, or a copy if the array is tied.
    pub fn push(&self, value: Value) {
        or_raise(self.try_push(value));
    }

    /// Removes the last element.
    pub fn pop(&self) -> Option<Value> {
        let done = or_raise(surface::step(Step::ArrayPop, self, 0, None, None));
        done.value.map(Value::from_scalar)
    }

    /// The elements; missing ones are undef.
    pub fn iter(&self) -> Iter<'_> {
        Iter {
            array: self,
            index: 0,
        }
    }

    /// Takes what is an array.
    ///
    /// # Safety
    /// The scalar is an array.
    pub unsafe fn from_scalar(scalar: Scalar) -> Self {
        Self(scalar)
    }

    /// Takes over a count of `av`.
    ///
    /// # Safety
    /// `av` is live and the caller owns a count of it.
    pub unsafe fn from_raw_move(av: *mut AV) -> Self {
        // SAFETY: the caller's promise
        Self(unsafe { Scalar::from_raw_move(av.cast()) })
    }

    /// Takes a new count of `av`.
    ///
    /// # Safety
    /// `av` is live.
    pub unsafe fn from_raw_ref(av: *mut AV) -> Self {
        // SAFETY: the caller's promise
        Self(unsafe { Scalar::from_raw_ref(av.cast()) })
    }

    /// Another hold on the same array.
    pub fn clone_ref(&self) -> Self {
        self.clone()
    }

    /// Appends a value, or a copy if the array is tied.
    ///
    /// # Errors
    /// When the array is read-only, or code behind it dies.
    pub fn try_push(&self, value: Value) -> Result<(), Error> {
        let av = self.0.as_raw();
        if access::is_plain(av) {
            Perl::of_call().push(&self.0, value.into_scalar());
            return Ok(());
        }
        fence::guarded(|perl, call, error| {
            // SAFETY: both live
            unsafe { ffi::rp_array_push_guarded(perl, call, av, value.as_raw(), error) }
        })
    }
}

impl Default for Array {
    fn default() -> Self {
        Self::new()
    }
}

impl Deref for Array {
    type Target = ScalarRef;

    fn deref(&self) -> &ScalarRef {
        &self.0
    }
}

impl DerefMut for Array {
    fn deref_mut(&mut self) -> &mut ScalarRef {
        &mut self.0
    }
}

impl TryFrom<Scalar> for Array {
    type Error = CastError;

    fn try_from(scalar: Scalar) -> Result<Self, CastError> {
        let node = scalar.describe();
        if node.kind == kind::ARRAY && node.body == node.sv {
            Ok(Self(scalar))
        } else {
            Err(CastError)
        }
    }
}

/// The elements of an array.
#[derive(Debug)]
pub struct Iter<'a> {
    array: &'a Array,
    index: usize,
}

/// The elements of an array, with a hold on it.
#[derive(Debug)]
pub struct IntoIter {
    array: Array,
    index: usize,
}

/// Element `index` if the array is as long, however long it is by now.
fn next(array: &Array, index: &mut usize) -> Option<Value> {
    if *index >= array.len() {
        return None;
    }
    *index += 1;
    Some(array.get(*index - 1).unwrap_or_else(Value::new_undef))
}

impl Iterator for Iter<'_> {
    type Item = Value;

    fn next(&mut self) -> Option<Value> {
        next(self.array, &mut self.index)
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        (0, Some(self.array.len().saturating_sub(self.index)))
    }
}

impl Iterator for IntoIter {
    type Item = Value;

    fn next(&mut self) -> Option<Value> {
        next(&self.array, &mut self.index)
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        (0, Some(self.array.len().saturating_sub(self.index)))
    }
}

impl<'a> IntoIterator for &'a Array {
    type Item = Value;
    type IntoIter = Iter<'a>;

    fn into_iter(self) -> Iter<'a> {
        self.iter()
    }
}

impl IntoIterator for Array {
    type Item = Value;
    type IntoIter = IntoIter;

    fn into_iter(self) -> IntoIter {
        IntoIter {
            array: self,
            index: 0,
        }
    }
}
