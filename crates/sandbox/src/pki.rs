//! A throw-away certificate authority and one server certificate for the loopback names.
//!
//! Both live for two days. The authority's key never leaves this process, and nothing here adds the
//! authority to the trust of the machine.

use std::fs;
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::Path;
use std::time::{Duration, SystemTime};

use rcgen::{
    BasicConstraints, CertificateParams, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair,
    KeyUsagePurpose,
};

/// PEM texts of what was made.
pub struct Pki {
    pub certificate: String,
    pub key: String,
}

/// Makes `ca.crt`, `server.crt` and `server.key` in `dir`, which is made (0700) if it is missing.
pub fn make(dir: &Path) -> Result<Pki, String> {
    let fail = |error: &dyn std::fmt::Display| format!("certificate cannot be made: {error}");
    fs::DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(dir)
        .map_err(|error| format!("{} cannot be made: {error}", dir.display()))?;

    let mut ca = params("sandbox certificate authority", Vec::new()).map_err(|e| fail(&e))?;
    ca.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
    ca.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    let ca_key = KeyPair::generate().map_err(|e| fail(&e))?;
    let ca_certificate = ca.self_signed(&ca_key).map_err(|e| fail(&e))?;
    let issuer = Issuer::new(ca, ca_key);

    let names = ["localhost", "127.0.0.1", "::1"].map(String::from).to_vec();
    let mut server = params("localhost", names).map_err(|e| fail(&e))?;
    server.key_usages = vec![KeyUsagePurpose::DigitalSignature];
    server.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
    server.use_authority_key_identifier_extension = true;
    let server_key = KeyPair::generate().map_err(|e| fail(&e))?;
    let certificate = server
        .signed_by(&server_key, &issuer)
        .map_err(|e| fail(&e))?;

    let pki = Pki {
        certificate: certificate.pem(),
        key: server_key.serialize_pem(),
    };
    write(&dir.join("ca.crt"), &ca_certificate.pem())?;
    write(&dir.join("server.crt"), &pki.certificate)?;
    write(&dir.join("server.key"), &pki.key)?;
    Ok(pki)
}

fn params(name: &str, names: Vec<String>) -> Result<CertificateParams, rcgen::Error> {
    const HOUR: Duration = Duration::from_secs(3600);
    let mut params = CertificateParams::new(names)?;
    params.distinguished_name = rcgen::DistinguishedName::new();
    params.distinguished_name.push(DnType::CommonName, name);
    params.not_before = (SystemTime::now() - HOUR).into();
    params.not_after = (SystemTime::now() + 48 * HOUR).into();
    Ok(params)
}

/// Writes a file that only its owner can read, wholly or not at all.
pub fn write(path: &Path, text: &str) -> Result<(), String> {
    let fail = |error: std::io::Error| format!("{} cannot be written: {error}", path.display());
    let part = path.with_extension("part");
    let _ = fs::remove_file(&part);
    let mut file = fs::OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(&part)
        .map_err(fail)?;
    std::io::Write::write_all(&mut file, text.as_bytes()).map_err(fail)?;
    fs::rename(&part, path).map_err(fail)
}
