//! Hashes.

use std::ops::Deref;

use crate::error::{CastError, Error};
use crate::fence;
use crate::ffi::{self, HV, kind};
use crate::value::{Scalar, ScalarRef, Value, access};

/// A counted hold on a hash.
#[derive(Clone, Debug)]
pub struct Hash(Scalar);

impl Hash {
    /// A new empty hash.
    pub fn new() -> Self {
        Self(access::new_hash())
    }

    /// Takes what is known to be a hash.
    pub(crate) fn from_checked(scalar: Scalar) -> Self {
        Self(scalar)
    }

    /// The hash as a scalar.
    pub fn into_scalar(self) -> Scalar {
        self.0
    }

    /// The hash itself.
    pub fn hv(&self) -> *mut HV {
        self.0.as_raw().cast()
    }

    /// The number of keys; of a tied hash what it holds itself.
    pub fn len(&self) -> usize {
        access::hash_len(self.0.as_raw())
    }

    /// Whether it has no keys.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The value of a key of a plain hash.
    pub fn get(&self, key: &str) -> Option<Value> {
        let len = access::key_len(key.as_bytes(), !key.is_ascii()).ok()?;
        if !access::is_plain(self.0.as_raw()) {
            return None;
        }
        // SAFETY: a live hash; the length is the key's
        let sv = unsafe { ffi::rp_hash_get(fence::perl(), self.0.as_raw(), key.as_ptr(), len) };
        // SAFETY: the function returns a count
        (!sv.is_null()).then(|| unsafe { Value::from_raw_move(sv) })
    }

    /// Stores a value, or a copy if the hash is tied.
    ///
    /// # Errors
    /// When the hash is restricted, or code behind it dies.
    pub fn try_insert(&self, key: &str, value: Value) -> Result<(), Error> {
        let hv = self.0.as_raw();
        if access::is_plain(hv) {
            return access::store(
                &self.0,
                key.as_bytes(),
                !key.is_ascii(),
                value.into_scalar(),
            );
        }
        let len = access::key_len(key.as_bytes(), !key.is_ascii())?;
        fence::guarded(|perl, call, error| {
            // SAFETY: all live; the length is the key's
            unsafe {
                ffi::rp_hash_store_guarded(perl, call, hv, key.as_ptr(), len, value.as_raw(), error)
            }
        })
    }
}

impl Default for Hash {
    fn default() -> Self {
        Self::new()
    }
}

impl Deref for Hash {
    type Target = ScalarRef;

    fn deref(&self) -> &ScalarRef {
        &self.0
    }
}

impl TryFrom<Scalar> for Hash {
    type Error = CastError;

    fn try_from(scalar: Scalar) -> Result<Self, CastError> {
        let node = scalar.describe();
        if node.kind == kind::HASH && node.body == node.sv {
            Ok(Self(scalar))
        } else {
            Err(CastError)
        }
    }
}
