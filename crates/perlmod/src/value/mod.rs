//! Perl's values: [`Value`] and what it is made of.
//!
//! Dropping one never runs Perl code: what might have a destructor is freed
//! when the statement that made the call ends.

pub(crate) mod access;
pub mod array;
pub(crate) mod ascii;
pub(crate) mod boxed;
pub mod hash;
pub(crate) mod make;
pub(crate) mod nodes;
pub mod raw_value;
pub mod scalar;
mod seen;
mod serde;
pub(crate) mod shape;
mod substr;
mod types;

use std::ops::{Deref, DerefMut};

use crate::error::Error;
use crate::fence;
use crate::ffi::{self, SV, kind};

pub use array::Array;
pub use hash::Hash;
pub use raw_value::RawValue;
pub use scalar::{Mortal, Scalar, ScalarRef};

/// Any of perl's values.
#[derive(Clone, Debug)]
pub enum Value {
    /// A scalar that is no reference.
    Scalar(Scalar),
    /// A reference.
    Reference(Scalar),
    /// An array itself, as behind a reference.
    Array(Array),
    /// A hash itself, as behind a reference.
    Hash(Hash),
}

impl Value {
    /// A new undef.
    pub fn new_undef() -> Self {
        Self::Scalar(Scalar::new_undef())
    }

    /// A new integer.
    pub fn new_int(v: isize) -> Self {
        Self::Scalar(Scalar::new_int(v))
    }

    /// A new unsigned integer.
    pub fn new_uint(v: usize) -> Self {
        Self::Scalar(Scalar::new_uint(v))
    }

    /// A new float.
    pub fn new_float(v: f64) -> Self {
        Self::Scalar(Scalar::new_float(v))
    }

    /// A new string of characters.
    pub fn new_string(v: &str) -> Self {
        Self::Scalar(Scalar::new_string(v))
    }

    /// A new string of bytes.
    pub fn new_bytes(v: &[u8]) -> Self {
        Self::Scalar(Scalar::new_bytes(v))
    }

    /// A new integer that holds an address.
    pub fn new_pointer<T>(v: *mut T) -> Self {
        Self::Scalar(Scalar::new_pointer(v))
    }

    /// A reference to a value.
    pub fn new_ref<T: Deref<Target = ScalarRef>>(target: &T) -> Self {
        Self::Reference(Scalar::new_ref(target))
    }

    /// A new empty hash.
    pub fn new_hash() -> Self {
        Self::Hash(Hash::new())
    }

    /// A reference to a new sub without a name, written by hand.
    ///
    /// It takes its arguments with [`pop_arg_mark`](ffi::pop_arg_mark) and returns
    /// what it pushes after [`set_stack`](ffi::StackMark::set_stack).
    ///
    /// # Safety
    /// The function keeps to the rules of perl's stack and does not panic.
    pub unsafe fn new_xsub(sub: crate::perl_fn!(extern "C" fn(*mut ffi::CV))) -> Self {
        let perl = fence::perl();
        // SAFETY: the caller's promise
        let sv = unsafe {
            ffi::surface::rp_new_sub(perl, sub, fence::native::begin_sub, fence::native::end_sub)
        };
        // SAFETY: the count is ours
        unsafe { Self::from_raw_move(sv) }
    }

    /// Takes over a count of `sv`.
    ///
    /// # Safety
    /// `sv` is live and the caller owns a count of it.
    pub unsafe fn from_raw_move(sv: *mut SV) -> Self {
        // SAFETY: the caller's promise
        Self::from_scalar(unsafe { Scalar::from_raw_move(sv) })
    }

    /// Takes a new count of `sv`.
    ///
    /// # Safety
    /// `sv` is live.
    pub unsafe fn from_raw_ref(sv: *mut SV) -> Self {
        // SAFETY: the caller's promise
        Self::from_scalar(unsafe { Scalar::from_raw_ref(sv) })
    }

    /// Sorts a scalar into its variant.
    pub fn from_scalar(scalar: Scalar) -> Self {
        let node = scalar.describe();
        if !node.body.is_null() && node.body != node.sv {
            return Self::Reference(scalar);
        }
        match node.kind {
            kind::ARRAY => Self::Array(Array::from_checked(scalar)),
            kind::HASH => Self::Hash(Hash::from_checked(scalar)),
            _ => Self::Scalar(scalar),
        }
    }

    /// The value as a scalar.
    pub fn into_scalar(self) -> Scalar {
        match self {
            Self::Scalar(scalar) | Self::Reference(scalar) => scalar,
            Self::Array(array) => array.into_scalar(),
            Self::Hash(hash) => hash.into_scalar(),
        }
    }

