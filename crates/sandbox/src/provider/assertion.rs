//! Statements signed with a key that an order has registered (RFC 7523): an application's login, or a service
//! account's grant.

use std::time::{SystemTime, UNIX_EPOCH};

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use openssl::bn::BigNum;
use openssl::ecdsa::EcdsaSig;
use openssl::error::ErrorStack;
use openssl::hash::{MessageDigest, hash};
use openssl::pkey::{PKey, Public};
use openssl::rsa::Padding;
use openssl::sign::{RsaPssSaltlen, Verifier};
use openssl::x509::X509;
use serde::Deserialize;
use serde_json::Value;

use super::Brand;
use super::denial::Denial;
use super::store::Store;
use crate::form::Form;

/// What stands for a statement in place of a secret (section 2.2).
const TYPE: &str = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";
/// The grant that is a statement itself (section 2.1).
pub const GRANT_TYPE: &str = "urn:ietf:params:oauth:grant-type:jwt-bearer";
/// The longest life of a statement, and what clocks may differ, in seconds.
const LONGEST: i64 = 3600;
const SKEW: i64 = 300;

/// A key that is registered for an application, or a service account.
#[derive(Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Key {
    provider: String,
    /// The client's ID, or the service account's address.
    issuer: String,
    /// What a statement names it by; of a certificate its SHA-256 counts.
    #[serde(default)]
    id: String,
    /// PEM of a certificate, or of a public key.
    public: String,
    /// Whether a service account may act for the mailboxes.
    #[serde(default)]
    delegated: bool,
}

/// The client that has signed who it is; none where it did not try.
pub fn client(store: &mut Store, brand: Brand, form: &Form) -> Result<Option<String>, Denial> {
    if form.get("client_assertion").is_empty() {
        return Ok(None);
    }
    if form.get("client_assertion_type") != TYPE || !form.get("client_secret").is_empty() {
        return Err(Denial::Malformed);
    }
    let statement = form.get("client_assertion").to_owned();
    let (claims, _) = read(store, brand, &statement)?;
    let client = form.get("client_id");
    match claims["sub"].as_str() {
        Some(sub) if sub == client && claims["iss"] == claims["sub"] => Ok(Some(client.to_owned())),
        _ => Err(Denial::StatementWrong),
    }
}

/// The mailbox that a service account may act for.
pub fn mailbox(store: &mut Store, brand: Brand, form: &Form) -> Result<Vec<String>, Denial> {
    let statement = form.get("assertion").to_owned();
    let (claims, is_delegated) = read(store, brand, &statement)?;
    if !is_delegated {
        return Err(Denial::NotDelegated);
    }
    if claims["sub"] != store.login.as_str() {
        return Err(Denial::MailboxUnknown);
    }
    let scopes = claims["scope"].as_str().unwrap_or_default();
    Ok(scopes.split(' ').map(str::to_owned).collect())
}

/// What a good statement says, and whether its key is delegated.
fn read(store: &mut Store, brand: Brand, statement: &str) -> Result<(Value, bool), Denial> {
    let wrong = Denial::StatementWrong;
    let parts: Vec<&str> = statement.split('.').collect();
    let [head, claims, signature] = parts[..] else {
        return Err(wrong);
    };
    let decoded = |part: &str| URL_SAFE_NO_PAD.decode(part).map_err(|_| wrong);
    let object = |part: &str| {
        let value: Result<Value, _> = serde_json::from_slice(&decoded(part)?);
        value.map_err(|_| wrong)
    };
    let (head, claims, signature) = (object(head)?, object(claims)?, decoded(signature)?);
    let key = store.keys.iter().find(|key| {
        key.provider == brand.key()
            && claims["iss"] == key.issuer.as_str()
            && key.is_named_in(&head)
    });
    let key = key.ok_or(wrong)?;
    let (text, _) = statement.rsplit_once('.').ok_or(wrong)?;
    let alg = head["alg"].as_str().unwrap_or_default();
    if !matches!(verify(key, alg, text.as_bytes(), &signature), Ok(true)) {
        return Err(wrong);
    }
    let audience = claims["aud"].as_str().unwrap_or_default();
    let is_ours = audience.starts_with(&store.url) && audience.ends_with("/token");
    let now = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap_or_default()
        + store.advanced;
    let now = i64::try_from(now.as_secs()).unwrap_or(i64::MAX);
    let [issued, end] = ["iat", "exp"].map(|name| claims[name].as_i64().unwrap_or(0));
    if !is_ours || end - issued > LONGEST {
        return Err(wrong);
    }
    if issued > now + SKEW || end < now - SKEW {
        return Err(Denial::StatementOutOfTime);
    }
    let delegated = key.delegated;
    let number = claims["jti"].as_str().unwrap_or_default().to_owned();
    let clock = store.now();
    if number.len() < 16 || store.statements.get(&number).is_some() {
        return Err(wrong);
    }
    store.statements.insert(number, (), clock);
    Ok((claims, delegated))
}

impl Key {
    /// Microsoft knows keys by their certificates.
    fn is_named_in(&self, head: &Value) -> bool {
        match X509::from_pem(self.public.as_bytes()).and_then(|it| it.to_der()) {
            Ok(der) => hash(MessageDigest::sha256(), &der)
                .is_ok_and(|hash| head["x5t#S256"] == URL_SAFE_NO_PAD.encode(hash).as_str()),
            Err(_) => head["kid"].as_str().unwrap_or_default() == self.id,
        }
    }

    fn public(&self) -> Result<PKey<Public>, ErrorStack> {
        match X509::from_pem(self.public.as_bytes()) {
            Ok(certificate) => certificate.public_key(),
            Err(_) => PKey::public_key_from_pem(self.public.as_bytes()),
        }
    }
}

fn verify(key: &Key, alg: &str, text: &[u8], signature: &[u8]) -> Result<bool, ErrorStack> {
    let public = key.public()?;
    let mut verifier = Verifier::new(MessageDigest::sha256(), &public)?;
    let signature = match (alg, signature.split_at_checked(32)) {
        ("RS256", _) => signature.to_vec(),
        ("PS256", _) => {
            verifier.set_rsa_padding(Padding::PKCS1_PSS)?;
            verifier.set_rsa_pss_saltlen(RsaPssSaltlen::DIGEST_LENGTH)?;
            signature.to_vec()
        }
        ("ES256", Some((r, s))) => {
            let (r, s) = (BigNum::from_slice(r)?, BigNum::from_slice(s)?);
            EcdsaSig::from_private_components(r, s)?.to_der()?
        }
        _ => return Ok(false),
    };
    verifier.verify_oneshot(&signature, text)
}
