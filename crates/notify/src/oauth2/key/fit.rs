//! Which keys, signatures and grants go together at which provider.

use openssl::pkey::Id;

use super::{Key, fault, is_key, missing_service_account};
use crate::Secret;
use crate::oauth2::assertion::Alg;
use crate::oauth2::{ClientAuth, GOOGLE, MICROSOFT};
use crate::parameter::Parameter;

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
pub(crate) fn by_key(
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
    let alg = alg(&key, method, set)?;
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

/// Whether such a provider takes such a key, and signatures of this kind; the kind where none is named.
fn alg(key: &Key, method: &str, set: Option<Alg>) -> Result<Alg, Parameter> {
    let is_rsa = key.private.id() == Id::RSA;
    let is_google_key = key.service_account.is_some();
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
        MICROSOFT if key.certificate.is_none() => {
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
