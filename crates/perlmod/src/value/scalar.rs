//! Scalars: owned, borrowed, and handed to perl to free.

use std::fmt;
use std::marker::{PhantomData, PhantomPinned};
use std::ops::{Deref, DerefMut};

use crate::error::Error;
use crate::fence;
use crate::ffi::{self, Node, SV, kind};
use crate::magic::{Leakable, MagicSpec, MagicValue};
use crate::value::make::Perl;
use crate::value::{Value, access};

pub use super::types::{Flags, Type};

/// A scalar that belongs to somebody else.
#[repr(C)]
pub struct ScalarRef {
    data: [u8; 0],
    marker: PhantomData<(*mut u8, PhantomPinned)>,
}

/// A counted hold on a scalar.
#[repr(transparent)]
pub struct Scalar(*mut SV);

/// A scalar that perl frees when the statement that made the call ends.
#[derive(Debug)]
pub struct Mortal(Scalar);

impl Mortal {
    /// The scalar, which perl owns from now on.
    pub fn into_raw(self) -> *mut SV {
        let sv = self.0.into_raw();
        // SAFETY: the count goes to perl
        unsafe { ffi::rp_mortal(fence::perl(), sv) }
    }
}

macro_rules! constructors {
    ($($(#[$doc:meta])* $name:ident($($arg:ident: $ty:ty),*) => $make:ident($($pass:expr),*);)+) => {$(
        $(#[$doc])*
        #[inline]
        pub fn $name($($arg: $ty),*) -> Self {
            Perl::of_call().$make($($pass),*)
        }
    )+};
}

impl Scalar {
    constructors! {
        /// A new undef.
        new_undef() => undef();
        /// A new true.
        new_yes() => boolean(true);
        /// A new false.
        new_no() => boolean(false);
        /// A new integer.
        new_int(v: isize) => int(v as i64);
        /// A new unsigned integer.
        new_uint(v: usize) => uint(v as u64);
        /// A new float.
        new_float(v: f64) => float(v);
        /// A new string of characters; stored as UTF-8 unless it is ASCII.
        new_string(v: &str) => string(v);
        /// A new string of bytes.
        new_bytes(v: &[u8]) => bytes(v);
    }

    pub(crate) fn new_ref(target: &ScalarRef) -> Self {
        Perl::of_call().reference(target.clone_ref())
    }

    /// Takes over a count of `sv`.
    ///
    /// # Safety
    /// `sv` is live and the caller owns a count of it.
    #[inline]
    pub unsafe fn from_raw_move(sv: *mut SV) -> Self {
        Self(sv)
    }

    /// Takes a new count of `sv`.
    ///
    /// # Safety
    /// `sv` is live.
    #[inline]
    pub unsafe fn from_raw_ref(sv: *mut SV) -> Self {
        // SAFETY: the caller's promise
        Self(unsafe { ffi::rp_hold(sv) })
    }

    /// Gives the count away.
    #[inline]
    pub fn into_raw(self) -> *mut SV {
        let sv = self.0;
        std::mem::forget(self);
        sv
    }

    /// Has perl free it when the statement that made the call ends.
    pub fn into_mortal(self) -> Mortal {
        Mortal(self)
    }

    /// The scalar, sorted into its variant.
    pub fn into_value(self) -> Value {
        Value::from_scalar(self)
    }
}

impl Drop for Scalar {
    #[inline]
    fn drop(&mut self) {
        // without an interpreter nobody can free it
        if let Some(perl) = fence::try_perl() {
            // SAFETY: this hold owns a count
            unsafe { ffi::rp_release(perl, self.0) };
        }
    }
}

impl Clone for Scalar {
    fn clone(&self) -> Self {
        self.clone_ref()
    }
}

impl Deref for Scalar {
    type Target = ScalarRef;

    #[inline]
    fn deref(&self) -> &ScalarRef {
        // SAFETY: live as long as this hold; a reference to no bytes
        unsafe { &*self.0.cast::<ScalarRef>() }
    }
}

impl DerefMut for Scalar {
    #[inline]
    fn deref_mut(&mut self) -> &mut ScalarRef {
        // SAFETY: live as long as this hold; a reference to no bytes
        unsafe { &mut *self.0.cast::<ScalarRef>() }
    }
}

impl AsMut<ScalarRef> for Scalar {
    fn as_mut(&mut self) -> &mut ScalarRef {
        self
    }
}

impl AsRef<ScalarRef> for Scalar {
    fn as_ref(&self) -> &ScalarRef {
        self
    }
}

impl fmt::Debug for Scalar {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Scalar({:p})", self.0)
    }
}

impl ScalarRef {
    /// The scalar itself.
    #[inline]
    pub fn as_raw(&self) -> *mut SV {
        std::ptr::from_ref(self).cast_mut().cast()
    }

    pub(crate) fn describe(&self) -> Node {
        access::describe(self.as_raw())
    }

    /// A counted hold on it.
    pub fn clone_ref(&self) -> Scalar {
        // SAFETY: borrowed, so live
        unsafe { Scalar::from_raw_ref(self.as_raw()) }
    }

    /// A counted hold on it, sorted into its variant.
    pub fn to_value(&self) -> Value {
        Value::from_scalar(self.clone_ref())
    }

    /// What a reference points to.
    pub fn dereference(&self) -> Option<Scalar> {
        let node = self.describe();
        if node.body.is_null() || node.body == node.sv {
            return None;
        }
        // SAFETY: held by the reference
        Some(unsafe { Scalar::from_raw_ref(node.body) })
    }

    /// Whether it is undef.
    pub fn is_undef(&self) -> bool {
        self.describe().kind == kind::UNDEF
    }

    /// The pointer that [`Scalar::new_pointer`] stored.
    ///
    /// # Errors
    /// When it is no integer.
    pub fn pv_raw<T>(&self) -> Result<*mut T, Error> {
        match crate::de::from_node::<usize>(&self.describe()) {
            Ok(address) => Ok(std::ptr::with_exposed_provenance_mut(address)),
            Err(_) => Error::fail("value is not a pointer"),
        }
    }

    /// What the stored pointer points to.
    ///
    /// # Errors
    /// When it is no pointer to a `T`, as far as its number tells.
    ///
    /// # Safety
    /// The number is the address of a `T` that lives as long as this borrow.
    pub unsafe fn pv_ref<T>(&self) -> Result<&T, Error> {
        let ptr = self.pv_raw::<T>()?;
        if ptr.is_null() || !ptr.is_aligned() {
            return Error::fail("value is not a pointer");
        }
        // SAFETY: the caller's promise
        Ok(unsafe { &*ptr })
    }

    /// What the stored pointer points to.
    ///
    /// # Errors
    /// When it is no pointer to a `T`, as far as its number tells.
    ///
    /// # Safety
    /// The number is the address of a `T` that lives as long as this borrow, and
    /// that nobody else looks at meanwhile.
    #[allow(clippy::mut_from_ref, reason = "the signature of the interface")]
    pub unsafe fn pv_mut_ref<T>(&self) -> Result<&mut T, Error> {
        let ptr = self.pv_raw::<T>()?;
        if ptr.is_null() || !ptr.is_aligned() {
            return Error::fail("value is not a pointer");
        }
        // SAFETY: the caller's promise
        Ok(unsafe { &mut *ptr })
    }

    /// As text, with what cannot be shown replaced.
    pub(crate) fn text_lossy(&self) -> String {
        match crate::de::from_node::<String>(&self.describe()) {
            Ok(text) => text,
            Err(_) => "perl code threw an object".to_string(),
        }
    }

    /// Attaches a Rust value; perl drops it with the scalar.
    ///
    /// A second value under the same tag ends the running call with an exception.
    pub fn add_magic<T: Leakable>(&self, magic: MagicValue<'_, '_, 'static, T>) {
        crate::magic::attach(self, magic);
    }

    /// The Rust value attached under this tag.
    pub fn find_magic<'a, T: Leakable>(
        &self,
        spec: &MagicSpec<'static, 'static, T>,
    ) -> Option<&'a T::Pointee> {
        crate::magic::find(self, spec)
    }
}
