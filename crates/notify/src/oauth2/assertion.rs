//! Statements that are signed with a private key (RFC 7523): who the application is, in place of a client secret,
//! or whose mail a service account sends.

use base64::prelude::{BASE64_URL_SAFE_NO_PAD, Engine};
use openssl::ecdsa::EcdsaSig;
use openssl::error::ErrorStack;
use openssl::hash::MessageDigest;
use openssl::rsa::Padding;
use openssl::sign::{RsaPssSaltlen, Signer};
use serde::Serialize;

use super::key::Key;
use super::{ClientAuth, Error, Provider};
use crate::clock::{Clock, SystemClock};
use crate::hash::sha256;
use crate::parameter::Parameter;
use crate::{Secret, random};

/// How long a statement lives, in seconds, and how much of that lies in the past: so far the provider's clock may be
/// behind.
const LIFE: i64 = 300;
const PAST: i64 = 30;
/// Half the length of an ES256 signature, in bytes (RFC 7518 section 3.4).
const HALF: i32 = 32;
/// The type of a client's statement (RFC 7523 section 2.2).
const TYPE: &str = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";
/// The grant that is a statement itself (section 2.1).
pub(super) const GRANT_TYPE: &str = "urn:ietf:params:oauth:grant-type:jwt-bearer";

/// A kind of signature (RFC 7518 section 3.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Alg {
    /// RSASSA-PKCS1-v1_5 with SHA-256.
    Rs256,
    /// RSASSA-PSS with SHA-256.
    Ps256,
    /// ECDSA on P-256 with SHA-256.
    Es256,
}

impl Alg {
    /// The one that `oauth2-assertion-alg` names.
    ///
    /// # Errors
    /// [`Parameter`] for an unknown name.
    pub(crate) fn named(name: &str) -> Result<Self, Parameter> {
        let all = [Self::Rs256, Self::Ps256, Self::Es256];
        let named = all.into_iter().find(|alg| alg.name() == name);
        named.ok_or_else(|| Parameter::unknown("oauth2-assertion-alg", name, &all.map(Self::name)))
    }

    /// Its name.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Rs256 => "RS256",
            Self::Ps256 => "PS256",
            Self::Es256 => "ES256",
        }
    }
}

/// What the head of a statement names the key by.
#[derive(Default, Serialize)]
struct Head {
    alg: &'static str,
    typ: &'static str,
    /// The hash of the certificate (RFC 7515 section 4.1.8).
    #[serde(rename = "x5t#S256", skip_serializing_if = "Option::is_none")]
    certificate: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    kid: Option<String>,
}

/// What it says (RFC 7519 section 4.1).
#[derive(Default, Serialize)]
struct Claims<'a> {
    iss: &'a str,
    sub: &'a str,
    aud: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    scope: Option<String>,
    iat: i64,
    nbf: i64,
    exp: i64,
    jti: &'a str,
}

/// The parameters by which an application proves itself that has a key, beside its client ID; none for another.
/// They are good for one request.
///
/// # Errors
/// [`Error::Parameter`] for a key that cannot be used.
pub(super) fn proof(
    provider: &Provider,
    (client, secret): (&str, &Secret),
    audience: &str,
) -> Result<Vec<(&'static str, Secret)>, Error> {
    let Some(ClientAuth::Assertion(alg)) = provider.client_auth else {
        return Ok(Vec::new());
    };
    let key = Key::of(secret)?;
    let der = key
        .certificate
        .as_ref()
        .map(|certificate| certificate.to_der());
    let der = der.transpose().map_err(unsigned)?;
    let head = Head {
        certificate: der.map(|der| encoded(&sha256(&der))),
        ..Head::default()
    };
    let claims = Claims {
        iss: client,
        sub: client,
        aud: audience,
        ..Claims::default()
    };
    let statement = signed(&key, alg, head, claims)?;
    Ok(vec![
        ("client_assertion_type", Secret::new(TYPE)),
        ("client_assertion", statement),
    ])
}

