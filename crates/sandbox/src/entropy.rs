//! Random names and secrets, from the operating system at each use, and their comparison.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use openssl::sha::sha256;
use rustix::rand::{GetRandomFlags, getrandom};

/// Random text of `N` random bytes in base64url.
pub fn token<const N: usize>() -> String {
    URL_SAFE_NO_PAD.encode(random::<N>())
}

/// A random number in the form of a UUID, as Microsoft's tenants, clients and traces have it.
pub fn uuid() -> String {
    // version 4 and variant of RFC 9562
    let number = u128::from_be_bytes(random()) & !(0xf << 76) & !(0x3 << 62);
    let number = number | (0x4 << 76) | (0x2 << 62);
    let hex = format!("{number:032x}");
    let part = |from, to| hex.get(from..to).unwrap_or_default();
    format!(
        "{}-{}-{}-{}-{}",
        part(0, 8),
        part(8, 12),
        part(12, 16),
        part(16, 20),
        part(20, 32)
    )
}

/// Without the system's randomness nothing here may go on.
fn random<const N: usize>() -> [u8; N] {
    let mut raw = [0; N];
    match getrandom(&mut raw, GetRandomFlags::empty()) {
        Ok(count) if count == N => raw,
        _ => std::process::abort(),
    }
}

/// SHA-256 in base64url without padding: the S256 transformation of RFC 7636, section 4.2.
pub fn s256(text: &str) -> String {
    URL_SAFE_NO_PAD.encode(sha256(text.as_bytes()))
}

/// Compares two secrets by their digests, so that time tells nothing about the place of a
/// difference.
pub fn equal(left: &str, right: &str) -> bool {
    openssl::memcmp::eq(&sha256(left.as_bytes()), &sha256(right.as_bytes()))
}
