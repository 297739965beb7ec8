//! New values.
//!
//! A conversion asks for the running call's interpreter once and makes all of
//! its values by it: what is asked of the thread each time is not cheap in a
//! library.

use crate::error::Error;
use crate::fence;
use crate::ffi::{self, Interpreter};
use crate::value::{Scalar, ascii};

/// The interpreter of the running call, for as long as the call runs.
#[derive(Clone, Copy)]
pub(crate) struct Perl(*mut Interpreter);

macro_rules! made {
    ($($(#[$doc:meta])* $name:ident($($arg:ident: $ty:ty),*) => $call:ident($($pass:expr),*);)+) => {$(
        $(#[$doc])*
        #[inline]
        pub(crate) fn $name(self, $($arg: $ty),*) -> Scalar {
            // SAFETY: makes a new value in the running call's interpreter
            let sv = unsafe { ffi::$call(self.0, $($pass),*) };
            // SAFETY: the count is ours
            unsafe { Scalar::from_raw_move(sv) }
        }
    )+};
}

impl Perl {
    #[inline]
    pub(crate) fn of_call() -> Self {
        Self(fence::perl())
    }

    /// An interpreter that is known to be that of the running call.
    #[inline]
    pub(crate) fn of(perl: *mut Interpreter) -> Self {
        Self(perl)
    }

    pub(crate) fn raw(self) -> *mut Interpreter {
        self.0
    }

    made! {
        /// A new undef.
        undef() => rp_new_undef();
        /// A new true or false.
        boolean(v: bool) => rp_new_bool(i32::from(v));
        /// A new integer.
        int(v: i64) => rp_new_int(v);
        /// A new unsigned integer.
        uint(v: u64) => rp_new_uint(v);
        /// A new float.
        float(v: f64) => rp_new_float(v);
        /// A new string of characters; stored as UTF-8 unless it is ASCII.
        string(v: &str) => rp_new_string(v.as_ptr(), v.len(), i32::from(!ascii::is_ascii(v.as_bytes())));
        /// A new string of bytes.
        bytes(v: &[u8]) => rp_new_string(v.as_ptr(), v.len(), 0);
        /// A new hash.
        hash() => rp_new_hash();
        /// A new reference that takes the only hold on its target.
        reference(target: Scalar) => rp_new_ref(target.into_raw());
    }

    /// A new array with room for `count` elements.
    pub(crate) fn array(self, count: usize) -> Scalar {
        // SAFETY: makes a new array
        let av = unsafe { ffi::rp_new_array(self.0) };
        let room = isize::try_from(count).unwrap_or(0);
        // SAFETY: the array is new
        unsafe { ffi::rp_array_reserve(self.0, av, room) };
        // SAFETY: the count is ours
        unsafe { Scalar::from_raw_move(av) }
    }

    /// Appends to a plain array.
    #[inline]
    pub(crate) fn push(self, av: &Scalar, value: Scalar) {
        // SAFETY: the array takes over the count
        unsafe { ffi::rp_array_push(self.0, av.as_raw(), value.into_raw()) };
    }

    /// Stores into a hash that is being made. The key is UTF-8.
    #[inline]
    pub(crate) fn add(self, hv: &Scalar, key: &[u8], value: Scalar) -> Result<(), Error> {
        let len = key_len(key, !ascii::is_ascii(key))?;
        let sv = value.into_raw();
        // SAFETY: the hash takes over the count; the length is the key's
        unsafe { ffi::rp_hash_add(self.0, hv.as_raw(), key.as_ptr(), len, sv) };
        Ok(())
    }
}

/// A key's length as perl's functions want it: negative when it is UTF-8.
#[inline]
pub(crate) fn key_len(key: &[u8], utf8: bool) -> Result<i32, Error> {
    match i32::try_from(key.len()) {
        Ok(len) => Ok(if utf8 { -len } else { len }),
        Err(_) => Error::fail("hash key is too long"),
    }
}
