//! SHA-256, and HMAC with it (RFC 2104), by the three steps of OpenSSL that look no algorithm up. All its
//! other ways, the function for a whole text too, first set the library up, which takes longer than
//! reading a configuration.

use openssl::sha::Sha256;
use zeroize::Zeroizing;

/// The length of a block of SHA-256.
const BLOCK: usize = 64;

/// The digest of `bytes`.
pub(crate) fn sha256(bytes: &[u8]) -> [u8; 32] {
    let mut hash = Sha256::new();
    hash.update(bytes);
    hash.finish()
}

/// The tag of `message` under `key`.
pub(crate) fn hmac(key: &[u8], message: &[u8]) -> [u8; 32] {
    let mut block = Zeroizing::new([0; BLOCK]);
    let digest;
    let key = if key.len() > BLOCK {
        digest = sha256(key);
        &digest
    } else {
        key
    };
    for (to, from) in block.iter_mut().zip(key) {
        *to = *from;
    }
    let begin = |pad: u8| {
        let mut hash = Sha256::new();
        hash.update(&*Zeroizing::new(block.map(|byte| byte ^ pad)));
        hash
    };
    let mut inner = begin(0x36);
    inner.update(message);
    let mut outer = begin(0x5c);
    outer.update(&inner.finish());
    outer.finish()
}

#[cfg(test)]
mod tests {
    use super::{hmac, sha256};
    use crate::hex::hex;

    #[test]
    fn digests_are_those_of_openssl() {
        for length in [0, 1, 55, 64, 1000] {
            let bytes = vec![7; length];
            assert_eq!(sha256(&bytes), openssl::sha::sha256(&bytes), "{length}");
        }
    }

    /// RFC 4231, cases 1, 2, 3 and 6, and the lengths around a block against OpenSSL's own.
    #[test]
    fn tags_are_those_of_the_rfc_and_of_openssl() {
        for (key, message, tag) in [
            (
                vec![0x0b; 20],
                b"Hi There".to_vec(),
                "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7",
            ),
            (
                b"Jefe".to_vec(),
                b"what do ya want for nothing?".to_vec(),
                "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843",
            ),
            (
                vec![0xaa; 20],
                vec![0xdd; 50],
                "773ea91e36800e46854db8ebd09181a72959098b3ef8c122d9635514ced565fe",
            ),
            (
                vec![0xaa; 131],
                b"Test Using Larger Than Block-Size Key - Hash Key First".to_vec(),
                "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54",
            ),
        ] {
            assert_eq!(hex(&hmac(&key, &message)), tag);
        }
        for length in [1, 32, 63, 64, 65, 200] {
            let (key, message) = (vec![7; length], vec![9; length]);
            let own = openssl::pkey::PKey::hmac(&key).unwrap();
            let mut signer =
                openssl::sign::Signer::new(openssl::hash::MessageDigest::sha256(), &own).unwrap();
            let tag = signer.sign_oneshot_to_vec(&message).unwrap();
            assert_eq!(hmac(&key, &message).as_slice(), tag, "{length}");
        }
    }
}
