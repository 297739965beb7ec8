//! A private key in the place of a client secret: an application's own, as PEM with its certificate, or that of a
//! Google service account, as the JSON file that Google gives.
//!
//! It is kept like any other secret, as one line: a mark that no provider's secret has, and base64.

mod fit;

use base64::prelude::{BASE64_STANDARD, Engine};
use openssl::nid::Nid;
use openssl::pkey::{Id, PKey, Private};
use openssl::x509::X509;
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

pub(crate) use fit::by_key;

use crate::Secret;
use crate::clock::{Clock, SystemClock};
use crate::parameter::Parameter;
use crate::tls::seconds;

/// What a line begins with that is a key.
const MARK: &str = "pve-oauth2-key:";
/// The parameter that it is given as.
const NAME: &str = "oauth2-client-key";
/// The longest text, in bytes: so that its line has no more than a secret.
const MAX: usize = 12 * 1024;
/// What `type` is in Google's files.
const SERVICE_ACCOUNT: &str = "service_account";

/// A private key.
pub(crate) struct Key {
    pub(super) private: PKey<Private>,
    pub(super) certificate: Option<X509>,
    pub(super) service_account: Option<ServiceAccount>,
}

/// What counts of Google's file.
#[derive(Deserialize, Serialize)]
pub(super) struct ServiceAccount {
    r#type: String,
    pub(super) client_email: String,
    pub(super) client_id: String,
    pub(super) private_key_id: String,
    #[serde(serialize_with = "crate::secret::exposed")]
    private_key: Secret,
}

/// Whether it stands for a key.
pub(crate) fn is_key(secret: &Secret) -> bool {
    secret.expose().starts_with(MARK)
}

/// The line of a key, as it stands in a file of its own name: without the mark.
pub(crate) fn line(secret: &Secret) -> Option<&str> {
    secret.expose().strip_prefix(MARK)
}

/// The other way round.
pub(crate) fn of_line(line: &str) -> Secret {
    Secret::new(format!("{MARK}{line}"))
}

/// A key as somebody enters it: what is kept of it, and the client ID where it names one.
///
/// # Errors
/// [`Parameter`] `oauth2-client-key`, which quotes nothing.
pub(crate) fn entered(text: &Secret) -> Result<(Secret, Option<String>), Parameter> {
    let text = text.expose().trim();
    if text.len() > MAX {
        return Err(fault(format!("must not be longer than {MAX} bytes")));
    }
    let (key, kept) = if text.starts_with('{') {
        let key = Key::of_json(text)?;
        let kept = serde_json::to_vec(&key.service_account);
        (key, Zeroizing::new(kept.map_err(|_| unusable())?))
    } else {
        let key = Key::of_pem(text)?;
        let kept = key.to_pem()?;
        (key, kept)
    };
    key.check_strength()?;
    if key.ends().is_some_and(|end| end <= SystemClock.now()) {
        return Err(fault("has a certificate that has ended"));
    }
    let line = Zeroizing::new(BASE64_STANDARD.encode(&*kept));
    let client_id = key.service_account.map(|account| account.client_id);
    Ok((of_line(&line), client_id))
}

/// Without a service account nobody acts at Google but a person.
pub(crate) fn missing_service_account() -> Parameter {
    fault("is missing (needed with oauth2-grant-type 'jwt-bearer')")
        .fix("enter the JSON key file of a Google service account")
}

impl Key {
    /// A key as it is kept.
    ///
    /// # Errors
    /// As [`entered`].
    pub(crate) fn of(secret: &Secret) -> Result<Self, Parameter> {
        let line = line(secret).ok_or_else(unusable)?;
        let kept = BASE64_STANDARD.decode(line).map_err(|_| unusable())?;
        let kept = Zeroizing::new(kept);
        let text = std::str::from_utf8(&kept).map_err(|_| unusable())?;
        match text.starts_with('{') {
            true => Self::of_json(text),
            false => Self::of_pem(text),
        }
    }

