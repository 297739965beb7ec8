//! What nobody else has: from the operating system's randomness at every use, so that a forked child
//! never repeats what its parent drew.

use ring::rand::{SecureRandom, SystemRandom};

/// 128 random bits as 32 hexadecimal digits.
pub(crate) fn name() -> Result<String, &'static str> {
    let mut bytes = [0; 16];
    SystemRandom::new()
        .fill(&mut bytes)
        .map_err(|_| "the system gives no random bytes")?;
    Ok(format!("{:032x}", u128::from_be_bytes(bytes)))
}

/// A number from 0 to 1; 0 where the system gives no random bytes.
pub(crate) fn fraction() -> f32 {
    let mut byte = [0];
    match SystemRandom::new().fill(&mut byte) {
        Ok(()) => f32::from(byte[0]) / 255.0,
        Err(_) => 0.0,
    }
}