/// What a service account asks with for the mailbox of somebody (Google:
/// developers.google.com/identity/protocols/oauth2/service-account#authorizingrequests).
///
/// # Errors
/// [`Error::Parameter`] for a key that is none.
pub(super) fn bearer(
    secret: &Secret,
    (mailbox, scopes): (&str, &[String]),
    audience: &str,
) -> Result<Secret, Error> {
    let key = Key::of(secret)?;
    let Some(account) = &key.service_account else {
        let reason = "is not a key file of a Google service account";
        return Err(Error::parameter("oauth2-client-key", reason));
    };
    let head = Head {
        kid: Some(account.private_key_id.clone()),
        ..Head::default()
    };
    let claims = Claims {
        iss: &account.client_email,
        sub: mailbox,
        aud: audience,
        scope: Some(scopes.join(" ")),
        ..Claims::default()
    };
    signed(&key, Alg::Rs256, head, claims)
}

/// A JWT in its compact form (RFC 7515 section 7.1), with the times and a number of its own.
fn signed(key: &Key, alg: Alg, head: Head, claims: Claims<'_>) -> Result<Secret, Error> {
    let now = SystemClock.now().saturating_sub(PAST);
    let head = Head {
        alg: alg.name(),
        typ: "JWT",
        ..head
    };
    let number = random::value().map_err(unsigned)?;
    let claims = Claims {
        iat: now,
        nbf: now,
        exp: now.saturating_add(LIFE),
        jti: number.expose(),
        ..claims
    };
    let part = |json: serde_json::Result<Vec<u8>>| json.map(|json| encoded(&json));
    let head = part(serde_json::to_vec(&head)).map_err(unsigned)?;
    let claims = part(serde_json::to_vec(&claims)).map_err(unsigned)?;
    let text = format!("{head}.{claims}");
    let signature = sign(key, alg, text.as_bytes()).map_err(unsigned)?;
    Ok(Secret::new(format!("{text}.{}", encoded(&signature))))
}

fn sign(key: &Key, alg: Alg, text: &[u8]) -> Result<Vec<u8>, ErrorStack> {
    let mut signer = Signer::new(MessageDigest::sha256(), &key.private)?;
    if alg == Alg::Ps256 {
        signer.set_rsa_padding(Padding::PKCS1_PSS)?;
        signer.set_rsa_pss_saltlen(RsaPssSaltlen::DIGEST_LENGTH)?;
        signer.set_rsa_mgf1_md(MessageDigest::sha256())?;
    }
    let signature = signer.sign_oneshot_to_vec(text)?;
    if alg != Alg::Es256 {
        return Ok(signature);
    }
    // DER here, both numbers side by side there
    let signature = EcdsaSig::from_der(&signature)?;
    let mut both = signature.r().to_vec_padded(HALF)?;
    both.extend(signature.s().to_vec_padded(HALF)?);
    Ok(both)
}

fn encoded(bytes: &[u8]) -> String {
    BASE64_URL_SAFE_NO_PAD.encode(bytes)
}

/// A key that was read signs, unless the machine is out of memory or randomness.
fn unsigned<E>(_: E) -> Error {
    Error::parameter("oauth2-client-key", "cannot be signed with on this machine")
}

#[cfg(test)]
mod tests {
    use openssl::bn::BigNum;
    use openssl::nid::Nid;
    use openssl::pkey::{PKey, Private};
    use openssl::sign::Verifier;
    use serde_json::Value;

    use super::super::key::tests::{certificate, ec, google, kept, pem, rsa};
    use super::*;

    const AUDIENCE: &str = "https://login.example.org/token";

    fn decoded(part: &str) -> Vec<u8> {
        BASE64_URL_SAFE_NO_PAD.decode(part).unwrap()
    }

