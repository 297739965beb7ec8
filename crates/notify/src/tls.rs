//! Whom we trust: what OpenSSL's own client trusts on this machine, with the security level and the
//! settings of its `openssl.cnf`.
//!
//! Serves every protocol. Reading a bundle of some 140 certificates takes longer than many handshakes,
//! so by default an authority is looked up in the hashed folder when a server's chain names it, and
//! only a second look, before an authority is refused as unknown, reads the bundle as well. A file that
//! the environment names comes first, its folders at the second look. Files that are read as a whole
//! are kept and read anew when they change. That cache is the one piece of global state; it holds
//! nothing secret, and nobody ever waits for it: a call that finds it in use (also for ever, as in a
//! child forked at the wrong moment) reads the file itself. What was found in a folder is kept for one
//! delivery at most. The targets of one delivery have a `Shared` of their own, at which they do wait for
//! the one of them that reads.

mod authorities;

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::{env, io};

use openssl::asn1::{Asn1Time, Asn1TimeRef};
use openssl::error::ErrorStack;
use openssl::ssl::{
    SslContext, SslContextBuilder, SslFiletype, SslMethod, SslOptions, SslSessionCacheMode,
    SslVerifyMode,
};
use openssl::x509::store::X509Lookup;

pub use authorities::{Authorities, authorities};

use crate::plain::Unusable;

/// `SSL_OP_CLEANSE_PLAINTEXT`, which crate openssl does not name: no secret stays in a buffer that the
/// library has read.
const CLEANSE_PLAINTEXT: SslOptions = SslOptions::from_bits_retain(1 << 1);

/// Which authorities count.
#[derive(Clone, Debug)]
pub(crate) enum Trust {
    /// Those of this file alone.
    Only(PathBuf),
    /// Those of the system.
    System(Places),
}

/// Where the system's authorities are, as OpenSSL finds it out. An empty name in the environment means
/// that there are none.
#[derive(Clone, Debug)]
pub(crate) struct Places {
    /// What `SSL_CERT_FILE` names.
    file: Option<PathBuf>,
    /// What `SSL_CERT_DIR` names: folders with a colon between them.
    folders: Option<String>,
}

impl Trust {
    /// The system's authorities as the environment has them.
    pub(crate) fn of_system() -> Self {
        let folders = env::var_os("SSL_CERT_DIR");
        Self::System(Places {
            file: env::var_os("SSL_CERT_FILE").map(PathBuf::from),
            folders: folders.map(|value| value.to_string_lossy().into_owned()),
        })
    }

    /// As a process has it whose `SSL_CERT_FILE` names this and whose `SSL_CERT_DIR` is empty.
    #[cfg(test)]
    pub(crate) fn of_file(file: PathBuf) -> Self {
        Self::System(Places {
            file: Some(file),
            folders: Some(String::new()),
        })
    }

    /// The settings of a first look.
    fn first(&self) -> Result<Known, Unusable> {
        match self {
            Self::Only(file) => known(authorities(file)?.context(), false),
            Self::System(places) => match places.file.as_deref().map(authorities) {
                Some(Ok(file)) => known(file.context(), true),
                // a file that cannot be used is told when it is missed
                None | Some(Err(_)) => known(context(&[], places.folders().as_deref()), true),
            },
        }
    }

    /// The settings of a second look; `None` where there is nothing more to find.
    fn second(&self) -> Result<Option<Known>, Unusable> {
        let Self::System(places) = self else {
            return Ok(None);
        };
        let Some(bundle) = places.bundle()? else {
            return Ok(None);
        };
        let context = context(&[&bundle], places.folders().as_deref());
        known(context, false).map(Some)
    }
}

impl Places {
    fn folders(&self) -> Option<String> {
        let folders = self.folders.clone().unwrap_or_else(|| {
            let folder = Path::new(openssl_folder()).join("certs");
            folder.to_string_lossy().into_owned()
        });
        Some(folders).filter(|folders| !folders.is_empty())
    }

    /// The file that counts beside the folders, if there is one. One that was named has to be usable.
    fn bundle(&self) -> Result<Option<Arc<Authorities>>, Unusable> {
        match &self.file {
            Some(file) if file.as_os_str().is_empty() => Ok(None),
            Some(file) => authorities(file).map(Some),
            None => Ok(authorities(&Path::new(openssl_folder()).join("cert.pem")).ok()),
        }
    }
}

/// The settings of one look, and whether a second one may find more.
#[derive(Clone, Debug)]
struct Known {
    context: SslContext,
    more: bool,
}

