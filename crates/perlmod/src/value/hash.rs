//! Hashes.

use std::ops::{Deref, DerefMut};

use crate::error::{CastError, Error};
use crate::fence::{self, or_raise};
use crate::ffi::surface::{self, Step};
use crate::ffi::{self, HV, flag, kind};
use crate::value::make::{self, Perl};
use crate::value::{Scalar, ScalarRef, Value, access};

/// A counted hold on a hash.
#[derive(Clone, Debug)]
pub struct Hash(Scalar);

impl Hash {
    /// A new empty hash.
    pub fn new() -> Self {
        Self(Perl::of_call().hash())
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

    /// The number of keys. Those of a tied hash are counted one by one.
    ///
    /// The running call ends with the exception when code behind a tied hash
    /// dies; so it does with the other functions here that return no error.
    pub fn len(&self) -> usize {
        if self.is_tied() {
            return self.shared_iter().count();
        }
        access::hash_len(self.0.as_raw())
    }

    /// Whether it has no keys.
    pub fn is_empty(&self) -> bool {
        if self.is_tied() {
            return self.shared_iter().next().is_none();
        }
        self.len() == 0
    }

    fn is_tied(&self) -> bool {
        self.describe().flags & flag::TIED != 0
    }

    /// The value of a key, or a copy of it if the hash is tied.
    pub fn get(&self, key: &str) -> Option<Value> {
        self.fetch(key.as_bytes(), !key.is_ascii())
    }

    /// As [`Hash::get`], for a key of bytes: each is a character.
    pub fn get_by_bytes(&self, key: &[u8]) -> Option<Value> {
        self.fetch(key, false)
    }

    fn fetch(&self, key: &[u8], utf8: bool) -> Option<Value> {
        if !access::is_plain(self.0.as_raw()) {
            let key = key_scalar(key, utf8);
            let done = or_raise(surface::step(Step::HashGet, self, 0, Some(&key), None));
            return done.value.map(Value::from_scalar);
        }
        let len = make::key_len(key, utf8).ok()?;
        // SAFETY: a live hash; the length is the key's
        let sv = unsafe { ffi::rp_hash_get(fence::perl(), self.0.as_raw(), key.as_ptr(), len) };
        // SAFETY: the function returns a count
        (!sv.is_null()).then(|| unsafe { Value::from_raw_move(sv) })
    }

    /// Whether there is such a key.
    ///
    /// # Errors
    /// When code behind the hash dies.
    pub fn exists(&self, key: &str) -> Result<bool, Error> {
        let key = Scalar::new_string(key);
        Ok(surface::step(Step::HashExists, self, 0, Some(&key), None)?.found)
    }

    /// Removes a key; what it had is returned, or a copy.
    ///
    /// # Errors
    /// When the hash is restricted, or code behind it dies.
    pub fn delete(&self, key: &str) -> Result<Option<Value>, Error> {
        let key = Scalar::new_string(key);
        let done = surface::step(Step::HashDelete, self, 0, Some(&key), None)?;
        Ok(done.value.map(Value::from_scalar))
    }

    /// Stores a value, or a copy if the hash is tied.
    pub fn insert(&self, key: &str, value: Value) {
        or_raise(self.try_insert(key, value));
    }

    /// As [`Hash::insert`], for a key of bytes: each is a character.
    pub fn insert_by_bytes(&self, key: &[u8], value: Value) {
        if access::is_plain(self.0.as_raw()) {
            return or_raise(access::store(&self.0, key, false, value.into_scalar()));
        }
        self.insert_by_value(&Value::new_bytes(key), value);
    }

    /// Copies a value into the key that a scalar names.
    #[allow(
        clippy::needless_pass_by_value,
        reason = "the signature of the interface"
    )]
    pub fn insert_by_value(&self, key: &Value, value: Value) {
        or_raise(surface::step(
            Step::HashSet,
            self,
            0,
            Some(key),
            Some(&value),
        ));
    }

    /// The pairs, by perl's own iterator, of which there is one for each hash:
    /// `each` and `keys` on the same hash move it as well.
    ///
    /// A key is the bytes that perl stores: UTF-8 if it has wide characters.
    pub fn shared_iter(&self) -> Iter<'_> {
        or_raise(surface::step(Step::HashFirst, self, 0, None, None));
        Iter(self)
    }

    /// Perl's main symbol table.
    ///
    /// # Safety
    /// Perl's code keeps to what it finds there.
    pub unsafe fn defstash() -> Self {
        // SAFETY: returns a count
        let sv = unsafe { surface::rp_main_stash(fence::perl()) };
        // SAFETY: the count is ours
        Self(unsafe { Scalar::from_raw_move(sv) })
    }

    /// Takes what is a hash.
    ///
    /// # Safety
    /// The scalar is a hash.
    pub unsafe fn from_scalar(scalar: Scalar) -> Self {
        Self(scalar)
    }

    /// Takes over a count of `hv`.
    ///
    /// # Safety
    /// `hv` is live and the caller owns a count of it.
    pub unsafe fn from_raw_move(hv: *mut HV) -> Self {
        // SAFETY: the caller's promise
        Self(unsafe { Scalar::from_raw_move(hv.cast()) })
    }

    /// Takes a new count of `hv`.
    ///
    /// # Safety
    /// `hv` is live.
    pub unsafe fn from_raw_ref(hv: *mut HV) -> Self {
        // SAFETY: the caller's promise
        Self(unsafe { Scalar::from_raw_ref(hv.cast()) })
    }

    /// Another hold on the same hash.
    pub fn clone_ref(&self) -> Self {
        self.clone()
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
        let len = make::key_len(key.as_bytes(), !key.is_ascii())?;
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

impl DerefMut for Hash {
    fn deref_mut(&mut self) -> &mut ScalarRef {
        &mut self.0
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

fn key_scalar(key: &[u8], utf8: bool) -> Scalar {
    match std::str::from_utf8(key) {
        Ok(key) if utf8 => Scalar::new_string(key),
        _ => Scalar::new_bytes(key),
    }
}

/// The pairs of a hash.
#[derive(Debug)]
pub struct Iter<'a>(&'a Hash);

impl<'a> Iterator for Iter<'a> {
    type Item = (&'a [u8], Value);

    fn next(&mut self) -> Option<Self::Item> {
        let done = or_raise(surface::step(Step::HashNext, self.0, 0, None, None));
        let key = access::borrow(&done.key?.describe());
        Some((
            key,
            done.value.map_or_else(Value::new_undef, Value::from_scalar),
        ))
    }
}
