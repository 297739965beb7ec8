//! Checks of the caller's input, before anything is sent. Each refusal names the API's parameter and
//! never quotes the value.

use ::oauth2::url::{Host, Url};

use super::{CodeExchange, Provider};
use crate::parameter::Parameter;

/// The longest text that any parameter may have, in bytes.
const MAX: usize = 16 * 1024;

/// Everything that does not depend on the provider.
pub(super) fn secrets_and_names(request: &CodeExchange) -> Result<(), Parameter> {
    text("auth-method", &request.auth_method)?;
    text("client-id", &request.client_id)?;
    code(request.authorization_code.expose())?;
    redirect_uri(&request.redirect_uri)?;
    if let Some(verifier) = &request.code_verifier {
        code_verifier(verifier.expose())?;
    }
    Ok(())
}

/// What the application logs in with: a secret, or for a public client the verifier of the code.
pub(super) fn client(provider: &Provider, request: &CodeExchange) -> Result<(), Parameter> {
    let secret = request.client_secret.expose();
    if !provider.is_public_client() {
        return text("client-secret", secret);
    }
    if !secret.is_empty() {
        let reason = "must not be given with client-auth 'none': a public client has no secret";
        return Err(Parameter::new("client-secret", reason));
    }
    if request.code_verifier.is_none() {
        let reason = "is missing (needed with client-auth 'none')";
        return Err(Parameter::new("code-verifier", reason));
    }
    Ok(())
}

/// Not empty, at most 16 KiB, no control characters.
pub(crate) fn text(name: &'static str, value: &str) -> Result<(), Parameter> {
    if value.is_empty() {
        Err(Parameter::new(name, "must not be empty"))
    } else if value.len() > MAX {
        Err(Parameter::new(name, "must not be longer than 16384 bytes"))
    } else if value.contains(char::is_control) {
        Err(Parameter::new(name, "must not contain control characters"))
    } else {
        Ok(())
    }
}

/// Not the whole address that the browser was sent back to: a mistake that the provider would answer
/// with a riddle.
fn code(value: &str) -> Result<(), Parameter> {
    const NAME: &str = "authorization-code";
    text(NAME, value)?;
    if value.starts_with("https://") || value.starts_with("http://") {
        return Err(Parameter::new(
            NAME,
            "is a whole URL; enter only the value of its parameter 'code', URL-decoded",
        ));
    }
    Ok(())
}

/// A GUID, a DNS name, or one of Microsoft's three words: it becomes a part of a URL's path.
pub(crate) fn tenant(name: &'static str, value: &str) -> Result<(), Parameter> {
    text(name, value)?;
    let is_label = |label: &str| {
        (1..=63).contains(&label.len())
            && label
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
            && !label.starts_with('-')
            && !label.ends_with('-')
    };
    let is_name = value.len() <= 253 && value.contains('.') && value.split('.').all(is_label);
    if is_word_for_tenants(value) || is_name || is_guid(value) {
        Ok(())
    } else {
        Err(Parameter::new(
            name,
            "must be a GUID, a domain name, common, organizations or consumers",
        ))
    }
}

/// Whether it means any tenant of a kind, not a certain one.
pub(crate) fn is_word_for_tenants(value: &str) -> bool {
    matches!(value, "common" | "organizations" | "consumers")
}

/// 8-4-4-4-12 hexadecimal digits.
pub(crate) fn is_guid(value: &str) -> bool {
    let groups: Vec<_> = value.split('-').collect();
    groups.len() == 5
        && groups.iter().zip([8, 4, 4, 4, 12]).all(|(group, digits)| {
            group.len() == digits && group.bytes().all(|byte| byte.is_ascii_hexdigit())
        })
}

/// RFC 6749 section 3.1.2: absolute, without fragment; https, or http to this very machine.
pub(crate) fn redirect_uri(value: &str) -> Result<(), Parameter> {
    const NAME: &str = "redirect-uri";
    text(NAME, value)?;
    if value.contains(char::is_whitespace) {
        return Err(Parameter::new(NAME, "must not contain whitespace"));
    }
    let url = Url::parse(value)
        .map_err(|error| Parameter::new(NAME, format!("must be an absolute URI: {error}")))?;
    let local = match url.host() {
        Some(Host::Domain(name)) => name.eq_ignore_ascii_case("localhost"),
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        None => false,
    };
    if url.host().is_none() || !(url.scheme() == "https" || (url.scheme() == "http" && local)) {
        return Err(Parameter::new(
            NAME,
            "must begin with https:// (http:// only for localhost)",
        ));
    }
    if url.fragment().is_some() {
        return Err(Parameter::new(NAME, "must not have a fragment (#...)"));
    }
    Ok(())
}

/// RFC 7636 section 4.1.
fn code_verifier(value: &str) -> Result<(), Parameter> {
    let unreserved = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'.' | b'_' | b'~');
    if (43..=128).contains(&value.len()) && value.bytes().all(unreserved) {
        Ok(())
    } else {
        Err(Parameter::new(
            "code-verifier",
            "must have 43 to 128 characters out of A-Z a-z 0-9 - . _ ~",
        ))
    }
}
