//! Whom we trust: rustls with the CA certificates of a PEM bundle of the system.
//!
//! Serves every protocol. Parsing some 140 certificates takes longer than a handshake, so the last
//! result is kept and made anew when the file changes. The cache is the one piece of global state;
//! it holds nothing secret, and nobody ever waits for it: a call that finds it in use (also for ever,
//! as in a child forked at the wrong moment) reads the bundle itself. The targets of one delivery have
//! a `Shared` of their own, at which they do wait for the one of them that reads.

use std::io::Read;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError, TryLockError};

use rustls::client::Resumption;
use rustls::crypto::ring::default_provider;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use rustls::{ClientConfig, RootCertStore};

use crate::plain::{self, Unusable};

/// The largest bundle that is read, in bytes; Debian's has 0.2 MiB.
const MAX: u64 = 8 * 1024 * 1024;

/// What tells one content of the bundle from another.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Stamp {
    path: PathBuf,
    device: u64,
    inode: u64,
    size: u64,
    changed: (i64, i64),
}

static CACHE: Mutex<Option<(Stamp, Arc<ClientConfig>)>> = Mutex::new(None);

/// The TLS settings of a client that trusts the CA certificates in `bundle`: TLS 1.2 and 1.3, no
/// client certificate, no session kept from one connection to the next (parent and forked children
/// would use the same tickets).
///
/// # Errors
/// [`Unusable`] if the bundle cannot be read or holds no usable certificate.
pub fn client_config(bundle: &Path) -> Result<Arc<ClientConfig>, Unusable> {
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
    let mut cache = match CACHE.try_lock() {
        Ok(guard) => Some(guard),
        // whatever panicked left a whole entry or none
        Err(TryLockError::Poisoned(error)) => Some(error.into_inner()),
        Err(TryLockError::WouldBlock) => None,
    };
    if let Some(Some((seen, config))) = cache.as_deref() {
        if *seen == stamp {
            return Ok(Arc::clone(config));
        }
    }
    let mut pem = Vec::new();
    file.take(MAX)
        .read_to_end(&mut pem)
        .map_err(|e| fault(format!("cannot read the CA bundle: {e}")))?;
    let config = Arc::new(build(&pem).map_err(fault)?);
    if let Some(cache) = cache.as_deref_mut() {
        *cache = Some((stamp, Arc::clone(&config)));
    }
    Ok(config)
}

/// The settings of one delivery, found out once although all its targets ask at the same time.
#[derive(Debug, Default)]
pub(crate) struct Shared(Mutex<Option<Arc<ClientConfig>>>);

impl Shared {
    /// As [`client_config`].
    pub(crate) fn client_config(&self, bundle: &Path) -> Result<Arc<ClientConfig>, Unusable> {
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(config) = known.as_ref() {
            return Ok(Arc::clone(config));
        }
        let config = client_config(bundle)?;
        *known = Some(Arc::clone(&config));
        Ok(config)
    }
}

fn build(pem: &[u8]) -> Result<ClientConfig, String> {
    let mut roots = RootCertStore::empty();
    // what an admin added may be broken or of an old kind: the others still count
    roots.add_parsable_certificates(CertificateDer::pem_slice_iter(pem).filter_map(Result::ok));
    if roots.is_empty() {
        return Err("the CA bundle holds no usable certificate".to_owned());
    }
    let mut config = ClientConfig::builder_with_provider(Arc::new(default_provider()))
        .with_safe_default_protocol_versions()
        .map_err(|error| format!("TLS cannot be set up: {error}"))?
        .with_root_certificates(roots)
        .with_no_client_auth();
    config.resumption = Resumption::disabled();
    Ok(config)
}