    /// Head and claims of a statement whose signature is good.
    fn read(statement: &Secret, key: &PKey<Private>) -> (Value, Value) {
        let (text, signature) = statement.expose().rsplit_once('.').unwrap();
        let (head, claims) = text.split_once('.').unwrap();
        let part = |part| serde_json::from_slice::<Value>(&decoded(part)).unwrap();
        let (head, claims) = (part(head), part(claims));
        let mut signature = decoded(signature);
        let mut verifier = Verifier::new(MessageDigest::sha256(), key).unwrap();
        match head["alg"].as_str().unwrap() {
            "PS256" => {
                verifier.set_rsa_padding(Padding::PKCS1_PSS).unwrap();
                verifier
                    .set_rsa_pss_saltlen(RsaPssSaltlen::DIGEST_LENGTH)
                    .unwrap();
            }
            "ES256" => {
                assert_eq!(signature.len(), 64);
                let number = |half: &[u8]| BigNum::from_slice(half).unwrap();
                let (r, s) = (number(&signature[..32]), number(&signature[32..]));
                let both = EcdsaSig::from_private_components(r, s).unwrap();
                signature = both.to_der().unwrap();
            }
            _ => {}
        }
        assert!(
            verifier
                .verify_oneshot(&signature, text.as_bytes())
                .unwrap()
        );
        (head, claims)
    }

    fn provider(alg: Alg) -> Provider {
        let mut provider = Provider::custom(AUDIENCE, AUDIENCE, vec!["mail".into()]).unwrap();
        provider.client_auth = Some(ClientAuth::Assertion(alg));
        provider
    }

    #[test]
    fn a_statement_says_who_asks_whom_for_five_minutes() {
        let (rsa, ec) = (rsa(2048), ec(Nid::X9_62_PRIME256V1));
        let own = certificate(&rsa, 4_000_000_000);
        let mut numbers = Vec::new();
        for (key, text, alg) in [
            (&rsa, format!("{}{own}", pem(&rsa)), Alg::Rs256),
            (&rsa, pem(&rsa), Alg::Ps256),
            (&ec, pem(&ec), Alg::Es256),
            (&ec, pem(&ec), Alg::Es256),
        ] {
            let login = ("app", &kept(&text));
            let proof = proof(&provider(alg), login, AUDIENCE).unwrap();
            assert_eq!(proof[0].0, "client_assertion_type");
            assert_eq!(proof[0].1.expose(), TYPE);
            assert_eq!(proof[1].0, "client_assertion");
            let (head, claims) = read(&proof[1].1, key);
            assert_eq!(
                (&head["alg"], &head["typ"]),
                (&alg.name().into(), &"JWT".into())
            );
            let der = openssl::x509::X509::from_pem(own.as_bytes())
                .unwrap()
                .to_der()
                .unwrap();
            let hash = BASE64_URL_SAFE_NO_PAD.encode(sha256(&der));
            let named = (text.contains("CERTIFICATE")).then(|| Value::from(hash));
            assert_eq!(head.get("x5t#S256").cloned(), named);
            assert_eq!(
                (&claims["iss"], &claims["sub"]),
                (&"app".into(), &"app".into())
            );
            assert_eq!(claims["aud"], AUDIENCE);
            let [issued, from, end] =
                ["iat", "nbf", "exp"].map(|name| claims[name].as_i64().unwrap());
            assert_eq!((from - issued, end - issued), (0, 300));
            assert!((issued + PAST - SystemClock.now()).abs() <= 2);
            numbers.push(claims["jti"].as_str().unwrap().to_owned());
        }
        numbers.sort();
        numbers.dedup();
        assert_eq!(numbers.len(), 4);
        assert!(numbers.iter().all(|number| number.len() == 43));
    }

    #[test]
    fn a_service_account_asks_for_a_mailbox() {
        let key = rsa(2048);
        let scopes = ["https://mail.google.com/".to_owned()];
        let secret = kept(&google(&key));
        let statement = bearer(&secret, ("ann@example.org", &scopes), AUDIENCE).unwrap();
        let (head, claims) = read(&statement, &key);
        assert_eq!(
            (&head["alg"], &head["kid"]),
            (&"RS256".into(), &"0123abcd".into())
        );
        assert_eq!(claims["iss"], "pve@mail.iam.gserviceaccount.com");
        assert_eq!(claims["sub"], "ann@example.org");
        assert_eq!(claims["scope"], "https://mail.google.com/");
        assert_eq!(claims["aud"], AUDIENCE);
    }

    #[test]
    fn a_secret_proves_itself() {
        let provider = Provider::custom(AUDIENCE, AUDIENCE, vec!["mail".into()]).unwrap();
        let login = ("app", &Secret::new("s3cr3t"));
        assert!(proof(&provider, login, AUDIENCE).unwrap().is_empty());
    }
}
