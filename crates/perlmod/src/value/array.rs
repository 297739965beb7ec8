//! Arrays.

use std::ops::Deref;

use crate::error::{CastError, Error};
use crate::fence;
use crate::ffi::{self, AV, kind};
use crate::value::{Scalar, ScalarRef, Value, access};

/// A counted hold on an array.
#[derive(Clone, Debug)]
pub struct Array(Scalar);

impl Array {
    /// A new empty array.
    pub fn new() -> Self {
        Self(access::new_array(0))
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

    /// The number of elements; of a tied array what it holds itself.
    pub fn len(&self) -> usize {
        access::array_len(self.0.as_raw())
    }

    /// Whether it has no elements.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Makes room for so many more elements.
    pub fn reserve(&self, more: usize) {
        let count = isize::try_from(self.len().saturating_add(more)).unwrap_or(0);
        // SAFETY: a live array
        unsafe { ffi::rp_array_reserve(fence::perl(), self.0.as_raw(), count) };
    }

    /// Element `index` of a plain array.
    pub fn get(&self, index: usize) -> Option<Value> {
        // SAFETY: a live array
        let sv = unsafe { ffi::rp_array_get(fence::perl(), self.0.as_raw(), index) };
        // SAFETY: the function returns a count
        (!sv.is_null()).then(|| unsafe { Value::from_raw_move(sv) })
    }

    /// Appends a value, or a copy if the array is tied.
    ///
    /// # Errors
    /// When the array is read-only, or code behind it dies.
    pub fn try_push(&self, value: Value) -> Result<(), Error> {
        let av = self.0.as_raw();
        if access::is_plain(av) {
            access::push(&self.0, value.into_scalar());
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
