//! Files of certificates that are read as a whole, and the cache of what was in them.

use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::process;
use std::sync::{Arc, Mutex, MutexGuard, TryLockError};

use openssl::error::ErrorStack;
use openssl::ssl::SslContext;
use openssl::x509::X509;

use crate::plain::{self, Unusable};

/// The largest file that is read, in bytes; Debian's has 0.2 MiB.
const MAX: u64 = 8 * 1024 * 1024;

const UNUSABLE: &str =
    "the CA bundle has no usable certificate, or a broken one: OpenSSL uses none of it";

/// How many files are remembered.
const REMEMBERED: usize = 2;

/// The certificates of a PEM file, as OpenSSL reads it: one that is broken spoils the file.
#[derive(Debug)]
pub struct Authorities {
    certificates: Vec<X509>,
    /// The settings that trust these alone, and the process that made them: a forked child may find
    /// their locks held for ever.
    alone: Mutex<Option<(u32, SslContext)>>,
}

impl Authorities {
    fn read(file: &str) -> Result<Self, ErrorStack> {
        let mut builder = super::settings()?;
        builder.set_ca_file(file)?;
        let context = builder.build();
        let certificates = context.cert_store().all_certificates();
        Ok(Self {
            certificates: certificates.into_iter().collect(),
            alone: Mutex::new(Some((process::id(), context))),
        })
    }

    pub(super) fn certificates(&self) -> &[X509] {
        &self.certificates
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
    let opened = plain::open(bundle).and_then(|file| file.ok_or("it does not exist".to_owned()));
    let (_, about) = opened.map_err(|e| fault(format!("the CA bundle cannot be used: {e}")))?;
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
    let found = bundle
        .to_str()
        .ok_or("cannot use the CA bundle: its path is not UTF-8")
        .and_then(|path| Authorities::read(path).map_err(|_| UNUSABLE));
    let found = Arc::new(found.map_err(|reason| fault(reason.to_owned()))?);
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
