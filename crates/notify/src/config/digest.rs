//! The digest that guards against lost updates.
//!
//! It is the SHA-256 of the raw public file. The two files of ours count once something stands in
//! them; records of writes (`binding`) are no configuration and never count.

use openssl::sha::Sha256;

use super::section::Section;
use super::{Config, Error, Raw, binding};
use crate::hex::hex;

/// Between two files; no byte of UTF-8.
const BETWEEN: [u8; 1] = [0xff];

pub(super) fn of(raw: &Raw<'_>, private_ext: &[Section<'_>]) -> String {
    let mut context = Sha256::new();
    context.update(raw.public.as_bytes());
    let sections = private_ext.iter().filter(|s| s.kind != binding::KIND);
    let private_ext: String = sections.map(|section| section.text).collect();
    if !raw.ext.trim().is_empty() || !private_ext.is_empty() {
        context.update(&BETWEEN);
        context.update(raw.ext.as_bytes());
        context.update(&BETWEEN);
        context.update(private_ext.as_bytes());
    }
    hex(&context.finish())
}

impl Config {
    /// Whether the files are still those that the caller has seen; no digest means no question.
    ///
    /// # Errors
    /// [`Error::InvalidDigest`] and [`Error::Modified`].
    pub fn check_digest(&self, digest: Option<&str>) -> Result<(), Error> {
        let Some(digest) = digest else { return Ok(()) };
        if !digest.bytes().all(|byte| byte.is_ascii_hexdigit()) {
            return Err(Error::InvalidDigest("not hexadecimal digits"));
        }
        if digest.len() != 64 {
            return Err(Error::InvalidDigest("must have 64 hexadecimal digits"));
        }
        if !digest.eq_ignore_ascii_case(&self.digest) {
            return Err(Error::Modified);
        }
        Ok(())
    }
}
