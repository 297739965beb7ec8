//! The one shortcut on the way from bytes to text.

/// Bytes that are all ASCII, as text.
#[inline]
pub(crate) fn text(bytes: &[u8]) -> Option<&str> {
    // SAFETY: ASCII is valid UTF-8
    is_ascii(bytes).then(|| unsafe { std::str::from_utf8_unchecked(bytes) })
}

/// As `<[u8]>::is_ascii`, which looks at most bytes of a short string one by one:
/// most names and addresses are two words that overlap.
#[inline]
pub(crate) fn is_ascii(bytes: &[u8]) -> bool {
    macro_rules! ends {
        ($number:ty) => {
            bytes
                .first_chunk()
                .zip(bytes.last_chunk())
                .map(|(first, last)| {
                    let high = <$number>::from_ne_bytes([0x80; size_of::<$number>()]);
                    (<$number>::from_ne_bytes(*first) | <$number>::from_ne_bytes(*last)) & high == 0
                })
        };
    }
    let ends = match bytes.len() {
        4..8 => ends!(u32),
        8..16 => ends!(u64),
        16..=32 => ends!(u128),
        _ => None,
    };
    ends.unwrap_or_else(|| bytes.is_ascii())
}

#[cfg(test)]
mod tests {
    use super::is_ascii;

    #[test]
    fn each_byte_of_each_length_counts() {
        for len in 0..70 {
            let mut bytes = vec![0x7f; len];
            assert!(is_ascii(&bytes), "{len} bytes");
            for at in 0..len {
                bytes[at] = 0x80;
                assert!(!is_ascii(&bytes), "byte {at} of {len}");
                bytes[at] = 0;
            }
        }
    }
}