/// The settings of one delivery, made once although all its targets ask at the same time.
#[derive(Debug, Default)]
pub(crate) struct Shared {
    first: Mutex<Option<Known>>,
    second: Mutex<Option<Known>>,
}

/// The settings for one attempt at a connection.
#[derive(Debug)]
pub(crate) struct Client {
    context: SslContext,
    more: bool,
    missed: AtomicBool,
}

impl Client {
    /// For an attempt with a first look at authorities.
    pub(crate) fn first(trust: &Trust, shared: &Shared) -> Result<Self, Unusable> {
        let mut place = shared.first.lock().unwrap_or_else(PoisonError::into_inner);
        let known = match &mut *place {
            Some(known) => known.clone(),
            none => none.insert(trust.first()?).clone(),
        };
        Ok(Self::new(known))
    }

    /// For an attempt with a second look; `None` where it could find nothing more.
    pub(crate) fn second(trust: &Trust, shared: &Shared) -> Result<Option<Self>, Unusable> {
        let mut place = shared.second.lock().unwrap_or_else(PoisonError::into_inner);
        if place.is_none() {
            *place = trust.second()?;
        }
        Ok(place.clone().map(Self::new))
    }

    fn new(Known { context, more }: Known) -> Self {
        Self {
            context,
            more,
            missed: AtomicBool::new(false),
        }
    }

    pub(crate) fn context(&self) -> &SslContext {
        &self.context
    }

    /// Notes that an authority which more certificates may have made known was refused.
    pub(crate) fn miss(&self) {
        self.missed.store(true, Ordering::Relaxed);
    }

    /// Whether a second look may end otherwise.
    pub(crate) fn wants_more(&self) -> bool {
        self.more && self.missed.load(Ordering::Relaxed)
    }
}

fn known(context: Result<SslContext, ErrorStack>, more: bool) -> Result<Known, Unusable> {
    let context = context.map_err(|stack| {
        let reason = format!("TLS cannot be set up: {}", reason(&stack));
        Unusable::new(openssl_folder(), reason)
    })?;
    Ok(Known { context, more })
}

/// Settings that trust nobody yet. Versions, suites and the security level are OpenSSL's own and the
/// administrator's; no session is kept from one connection to the next, since parent and forked children
/// would use the same tickets.
fn settings() -> Result<SslContextBuilder, ErrorStack> {
    let mut builder = SslContextBuilder::new(SslMethod::tls_client())?;
    builder.set_verify(SslVerifyMode::PEER);
    builder.set_session_cache_mode(SslSessionCacheMode::OFF);
    builder.set_options(SslOptions::NO_TICKET | SslOptions::NO_RENEGOTIATION | CLEANSE_PLAINTEXT);
    // an answer that was cut short must be told from one that has ended
    builder.clear_options(SslOptions::IGNORE_UNEXPECTED_EOF);
    builder.set_read_ahead(true);
    Ok(builder)
}

fn context(files: &[&Authorities], folders: Option<&str>) -> Result<SslContext, ErrorStack> {
    let mut builder = settings()?;
    let store = builder.cert_store_mut();
    for certificate in files.iter().flat_map(|file| file.certificates()) {
        store.add_cert(certificate.clone())?;
    }
    if let Some(folders) = folders {
        store
            .add_lookup(X509Lookup::hash_dir())?
            .add_dir(folders, SslFiletype::PEM)?;
    }
    Ok(builder.build())
}

/// The folder that OpenSSL was built for, `/usr/lib/ssl` in Debian.
fn openssl_folder() -> &'static str {
    openssl::version::dir()
        .split('"')
        .nth(1)
        .unwrap_or("/usr/lib/ssl")
}

/// A moment of a certificate, in seconds since the epoch.
pub(crate) fn seconds(time: &Asn1TimeRef) -> Option<i64> {
    let difference = Asn1Time::from_unix(0).ok()?.diff(time).ok()?;
    Some(i64::from(difference.days) * 86_400 + i64::from(difference.secs))
}

/// What OpenSSL says about a failure, without the places of its source.
pub(crate) fn reason(stack: &ErrorStack) -> &'static str {
    let reason = stack.errors().iter().find_map(|error| error.reason());
    reason.unwrap_or("OpenSSL gives no reason")
}

/// The same as a failure of the system.
pub(crate) fn failure(stack: &ErrorStack) -> io::Error {
    io::Error::other(reason(stack))
}
