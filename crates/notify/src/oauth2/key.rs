//! A private key in the place of a client secret: an application's own, as PEM with its certificate, or that of a
//! Google service account, as the JSON file that Google gives.
//!
//! It is kept like any other secret, as one line: a mark that no provider's secret has, and base64.

use base64::prelude::{BASE64_STANDARD, Engine};
use openssl::nid::Nid;
use openssl::pkey::{Id, PKey, Private};
use openssl::x509::X509;
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use super::ClientAuth;
use super::assertion::Alg;
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
const GOOGLE: &str = "google-oauth2";
const MICROSOFT: &str = "microsoft-oauth2";

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

/// A login by a key.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct ByKey {
    pub(crate) auth: ClientAuth,
    /// When its certificate ends, in seconds since the epoch.
    pub(crate) ends: Option<i64>,
}

/// How an application logs in that has this secret: by its key, if it is one; none for a secret as such. `set` is
/// the kind of signature, by its name.
///
/// # Errors
/// [`Parameter`] of the setting that does not fit to the others.
pub(crate) fn client_auth(
    secret: &Secret,
    (method, app_only): (&str, bool),
    set: Option<&str>,
) -> Result<Option<ByKey>, Parameter> {
    let set = set.map(Alg::named).transpose()?;
    let is_google_grant = app_only && method == GOOGLE;
    if !is_key(secret) {
        return match is_google_grant {
            true => Err(missing_service_account()),
            false => Ok(None),
        };
    }
    let key = Key::of(secret)?;
    let alg = key.alg(method, set)?;
    match (key.service_account.is_some(), is_google_grant) {
        (true, true) => Ok(Some(ByKey {
            auth: ClientAuth::Bearer,
            ends: None,
        })),
        (true, false) => {
            let reason = "must be 'jwt-bearer' with the key of a service account";
            Err(Parameter::new("oauth2-grant-type", reason))
        }
        (false, _) => Ok(Some(ByKey {
            auth: ClientAuth::Assertion(alg),
            ends: key.ends(),
        })),
    }
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

    /// Whether such a provider takes such a key, and signatures of this kind; the kind where none is named.
    fn alg(&self, method: &str, set: Option<Alg>) -> Result<Alg, Parameter> {
        let is_rsa = self.private.id() == Id::RSA;
        let is_google_key = self.service_account.is_some();
        match method {
            GOOGLE if !is_google_key => {
                let reason = "is not a key file of a Google service account";
                return Err(fault(reason));
            }
            GOOGLE => {}
            _ if is_google_key => {
                let reason = "is a key file of a Google service account";
                return Err(fault(reason).fix("use it with auth-method 'google-oauth2'"));
            }
            MICROSOFT if !is_rsa => {
                return Err(fault("must be an RSA key, which alone the provider takes"));
            }
            MICROSOFT if self.certificate.is_none() => {
                let reason = "has no certificate, which the provider knows the key by";
                return Err(fault(reason).fix("enter the certificate's PEM text behind the key"));
            }
            _ => {}
        }
        let fitting: &[Alg] = match (is_rsa, is_google_key) {
            (_, true) => &[Alg::Rs256],
            (false, _) => &[Alg::Es256],
            (true, _) if method == MICROSOFT => &[Alg::Ps256, Alg::Rs256],
            (true, _) => &[Alg::Rs256, Alg::Ps256],
        };
        match set {
            None => Ok(fitting.first().copied().unwrap_or(Alg::Rs256)),
            Some(set) if fitting.contains(&set) => Ok(set),
            Some(set) => {
                let names: Vec<&str> = fitting.iter().map(|alg| alg.name()).collect();
                let reason = format!(
                    "'{}' does not fit the key; use {}",
                    set.name(),
                    names.join(" or ")
                );
                Err(Parameter::new("oauth2-assertion-alg", reason))
            }
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
pub(super) mod tests {
    use openssl::asn1::Asn1Time;
    use openssl::ec::{EcGroup, EcKey};
    use openssl::hash::MessageDigest;
    use openssl::rsa::Rsa;
    use openssl::symm::Cipher;
    use serde_json::json;

    use super::*;

    pub(in crate::oauth2) fn rsa(bits: u32) -> PKey<Private> {
        PKey::from_rsa(Rsa::generate(bits).unwrap()).unwrap()
    }

    pub(in crate::oauth2) fn ec(curve: Nid) -> PKey<Private> {
        let group = EcGroup::from_curve_name(curve).unwrap();
        PKey::from_ec_key(EcKey::generate(&group).unwrap()).unwrap()
    }

    pub(in crate::oauth2) fn pem(key: &PKey<Private>) -> String {
        String::from_utf8(key.private_key_to_pem_pkcs8().unwrap()).unwrap()
    }

    /// A certificate of the key that ends at this moment.
    pub(in crate::oauth2) fn certificate(key: &PKey<Private>, end: i64) -> String {
        let mut builder = X509::builder().unwrap();
        let begin = Asn1Time::from_unix(0).unwrap();
        let end = Asn1Time::from_unix(end).unwrap();
        builder.set_not_before(&begin).unwrap();
        builder.set_not_after(&end).unwrap();
        builder.set_pubkey(key).unwrap();
        builder.sign(key, MessageDigest::sha256()).unwrap();
        String::from_utf8(builder.build().to_pem().unwrap()).unwrap()
    }

    pub(in crate::oauth2) fn google(key: &PKey<Private>) -> String {
        json!({
            "type": "service_account", "project_id": "mail", "private_key_id": "0123abcd",
            "private_key": pem(key), "client_email": "pve@mail.iam.gserviceaccount.com",
            "client_id": "1234567890", "auth_uri": "https://accounts.google.com/o/oauth2/auth",
            "token_uri": "https://oauth2.googleapis.com/token",
        })
        .to_string()
    }

    pub(in crate::oauth2) fn kept(text: &str) -> Secret {
        entered(&Secret::new(text)).unwrap().0
    }

    const LATER: i64 = 4_000_000_000;

    #[test]
    fn a_key_is_kept_as_one_line_and_read_from_it() {
        let key = rsa(2048);
        let own = certificate(&key, LATER);
        let other = certificate(&rsa(2048), LATER);
        let text = pem(&key);
        for text in [
            format!("{text}{own}"),
            format!("{own}\r\n{text}"),
            format!("Bag Attributes\n{other}{own}{text}"),
            format!("\n  {text}{own}{other}\n").replace('\n', "\r\n"),
        ] {
            let (line, client) = entered(&Secret::new(text.as_str())).unwrap();
            assert!(is_key(&line) && !line.expose().contains('\n'));
            assert_eq!(client, None);
            let read = Key::of(&line).unwrap();
            assert!(read.private.public_eq(&key));
            assert_eq!(read.ends(), Some(LATER));
        }
        let (line, client) = entered(&Secret::new(google(&key))).unwrap();
        assert_eq!(client.as_deref(), Some("1234567890"));
        let account = Key::of(&line).unwrap().service_account.unwrap();
        assert_eq!(account.private_key_id, "0123abcd");
        assert!(!is_key(&Secret::new("s3cr3t")));
    }

    #[test]
    fn what_is_no_usable_key_is_refused_without_quoting_it() {
        let key = rsa(2048);
        let (text, own) = (pem(&key), certificate(&key, LATER));
        let other = certificate(&rsa(2048), LATER);
        let encrypted = key.private_key_to_pem_pkcs8_passphrase(Cipher::aes_256_cbc(), b"pass");
        let encrypted = String::from_utf8(encrypted.unwrap()).unwrap();
        let old = key.rsa().unwrap();
        let old = old.private_key_to_pem_passphrase(Cipher::aes_256_cbc(), b"pass");
        let old = String::from_utf8(old.unwrap()).unwrap();
        let public = String::from_utf8(key.public_key_to_pem().unwrap()).unwrap();
        for (text, reason) in [
            (encrypted, "is encrypted"),
            (old, "is encrypted"),
            (own.clone(), "has no private key"),
            (public, "has no private key"),
            ("canary".to_owned(), "has no private key"),
            (format!("{text}{text}"), "has two private keys"),
            (format!("{text}{other}"), "certificate of another key"),
            (
                format!("{text}{}", certificate(&key, 1_700_000_000)),
                "certificate that has ended",
            ),
            (
                format!("{text}-----BEGIN CERTIFICATE-----\ncanary\n-----END CERTIFICATE-----\n"),
                "certificate that cannot be read",
            ),
            (pem(&rsa(1024)), "at least 2048 bits"),
            (pem(&ec(Nid::SECP384R1)), "on the curve P-256"),
            (
                "-----BEGIN PRIVATE KEY-----\ncanary\n-----END PRIVATE KEY-----".to_owned(),
                "is not a private key",
            ),
            ("{\"canary\":1}".to_owned(), "is JSON, but not a key file"),
            (
                google(&key).replace("service_account", "authorized_user"),
                "is JSON, but not a key file",
            ),
            (
                google(&key).replace("PRIVATE KEY", "CANARY"),
                "has no private key",
            ),
            ("canary".repeat(4000), "must not be longer"),
        ] {
            let error = entered(&Secret::new(text)).unwrap_err();
            assert_eq!(error.name, NAME);
            let told = error.to_string();
            assert!(told.contains(reason), "{told}: {reason}");
            assert!(!told.to_ascii_lowercase().contains("canary"), "{told}");
        }
    }

    #[test]
    fn providers_take_the_keys_and_signatures_that_they_know() {
        let (rsa, ec) = (rsa(2048), ec(Nid::X9_62_PRIME256V1));
        let own = certificate(&rsa, LATER);
        let with = kept(&format!("{}{own}", pem(&rsa)));
        let (bare, curve) = (kept(&pem(&rsa)), kept(&pem(&ec)));
        let (google, plain) = (kept(&google(&rsa)), Secret::new("s3cr3t"));
        let auth = |alg| Ok(Some(ClientAuth::Assertion(alg)));
        let bearer = Ok(Some(ClientAuth::Bearer));
        let (custom, app) = ("custom-oauth2", true);
        for (secret, method, app, set, wanted) in [
            (&with, MICROSOFT, app, None, auth(Alg::Ps256)),
            (&with, MICROSOFT, false, None, auth(Alg::Ps256)),
            (&with, MICROSOFT, app, Some("RS256"), auth(Alg::Rs256)),
            (
                &with,
                MICROSOFT,
                app,
                Some("ES256"),
                Err("does not fit the key"),
            ),
            (&with, MICROSOFT, app, Some("HS256"), Err("unknown value")),
            (&bare, MICROSOFT, app, None, Err("has no certificate")),
            (&curve, MICROSOFT, app, None, Err("must be an RSA key")),
            (&google, MICROSOFT, app, None, Err("key file of a Google")),
            (&bare, custom, app, None, auth(Alg::Rs256)),
            (&bare, custom, app, Some("PS256"), auth(Alg::Ps256)),
            (&curve, custom, app, None, auth(Alg::Es256)),
            (
                &curve,
                custom,
                app,
                Some("RS256"),
                Err("does not fit the key"),
            ),
            (&google, custom, app, None, Err("key file of a Google")),
            (&google, GOOGLE, app, None, bearer),
            (
                &google,
                GOOGLE,
                app,
                Some("PS256"),
                Err("does not fit the key"),
            ),
            (&google, GOOGLE, false, None, Err("must be 'jwt-bearer'")),
            (&with, GOOGLE, app, None, Err("not a key file of a Google")),
            (&plain, GOOGLE, app, None, Err("is missing")),
            (&plain, GOOGLE, false, None, Ok(None)),
            (&plain, MICROSOFT, app, None, Ok(None)),
        ] {
            let found = client_auth(secret, (method, app), set);
            match (found, wanted) {
                (Ok(found), Ok(wanted)) => {
                    assert_eq!(found.as_ref().map(|by| by.auth), wanted, "{method} {set:?}");
                    let has_certificate = std::ptr::eq(secret, &raw const with);
                    let ends = found.and_then(|by| by.ends);
                    assert_eq!(ends, has_certificate.then_some(LATER), "{method}");
                }
                (Err(found), Err(wanted)) => {
                    assert!(found.to_string().contains(wanted), "{found}: {wanted}");
                }
                (found, wanted) => panic!("{method} {set:?}: {found:?} {wanted:?}"),
            }
        }
    }
}
