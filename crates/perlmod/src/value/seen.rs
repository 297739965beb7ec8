//! Scalars as perl itself sees them: as a number, as a string, as a type name.
//!
//! These functions return no error: when code of Perl's dies, or the value is
//! not what is asked for, the running call ends with that exception and every
//! value is dropped on the way.

use std::borrow::Cow;
use std::collections::BTreeSet;
use std::ptr;
use std::sync::Mutex;

use crate::error::Error;
use crate::fence::{self, or_raise};
use crate::ffi::{Node, flag, kind, surface};
use crate::text::{self, Int, TextError};
use crate::value::{Scalar, ScalarRef, access};

fn not_text<T>(err: TextError) -> Result<T, Error> {
    Error::fail(err.text())
}

/// What a number is as an integer: a fraction is cut off, nothing wraps.
fn truncated(float: f64) -> Result<Int, Error> {
    match text::whole(float.trunc()) {
        Some(number) => Ok(number),
        None => Error::fail("number is out of range"),
    }
}

impl ScalarRef {
    /// As a float. Undef is 0; text is read as perl does.
    pub fn nv(&self) -> f64 {
        or_raise(self.number())
    }

    /// As an integer: a fraction is cut off, what does not fit is an exception.
    pub fn iv(&self) -> isize {
        or_raise(match self.whole() {
            Ok(Int::Signed(number)) => Ok(number as isize),
            Ok(Int::Unsigned(_)) => Error::fail("number is out of range"),
            Err(err) => Err(err),
        })
    }

    /// As an unsigned integer: a fraction is cut off, what does not fit is an
    /// exception.
    pub fn uv(&self) -> usize {
        or_raise(match self.whole() {
            Ok(Int::Signed(number)) => {
                usize::try_from(number).map_err(|_| Error::new("number is out of range"))
            }
            Ok(Int::Unsigned(number)) => Ok(number as usize),
            Err(err) => Err(err),
        })
    }

    fn number(&self) -> Result<f64, Error> {
        let node = self.describe();
        Ok(match node.kind {
            kind::UNDEF => 0.0,
            kind::BOOL | kind::INT => node.int as f64,
            kind::UINT => node.uint() as f64,
            kind::FLOAT => node.float(),
            _ => {
                Self::only_scalar(&node)?;
                let mut float = 0.0;
                fence::guarded(|perl, call, error| {
                    // SAFETY: borrowed, so live
                    unsafe { surface::rp_number(perl, call, self.as_raw(), &mut float, error) }
                })?;
                float
            }
        })
    }

    /// Refuses what is no scalar: perl has no number or string for it.
    fn only_scalar(node: &Node) -> Result<(), Error> {
        let is_self = node.body == node.sv && node.kind != kind::GLOB && node.kind != kind::REGEXP;
        if node.kind == kind::FREED || (is_self && !node.body.is_null()) {
            return Error::fail("value is not a scalar");
        }
        Ok(())
    }

    fn whole(&self) -> Result<Int, Error> {
        let node = self.describe();
        match node.kind {
            kind::BOOL | kind::INT => Ok(Int::Signed(node.int)),
            kind::UINT => Ok(match i64::try_from(node.uint()) {
                Ok(number) => Int::Signed(number),
                Err(_) => Int::Unsigned(node.uint()),
            }),
            kind::MAGIC => access::fetch(self.as_raw())?.whole(),
            kind::STRING => match text::integer(access::stored(&node)) {
                Some(number) => Ok(number),
                None => truncated(self.number()?),
            },
            _ => truncated(self.number()?),
        }
    }

    /// As text. Undef is empty; a reference is what perl writes for it.
    ///
    /// The text stays as it is until the running call ends, whatever becomes of
    /// the scalar, and the scalar is not changed. Characters that are not Unicode
    /// are an exception.
    pub fn pv_string_utf8(&self) -> &str {
        or_raise(self.with_string(|node| access::borrow_text(node).or_else(not_text)))
    }

    /// As bytes: each character is one; wide characters are an exception.
    pub fn pv_bytes(&self) -> &[u8] {
        or_raise(self.with_string(|node| borrow_bytes(node).or_else(not_text)))
    }

    /// As bytes, if there are no wide characters.
    pub fn pv_utf8_to_bytes(&self) -> Option<&[u8]> {
        or_raise(self.with_string(|node| Ok(borrow_bytes(node).ok())))
    }

    /// Runs `use_it` on a node of kind STRING.
    fn with_string<T>(&self, use_it: impl FnOnce(&Node) -> Result<T, Error>) -> Result<T, Error> {
        let node = self.describe();
        match node.kind {
            kind::STRING => use_it(&node),
            kind::UNDEF => use_it(&Scalar::new_bytes(b"").describe()),
            _ => {
                Self::only_scalar(&node)?;
                let mut out = ptr::null_mut();
                fence::guarded(|perl, call, error| {
                    // SAFETY: borrowed, so live
                    unsafe { surface::rp_string(perl, call, self.as_raw(), &mut out, error) }
                })?;
                // SAFETY: the guard returned a count
                let text = unsafe { Scalar::from_raw_move(out) };
                use_it(&text.describe())
            }
        }
    }

    /// What `ref` says of a reference to it: its class if `blessed` is asked for
    /// and it has one, else `"HASH"`, `"ARRAY"`, `"SCALAR"` and so on.
    ///
    /// Names of classes are kept for the process's life; beyond 4096 of them this
    /// is an exception.
    pub fn reftype(&self, blessed: bool) -> &'static str {
        // SAFETY: borrowed, so live
        let sv = unsafe { surface::rp_reftype(fence::perl(), self.as_raw(), i32::from(blessed)) };
        // SAFETY: the function returns a count
        let name = unsafe { Scalar::from_raw_move(sv) };
        or_raise(kept(name.pv_string_utf8()))
    }

    /// Whether it is an object of the class, or of one derived from it.
    ///
    /// # Errors
    /// When perl cannot tell, as with an inconsistent hierarchy.
    pub fn is_a(&self, class: &str) -> Result<bool, Error> {
        let mut found = 0;
        fence::guarded(|perl, call, error| {
            // SAFETY: borrowed, so live; the length is the name's
            unsafe {
                surface::rp_is_a(
                    perl,
                    call,
                    self.as_raw(),
                    class.as_ptr(),
                    class.len(),
                    &mut found,
                    error,
                )
            }
        })?;
        Ok(found != 0)
    }
}

fn borrow_bytes<'a>(node: &Node) -> Result<&'a [u8], TextError> {
    let utf8 = node.flags & flag::UTF8 != 0;
    Ok(match text::bytes(access::stored(node), utf8)? {
        Cow::Borrowed(_) => access::borrow(node),
        Cow::Owned(bytes) => access::keep_bytes(&bytes),
    })
}

/// A copy of a name that lives as long as the process.
fn kept(name: &str) -> Result<&'static str, Error> {
    const MAX: usize = 4096;
    static NAMES: Mutex<BTreeSet<&'static str>> = Mutex::new(BTreeSet::new());
    let mut names = NAMES
        .lock()
        .unwrap_or_else(std::sync::PoisonError::into_inner);
    if let Some(known) = names.get(name) {
        return Ok(known);
    }
    if names.len() >= MAX {
        return Error::fail("too many names of classes");
    }
    let name: &'static str = Box::leak(name.to_string().into_boxed_str());
    names.insert(name);
    Ok(name)
}
