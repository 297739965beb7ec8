//! Reading and filling perl's values: the safe side of the glue.
//!
//! A [`Node`] describes a live scalar; its pointers are good until the
//! generation of the fence changes, which is what its readers compare.

use std::borrow::Cow;
use std::ffi::{c_int, c_void};
use std::ptr;

use crate::args::FromSub;
use crate::error::Error;
use crate::fence;
use crate::ffi::{self, CV, Call, Interpreter, MAGIC, MGVTBL, Node, SV, flag, surface};
use crate::text::{self, TextError};
use crate::value::make::key_len;
use crate::value::{Scalar, Value, ascii};

/// Where perl keeps the arguments of a call.
pub(crate) struct Stack {
    perl: *mut Interpreter,
    call: *const Call,
    count: usize,
}

impl Stack {
    pub(crate) fn new(call: &mut Call) -> Self {
        Self {
            perl: call.perl,
            count: call.items.unsigned_abs(),
            call,
        }
    }

    /// The running call.
    #[inline]
    pub(crate) fn call(&self) -> &Call {
        // SAFETY: it outlives its arguments
        unsafe { &*self.call }
    }

    /// Argument `index`; undef beyond the last.
    pub(crate) fn describe(&self, index: usize) -> Node {
        let mut node = Node::EMPTY;
        if index < self.count {
            // SAFETY: the index is below the count of the running call
            unsafe { ffi::rp_argument(self.perl, self.call, index as isize, &mut node) };
        }
        node
    }

    /// The sub that runs.
    pub(crate) fn sub(&self) -> Scalar {
        fence::native::running_sub(self.call())
    }

    /// Argument `index`, if it is nothing but a signed integer.
    #[inline]
    pub(crate) fn int(&self, index: usize) -> Option<i64> {
        let mut int = 0;
        if index >= self.count {
            return None;
        }
        // SAFETY: the index is below the count of the running call
        let plain = unsafe { ffi::rp_argument_int(self.perl, self.call, index as isize, &mut int) };
        (plain != 0).then_some(int)
    }

    /// Argument `index`, if it is a plain string stored as the text it is. It
    /// must be used at once.
    #[inline]
    pub(crate) fn text(&self, index: usize) -> Option<&str> {
        self.plain_text(index, false)
    }

    /// The same, for the rest of the call.
    #[inline]
    pub(crate) fn lent_text<'de>(&self, index: usize) -> Option<&'de str> {
        self.plain_text(index, true)
    }

    #[inline]
    fn plain_text<'a>(&self, index: usize, lend: bool) -> Option<&'a str> {
        let (mut ptr, mut len) = (ptr::null(), 0);
        if index >= self.count {
            return None;
        }
        let (call, lend) = (self.call.cast_mut(), c_int::from(lend));
        // SAFETY: the index is below the count of the running call
        let plain = unsafe {
            ffi::rp_argument_string(self.perl, call, index as isize, lend, &mut ptr, &mut len)
        };
        if plain == 0 {
            return None;
        }
        // SAFETY: perl keeps `len` bytes at `ptr`, for the rest of the call if they are lent
        let stored = unsafe { std::slice::from_raw_parts(ptr, len) };
        match ascii::text(stored) {
            None if plain == 2 => std::str::from_utf8(stored).ok(),
            text => text,
        }
    }

    /// Argument `index`, held; undef beyond the last.
    pub(crate) fn scalar(&self, index: usize) -> Scalar {
        if index >= self.count {
            return Scalar::new_undef();
        }
        // SAFETY: the index is below the count of the running call
        let sv = unsafe { ffi::rp_argument_sv(self.perl, self.call, index as isize) };
        // SAFETY: the function returns a count of its own
        unsafe { Scalar::from_raw_move(sv) }
    }
}

impl<'a> FromSub<'a> for &'a CV {
    fn from_sub(sub: &'a Value) -> Self {
        // SAFETY: a sub, held by the value
        unsafe { &*sub.as_raw().cast() }
    }
}

/// Describes a live scalar.
pub(crate) fn describe(sv: *mut SV) -> Node {
    let mut node = Node::EMPTY;
    // SAFETY: callers have a live scalar
    unsafe { ffi::rp_describe(fence::perl(), sv, &mut node) };
    node
}

/// The bytes of a node of kind STRING.
///
/// The lifetime is the caller's: it must end before code of Perl's runs, or
/// the scalar be lent (see [`borrow`]).
pub(crate) fn stored<'a>(node: &Node) -> &'a [u8] {
    // SAFETY: perl keeps `len` bytes at `ptr`; never null for a string
    unsafe { std::slice::from_raw_parts(node.ptr, node.len) }
}

