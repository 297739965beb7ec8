//! The one shortcut on the way from bytes to text.

/// Bytes that are all ASCII, as text.
#[inline]
pub(crate) fn text(bytes: &[u8]) -> Option<&str> {
    // SAFETY: ASCII is valid UTF-8
    bytes
        .is_ascii()
        .then(|| unsafe { std::str::from_utf8_unchecked(bytes) })
}
