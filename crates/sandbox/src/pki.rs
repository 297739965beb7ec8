//! A throw-away certificate authority and one server certificate for the loopback names.
//!
//! Both live for thirty days. The authority's key never leaves this process, and nothing here adds the
//! authority to the trust of the machine.

use std::fs;
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::Path;
use std::time::{Duration, SystemTime};

use openssl::asn1::Asn1Time;
use openssl::bn::{BigNum, MsbOption};
use openssl::ec::{EcGroup, EcKey};
use openssl::error::ErrorStack;
use openssl::hash::MessageDigest;
use openssl::nid::Nid;
use openssl::pkey::{PKey, Private};
use openssl::x509::extension::{
    AuthorityKeyIdentifier, BasicConstraints, ExtendedKeyUsage, KeyUsage, SubjectAlternativeName,
    SubjectKeyIdentifier,
};
use openssl::x509::{X509, X509Builder, X509Extension, X509Name, X509NameRef};

/// What the servers show.
pub struct Pki {
    pub certificate: X509,
    pub key: PKey<Private>,
}

/// Makes `ca.crt`, `server.crt` and `server.key` in `dir`, which is made (0700) if it is missing.
pub fn make(dir: &Path) -> Result<Pki, String> {
    fs::DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(dir)
        .map_err(|error| format!("{} cannot be made: {error}", dir.display()))?;
    let made = pair().and_then(|(ca, server)| {
        let texts = [
            ("ca.crt", ca.to_pem()?),
            ("server.crt", server.certificate.to_pem()?),
            ("server.key", server.key.private_key_to_pem_pkcs8()?),
        ];
        Ok((texts, server))
    });
    let (texts, server) = made.map_err(|e| format!("certificate cannot be made: {e}"))?;
    for (name, text) in texts {
        write(&dir.join(name), &text)?;
    }
    Ok(server)
}

/// The authority's certificate and what the servers show.
fn pair() -> Result<(X509, Pki), ErrorStack> {
    let (name, localhost) = (name("sandbox certificate authority")?, name("localhost")?);
    let ca_key = key()?;
    let mut ca = begun(&name, &ca_key)?;
    ca.set_issuer_name(&name)?;
    let is_ca = BasicConstraints::new().critical().ca().pathlen(0).build()?;
    let mut usage = KeyUsage::new();
    let usage = usage.critical().key_cert_sign().crl_sign().build()?;
    let identifier = SubjectKeyIdentifier::new().build(&ca.x509v3_context(None, None))?;
    let ca = signed(ca, &[is_ca, usage, identifier], &ca_key)?;

    let key = key()?;
    let mut server = begun(&localhost, &key)?;
    server.set_issuer_name(&name)?;
    let context = server.x509v3_context(Some(&ca), None);
    let extensions = [
        SubjectAlternativeName::new()
            .dns("localhost")
            .ip("127.0.0.1")
            .ip("::1")
            .build(&context)?,
        KeyUsage::new().critical().digital_signature().build()?,
        ExtendedKeyUsage::new().server_auth().build()?,
        AuthorityKeyIdentifier::new().keyid(true).build(&context)?,
    ];
    let certificate = signed(server, &extensions, &ca_key)?;
    Ok((ca, Pki { certificate, key }))
}

fn key() -> Result<PKey<Private>, ErrorStack> {
    let group = EcGroup::from_curve_name(Nid::X9_62_PRIME256V1)?;
    PKey::from_ec_key(EcKey::generate(&group)?)
}

fn name(text: &str) -> Result<X509Name, ErrorStack> {
    let mut name = X509Name::builder()?;
    name.append_entry_by_nid(Nid::COMMONNAME, text)?;
    Ok(name.build())
}

/// A certificate that lacks its issuer, extensions and signature.
fn begun(name: &X509NameRef, key: &PKey<Private>) -> Result<X509Builder, ErrorStack> {
    const HOUR: Duration = Duration::from_secs(3600);
    let time = |time: SystemTime| {
        let since = time.duration_since(SystemTime::UNIX_EPOCH);
        let seconds = since.map_or(0, |since| since.as_secs());
        Asn1Time::from_unix(seconds.try_into().unwrap_or_default())
    };
    let now = SystemTime::now();
    let mut number = BigNum::new()?;
    number.rand(127, MsbOption::ONE, false)?;
    let mut certificate = X509::builder()?;
    // v3
    certificate.set_version(2)?;
    certificate.set_serial_number(number.to_asn1_integer()?.as_ref())?;
    certificate.set_subject_name(name)?;
    certificate.set_not_before(time(now - HOUR)?.as_ref())?;
    certificate.set_not_after(time(now + 30 * 24 * HOUR)?.as_ref())?;
    certificate.set_pubkey(key)?;
    Ok(certificate)
}

fn signed(
    mut certificate: X509Builder,
    extensions: &[X509Extension],
    key: &PKey<Private>,
) -> Result<X509, ErrorStack> {
    for extension in extensions {
        certificate.append_extension2(extension)?;
    }
    certificate.sign(key, MessageDigest::sha256())?;
    Ok(certificate.build())
}

/// Writes a file that only its owner can read, wholly or not at all.
pub fn write(path: &Path, text: &[u8]) -> Result<(), String> {
    let fail = |error: std::io::Error| format!("{} cannot be written: {error}", path.display());
    let part = path.with_extension("part");
    let _ = fs::remove_file(&part);
    let mut file = fs::OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(&part)
        .map_err(fail)?;
    std::io::Write::write_all(&mut file, text).map_err(fail)?;
    fs::rename(&part, path).map_err(fail)
}