    /// Gives the count away.
    pub fn into_raw(self) -> *mut SV {
        self.into_scalar().into_raw()
    }

    /// Has perl free it when the statement that made the call ends.
    pub fn into_mortal(self) -> Mortal {
        self.into_scalar().into_mortal()
    }

    /// Another hold on the same value.
    pub fn clone_ref(&self) -> Self {
        self.clone()
    }

    /// What a reference points to.
    pub fn dereference(&self) -> Option<Self> {
        self.dereference_scalar().map(Self::from_scalar)
    }

    pub(crate) fn dereference_scalar(&self) -> Option<Scalar> {
        self.deref().dereference()
    }

    /// This value, or a copy of what its get-magic yields.
    pub(crate) fn fetched(self) -> Result<Self, Error> {
        if self.describe().kind != kind::MAGIC {
            return Ok(self);
        }
        access::fetch(self.as_raw()).map(Self::from_scalar)
    }

    /// Element `index` of an array, or of the array that this refers to.
    pub fn get(&self, index: usize) -> Option<Self> {
        match self {
            Self::Array(array) => array.get(index),
            Self::Reference(_) => self.dereference()?.as_array()?.get(index),
            _ => None,
        }
    }

    /// The array, if it is one.
    pub fn as_array_mut(&mut self) -> Option<&mut Array> {
        match self {
            Self::Array(array) => Some(array),
            _ => None,
        }
    }

    /// The hash, if it is one.
    pub fn as_hash_mut(&mut self) -> Option<&mut Hash> {
        match self {
            Self::Hash(hash) => Some(hash),
            _ => None,
        }
    }

    /// The array, if it is one.
    pub fn as_array(&self) -> Option<&Array> {
        match self {
            Self::Array(array) => Some(array),
            _ => None,
        }
    }

    /// The hash, if it is one.
    pub fn as_hash(&self) -> Option<&Hash> {
        match self {
            Self::Hash(hash) => Some(hash),
            _ => None,
        }
    }

    /// Blesses a reference into the class.
    ///
    /// # Errors
    /// When this is no reference, or perl refuses.
    pub fn bless(&self, class: &str) -> Result<Self, Error> {
        let len = i32::try_from(class.len()).map_err(|_| Error::new("class name is too long"))?;
        let this = self.as_raw();
        fence::guarded(|perl, call, error| {
            // SAFETY: both live; the length is the name's
            unsafe {
                ffi::rp_bless(
                    perl,
                    call,
                    this,
                    std::ptr::null_mut(),
                    class.as_ptr(),
                    len,
                    error,
                )
            }
        })?;
        Ok(self.clone())
    }

    /// Blesses a reference into the class that a scalar names.
    ///
    /// # Errors
    /// When this is no reference, the name no string, or perl refuses.
    pub fn bless_sv(&self, class: &ScalarRef) -> Result<Self, Error> {
        let (this, name) = (self.as_raw(), class.as_raw());
        fence::guarded(|perl, call, error| {
            // SAFETY: both live
            unsafe { ffi::rp_bless(perl, call, this, name, std::ptr::null(), 0, error) }
        })?;
        Ok(self.clone())
    }
}

impl Deref for Value {
    type Target = ScalarRef;

    fn deref(&self) -> &ScalarRef {
        match self {
            Self::Scalar(scalar) | Self::Reference(scalar) => scalar,
            Self::Array(array) => array,
            Self::Hash(hash) => hash,
        }
    }
}

impl AsRef<ScalarRef> for Value {
    fn as_ref(&self) -> &ScalarRef {
        self
    }
}

impl DerefMut for Value {
    fn deref_mut(&mut self) -> &mut ScalarRef {
        match self {
            Self::Scalar(scalar) | Self::Reference(scalar) => scalar,
            Self::Array(array) => array,
            Self::Hash(hash) => hash,
        }
    }
}

impl AsMut<ScalarRef> for Value {
    fn as_mut(&mut self) -> &mut ScalarRef {
        self
    }
}

impl From<RawValue> for Value {
    fn from(raw: RawValue) -> Self {
        raw.into_inner()
    }
}

impl From<Scalar> for Value {
    fn from(scalar: Scalar) -> Self {
        Self::from_scalar(scalar)
    }
}

impl From<Array> for Value {
    fn from(array: Array) -> Self {
        Self::Array(array)
    }
}

impl From<Hash> for Value {
    fn from(hash: Hash) -> Self {
        Self::Hash(hash)
    }
}
