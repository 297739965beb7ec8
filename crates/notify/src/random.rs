//! What nobody else has: from the operating system's randomness at every use, so that a forked child
//! never repeats what its parent drew.

use base64::prelude::{BASE64_URL_SAFE_NO_PAD, Engine};
use rustix::io::Errno;
use rustix::rand::{GetRandomFlags, getrandom};
use zeroize::Zeroizing;

use crate::secret::Secret;

/// Fills `bytes` with random ones.
pub(crate) fn fill(mut bytes: &mut [u8]) -> Result<(), &'static str> {
    while !bytes.is_empty() {
        match getrandom(&mut *bytes, GetRandomFlags::empty()) {
            Ok(count) => bytes = bytes.get_mut(count..).unwrap_or_default(),
            Err(Errno::INTR) => {}
            Err(_) => return Err("the system gives no random bytes"),
        }
    }
    Ok(())
}

/// 128 random bits as 32 hexadecimal digits.
pub(crate) fn name() -> Result<String, &'static str> {
    let mut bytes = [0; 16];
    fill(&mut bytes)?;
    Ok(format!("{:032x}", u128::from_be_bytes(bytes)))
}

/// 256 random bits as 43 letters, digits, `-` and `_`: nobody guesses them.
pub(crate) fn value() -> Result<Secret, &'static str> {
    let mut bytes = Zeroizing::new([0; 32]);
    fill(&mut *bytes)?;
    Ok(Secret::new(BASE64_URL_SAFE_NO_PAD.encode(*bytes)))
}

/// A number from 0 to 1; 0 where the system gives no random bytes.
pub(crate) fn fraction() -> f32 {
    let mut byte = [0];
    match fill(&mut byte) {
        Ok(()) => f32::from(byte[0]) / 255.0,
        Err(_) => 0.0,
    }
}