/// The bytes of a string for the rest of the call, in place where possible.
pub(crate) fn borrow<'de>(node: &Node) -> &'de [u8] {
    if !node.sv.is_null() && fence::lend_buffer(node.sv) {
        return stored(node);
    }
    keep_bytes(stored(node))
}

/// The characters of a string for the rest of the call, in place where possible.
pub(crate) fn borrow_text<'de>(node: &Node) -> Result<&'de str, TextError> {
    match text::characters(stored(node), node.flags & flag::UTF8 != 0)? {
        // SAFETY: these are the bytes that have just been found to be text
        Cow::Borrowed(_) => Ok(unsafe { std::str::from_utf8_unchecked(borrow(node)) }),
        Cow::Owned(text) => Ok(keep_text(&text)),
    }
}

/// A copy of these bytes that lasts as long as the call.
pub(crate) fn keep_bytes<'de>(bytes: &[u8]) -> &'de [u8] {
    let copy = Scalar::new_bytes(bytes);
    let node = copy.describe();
    if !fence::lend_buffer(node.sv) {
        fence::lend(node.sv);
    }
    stored(&node)
}

/// A copy of this text that lasts as long as the call.
pub(crate) fn keep_text<'de>(text: &str) -> &'de str {
    // SAFETY: a copy of valid text
    unsafe { std::str::from_utf8_unchecked(keep_bytes(text.as_bytes())) }
}

/// A copy of what get-magic yields.
pub(crate) fn fetch(sv: *mut SV) -> Result<Scalar, Error> {
    let mut out = ptr::null_mut();
    fence::guarded(|perl, call, error| {
        // SAFETY: the scalar is live, and pinned if it is an argument
        unsafe { ffi::rp_fetch(perl, call, sv, &mut out, error) }
    })?;
    // SAFETY: the guard returned a count
    Ok(unsafe { Scalar::from_raw_move(out) })
}

/// A plain copy of a tied array or hash.
pub(crate) fn untie(sv: *mut SV) -> Result<Scalar, Error> {
    let mut out = ptr::null_mut();
    fence::guarded(|perl, call, error| {
        // SAFETY: the container is live
        unsafe { ffi::rp_untie(perl, call, sv, &mut out, error) }
    })?;
    // SAFETY: the guard returned a count
    Ok(unsafe { Scalar::from_raw_move(out) })
}

/// A hold on what a node's body is.
pub(crate) fn hold(sv: *mut SV) -> Scalar {
    // SAFETY: described a moment ago, so live
    unsafe { Scalar::from_raw_ref(sv) }
}

/// The length of a plain array.
pub(crate) fn array_len(av: *mut SV) -> usize {
    // SAFETY: callers have an array
    unsafe { ffi::rp_array_len(fence::perl(), av) }
}

/// The number of keys of a plain hash.
pub(crate) fn hash_len(hv: *mut SV) -> usize {
    // SAFETY: callers have a hash
    unsafe { ffi::rp_hash_len(fence::perl(), hv) }
}

/// Whether a container takes values without running code or dying.
pub(crate) fn is_plain(sv: *mut SV) -> bool {
    // SAFETY: callers have a live container
    unsafe { ffi::rp_is_plain(sv) != 0 }
}

/// Stores into a plain hash.
pub(crate) fn store(hv: &Scalar, key: &[u8], utf8: bool, value: Scalar) -> Result<(), Error> {
    let len = key_len(key, utf8)?;
    // SAFETY: the hash takes over the count; the length is the key's
    unsafe {
        ffi::rp_hash_store(
            fence::perl(),
            hv.as_raw(),
            key.as_ptr(),
            len,
            value.into_raw(),
        );
    };
    Ok(())
}

/// The first piece of magic under this table, or null.
pub(crate) fn magic_pieces(sv: *mut SV, vtbl: &'static MGVTBL) -> *mut MAGIC {
    // SAFETY: callers have a live scalar
    unsafe { surface::rp_magic_find_raw(fence::perl(), sv, surface::magic_ext(), vtbl) }
}

/// Attaches a piece of magic that carries a pointer, which may be null.
pub(crate) fn attach(sv: *mut SV, vtbl: &'static MGVTBL, ptr: *mut c_void) {
    // SAFETY: callers have a live scalar
    unsafe { ffi::rp_magic_attach(fence::perl(), sv, vtbl, ptr) };
}

/// The pointer attached under this table, or null.
pub(crate) fn magic_pointer(sv: *mut SV, vtbl: &'static MGVTBL) -> *mut c_void {
    // SAFETY: callers have a live scalar
    unsafe { ffi::rp_magic_find(fence::perl(), sv, vtbl) }
}
