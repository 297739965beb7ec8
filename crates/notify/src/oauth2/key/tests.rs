//! Keys as people have them, good and bad.

use openssl::asn1::Asn1Time;
use openssl::ec::{EcGroup, EcKey};
use openssl::hash::MessageDigest;
use openssl::rsa::Rsa;
use openssl::symm::Cipher;
use serde_json::json;

use super::*;
use crate::oauth2::assertion::Alg;
use crate::oauth2::{ClientAuth, GOOGLE, MICROSOFT};

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
        let found = by_key(secret, (method, app), set);
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
