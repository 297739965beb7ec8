//! Parts of strings.
//!
//! A part is a copy: perl may change the whole at any time. It remembers that
//! it is a part.

use std::slice::SliceIndex;

use crate::error::Error;
use crate::ffi::{flag, kind};
use crate::magic::MagicTag;
use crate::value::{Scalar, ScalarRef, Value, access};

/// Marks what was made here.
static PART: MagicTag = MagicTag::new();

impl ScalarRef {
    /// Whether it was made as a part of another string.
    pub fn is_substr(&self) -> bool {
        !access::magic_pieces(self.as_raw(), PART.table()).is_null()
    }

    /// The part of a string, by the places of its bytes in memory: those of UTF-8
    /// if the string is stored so.
    ///
    /// # Errors
    /// When it is no string, the range is outside of it, or cuts a character.
    pub fn substr<I: SliceIndex<[u8], Output = [u8]>>(&self, index: I) -> Result<Scalar, Error> {
        let node = self.describe();
        match node.kind {
            kind::STRING => {}
            kind::MAGIC => return access::fetch(self.as_raw())?.substr(index),
            _ => return Error::fail("value is not a string"),
        }
        let Some(part) = access::stored(&node).get(index) else {
            return Error::fail("range is outside of the string");
        };
        let part = if node.flags & flag::UTF8 == 0 {
            Scalar::new_bytes(part)
        } else {
            match std::str::from_utf8(part) {
                Ok(part) => Scalar::new_string(part),
                Err(_) => return Error::fail("range cuts a character"),
            }
        };
        access::attach(part.as_raw(), PART.table(), std::ptr::null_mut());
        Ok(part)
    }

    /// The text as a scalar: a part of this string if it was borrowed from it.
    pub fn merge_str_slice(&self, slice: &str) -> Scalar {
        Scalar::substr_from_str_slice(self, slice).unwrap_or_else(|| Scalar::new_string(slice))
    }
}

impl Scalar {
    /// The text as a part of the string that it was borrowed from.
    pub fn substr_from_str_slice(whole: &ScalarRef, slice: &str) -> Option<Self> {
        let node = whole.describe();
        if node.kind != kind::STRING {
            return None;
        }
        let start = slice.as_ptr().addr().checked_sub(node.ptr.addr())?;
        whole.substr(start..start.checked_add(slice.len())?).ok()
    }
}

impl Value {
    /// The part of a string; see [`ScalarRef::substr`].
    ///
    /// # Errors
    /// When it is no string, the range is outside of it, or cuts a character.
    pub fn substr<I: SliceIndex<[u8], Output = [u8]>>(&self, index: I) -> Result<Self, Error> {
        ScalarRef::substr(self, index).map(Self::Scalar)
    }
}