    fn of_json(text: &str) -> Result<Self, Parameter> {
        let account: ServiceAccount = serde_json::from_str(text).map_err(|_| {
            fault("is JSON, but not a key file of a Google service account")
                .fix("create a key of type JSON in the Google Cloud console")
        })?;
        if account.r#type != SERVICE_ACCOUNT {
            return Err(fault(
                "is JSON, but not a key file of a Google service account",
            ));
        }
        let named = [
            &account.client_email,
            &account.client_id,
            &account.private_key_id,
        ];
        if named
            .into_iter()
            .any(|name| name.is_empty() || name.contains(char::is_control))
        {
            return Err(unusable());
        }
        let key = Self::of_pem(account.private_key.expose())?;
        Ok(Self {
            service_account: Some(account),
            ..key
        })
    }

    fn of_pem(text: &str) -> Result<Self, Parameter> {
        let blocks = blocks(text);
        let is_encrypted = |(label, block): &(&str, &str)| {
            *label == "ENCRYPTED PRIVATE KEY" || block.contains("Proc-Type: 4,ENCRYPTED")
        };
        if blocks.iter().any(is_encrypted) {
            return Err(fault("is encrypted")
                .fix("remove the passphrase: openssl pkey -in FILE -out NEWFILE"));
        }
        let of = |wanted: fn(&str) -> bool| {
            let blocks = blocks.iter().filter(move |(label, _)| wanted(label));
            blocks.map(|(_, block)| block.as_bytes())
        };
        let mut keys = of(|label| label.ends_with("PRIVATE KEY"));
        let private = keys.next().ok_or_else(|| {
            fault("has no private key")
                .fix("enter the PEM text of the key, then of its certificate")
        })?;
        if keys.next().is_some() {
            return Err(fault("has two private keys"));
        }
        // nobody is asked for a passphrase
        let private =
            PKey::private_key_from_pem_callback(private, |_| Ok(0)).map_err(|_| unusable())?;
        let mut certificates = of(|label| label.ends_with("CERTIFICATE")).peekable();
        let has_some = certificates.peek().is_some();
        let mut own = None;
        for certificate in certificates {
            let certificate = X509::from_pem(certificate)
                .map_err(|_| fault("has a certificate that cannot be read"))?;
            let is_own = certificate
                .public_key()
                .is_ok_and(|public| public.public_eq(&private));
            if is_own && own.is_none() {
                own = Some(certificate);
            }
        }
        if has_some && own.is_none() {
            return Err(fault("has the certificate of another key"));
        }
        Ok(Self {
            private,
            certificate: own,
            service_account: None,
        })
    }

    fn to_pem(&self) -> Result<Zeroizing<Vec<u8>>, Parameter> {
        let pem = self.private.private_key_to_pem_pkcs8();
        let mut pem = Zeroizing::new(pem.map_err(|_| unusable())?);
        if let Some(certificate) = &self.certificate {
            pem.extend(certificate.to_pem().map_err(|_| unusable())?);
        }
        Ok(pem)
    }

    fn check_strength(&self) -> Result<(), Parameter> {
        let is_strong = match self.private.id() {
            Id::RSA => self.private.bits() >= 2048,
            Id::EC => {
                let key = self.private.ec_key();
                key.is_ok_and(|key| key.group().curve_name() == Some(Nid::X9_62_PRIME256V1))
            }
            _ => false,
        };
        match is_strong {
            true => Ok(()),
            false => Err(fault(
                "must be an RSA key of at least 2048 bits or an EC key on the curve P-256",
            )),
        }
    }

    /// When its certificate ends, in seconds since the epoch.
    fn ends(&self) -> Option<i64> {
        seconds(self.certificate.as_ref()?.not_after())
    }
}

/// The blocks of a PEM text (RFC 7468), each with its label.
fn blocks(text: &str) -> Vec<(&str, &str)> {
    let mut blocks = Vec::new();
    let mut rest = text;
    while let Some(start) = rest.find("-----BEGIN ") {
        let from = rest.get(start..).unwrap_or_default();
        let label = from
            .strip_prefix("-----BEGIN ")
            .and_then(|text| text.split_once("-----"))
            .map_or("", |(label, _)| label);
        let end = format!("-----END {label}-----");
        let Some(length) = from.find(&end).map(|at| at + end.len()) else {
            break;
        };
        let (block, behind) = from.split_at(length);
        blocks.push((label, block));
        rest = behind;
    }
    blocks
}

fn fault(reason: impl Into<String>) -> Parameter {
    Parameter::new(NAME, reason)
}

fn unusable() -> Parameter {
    fault("is not a private key in PEM form, nor a key file of a Google service account")
}

#[cfg(test)]
pub(super) mod tests;
