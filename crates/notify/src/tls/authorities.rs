//! Files of certificates that are read as a whole, and the cache of what was in them.

use std::io::Read;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::process;
use std::sync::{Arc, Mutex, MutexGuard, TryLockError};

use openssl::error::ErrorStack;
use openssl::ssl::{SslContext, SslFiletype};
use openssl::x509::X509;
use openssl::x509::store::{X509Lookup, X509StoreBuilderRef};

use crate::plain::{self, Unusable};

/// The largest file that is read, in bytes; Debian's has 0.2 MiB.
const MAX: u64 = 8 * 1024 * 1024;

/// How many files are remembered.
const REMEMBERED: usize = 2;

/// The first line of a certificate with settings of its own for what it is trusted, as
/// `openssl x509 -addtrust` makes it.
const WITH_SETTINGS: &[u8] = b"-----BEGIN TRUSTED CERTIFICATE-----";

/// The first lines of others.
const PLAIN: [&[u8]; 2] = [
    b"-----BEGIN CERTIFICATE-----",
    b"-----BEGIN X509 CERTIFICATE-----",
];

/// The certificates of a PEM file.
#[derive(Debug)]
pub struct Authorities {
    certificates: Vec<X509>,
    /// The file itself, where it has some that only OpenSSL's own reader of files can read; crate
    /// openssl takes no other path than one of UTF-8.
    others: Option<String>,
    /// The settings that trust these alone, and the process that made them: a forked child may find
    /// their locks held for ever.
    alone: Mutex<Option<(u32, SslContext)>>,
}

impl Authorities {
    pub(super) fn add_to(&self, store: &mut X509StoreBuilderRef) -> Result<(), ErrorStack> {
        for certificate in &self.certificates {
            store.add_cert(certificate.clone())?;
        }
        if let Some(file) = &self.others {
            // ends at the first that is broken
            let _ = store
                .add_lookup(X509Lookup::file())?
                .load_cert_file(file, SslFiletype::PEM);
        }
        Ok(())
    }

    fn parse(pem: &[u8], file: &Path) -> Result<Self, String> {
        // as OpenSSL: of a file with a certificate that it cannot read it takes none
        let is_plain = |block: &&[u8]| PLAIN.iter().any(|line| block.starts_with(line));
        let certificates: Result<Vec<_>, _> =
            blocks(pem).filter(is_plain).map(X509::from_pem).collect();
        let certificates = certificates
            .map_err(|_| "the CA bundle holds a certificate that cannot be read".to_owned())?;
        let has_others = blocks(pem).any(|block| block.starts_with(WITH_SETTINGS));
        if certificates.is_empty() && !has_others {
            return Err("the CA bundle holds no usable certificate".to_owned());
        }
        Ok(Self {
            certificates,
            others: file.to_str().filter(|_| has_others).map(str::to_owned),
            alone: Mutex::default(),
        })
    }

    /// The settings that trust these alone.
    pub(super) fn context(&self) -> Result<SslContext, ErrorStack> {
        let mut kept = unless_in_use(&self.alone);
        match kept.as_deref() {
            Some(Some((process, context))) if *process == process::id() => Ok(context.clone()),
            _ => {
                let context = super::context(&[self], None)?;
                if let Some(kept) = kept.as_deref_mut() {
                    *kept = Some((process::id(), context.clone()));
                }
                Ok(context)
            }
        }
    }
}

/// What tells one content of a file from another.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Stamp {
    path: PathBuf,
    device: u64,
    inode: u64,
    size: u64,
    changed: (i64, i64),
}

static CACHE: Mutex<Vec<(Stamp, Arc<Authorities>)>> = Mutex::new(Vec::new());

/// The certificates of authorities in `bundle`, read anew when the file has changed.
///
/// # Errors
/// [`Unusable`] if the bundle cannot be read or holds no usable certificate.
pub fn authorities(bundle: &Path) -> Result<Arc<Authorities>, Unusable> {
    let fault = |reason: String| Unusable::new(bundle, reason);
    let opened =
        plain::open(bundle).and_then(|file| file.ok_or("there is no such file".to_owned()));
    let (file, about) = opened.map_err(|e| fault(format!("the CA bundle cannot be used: {e}")))?;
    if about.len() > MAX {
        return Err(fault("the CA bundle is larger than 8 MiB".to_owned()));
    }
    let stamp = Stamp {
        path: bundle.to_owned(),
        device: about.dev(),
        inode: about.ino(),
        size: about.len(),
        changed: (about.mtime(), about.mtime_nsec()),
    };
    let mut cache = unless_in_use(&CACHE);
    let known = cache
        .iter()
        .flat_map(|cache| cache.iter())
        .find(|(seen, _)| *seen == stamp);
    if let Some((_, known)) = known {
        return Ok(Arc::clone(known));
    }
    let mut pem = Vec::new();
    file.take(MAX)
        .read_to_end(&mut pem)
        .map_err(|e| fault(format!("cannot read the CA bundle: {e}")))?;
    let found = Arc::new(Authorities::parse(&pem, bundle).map_err(fault)?);
    if let Some(cache) = cache.as_deref_mut() {
        cache.retain(|(seen, _)| seen.path != stamp.path);
        if cache.len() >= REMEMBERED {
            cache.remove(0);
        }
        cache.push((stamp, Arc::clone(&found)));
    }
    Ok(found)
}

fn unless_in_use<T>(kept: &Mutex<T>) -> Option<MutexGuard<'_, T>> {
    match kept.try_lock() {
        Ok(guard) => Some(guard),
        // whatever panicked left whole entries
        Err(TryLockError::Poisoned(error)) => Some(error.into_inner()),
        Err(TryLockError::WouldBlock) => None,
    }
}

/// The blocks of a PEM file, each from its first line to its last.
fn blocks(pem: &[u8]) -> impl Iterator<Item = &[u8]> {
    let mut begin = None;
    let mut end = 0;
    pem.split_inclusive(|&byte| byte == b'\n')
        .filter_map(move |line| {
            let start = end;
            end += line.len();
            if line.starts_with(b"-----BEGIN ") {
                begin = Some(start);
                return None;
            }
            if !line.starts_with(b"-----END ") {
                return None;
            }
            pem.get(begin.take()?..end)
        })
}

#[cfg(test)]
mod tests {
    use super::blocks;

    #[test]
    fn blocks_begin_and_end_with_their_lines() {
        let found = |text: &'static str| {
            let blocks = blocks(text.as_bytes());
            blocks
                .map(|block| String::from_utf8_lossy(block).into_owned())
                .collect::<Vec<_>>()
        };
        assert_eq!(
            found(
                "# a\n-----BEGIN A-----\nx\n-----END A-----\ny\n-----BEGIN B-----\n-----END B-----"
            ),
            [
                "-----BEGIN A-----\nx\n-----END A-----\n",
                "-----BEGIN B-----\n-----END B-----"
            ]
        );
        // an end without a beginning, and a beginning within a block
        assert_eq!(
            found("-----END A-----\n-----BEGIN A-----\n-----BEGIN B-----\n-----END B-----\n"),
            ["-----BEGIN B-----\n-----END B-----\n"]
        );
        assert!(found("").is_empty() && found("-----BEGIN A-----\n").is_empty());
    }
}
