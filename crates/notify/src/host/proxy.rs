//! The HTTP proxy of the datacenter configuration: `http_proxy: [http://][user:pass@]host[:port]`.
//!
//! It is asked by CONNECT for TLS, passes other requests on, and looks the peer's name up itself. Other
//! schemes are refused: a proxy that cannot be used must not end in a direct connection that nobody wanted.

use std::path::Path;

use oauth2::url::{Host as UrlHost, Url};

use super::datacenter;
use crate::Secret;
use crate::plain::Unusable;

/// The port where the setting names none.
const DEFAULT_PORT: u16 = 1080;

/// An HTTP proxy.
#[derive(Clone, Debug)]
pub(crate) struct Proxy {
    /// Name or address, IPv6 without brackets.
    pub(crate) host: String,
    pub(crate) port: u16,
    /// `user:password`, decoded.
    pub(crate) login: Option<Secret>,
}

/// Reads the setting; no file and no such line mean no proxy.
pub(super) fn read(path: &Path) -> Result<Option<Proxy>, Unusable> {
    let Some(value) = datacenter::setting(path, "http_proxy")? else {
        return Ok(None);
    };
    // the value itself may hold a password and is not quoted
    parse(&value).map(Some).map_err(|fault| {
        Unusable::new(path, format!("http_proxy is not usable: {fault}"))
            .fix("fix http_proxy (form: [http://][user:pass@]host[:port])")
    })
}

fn parse(value: &str) -> Result<Proxy, &'static str> {
    let rest = match value.split_once("://") {
        Some((scheme, rest)) if scheme.eq_ignore_ascii_case("http") => rest,
        Some(_) => {
            return Err("it is not of the form [http://][user:pass@]host[:port]");
        }
        None => value,
    };
    // a scheme without default port, so that port 80 is seen when it is written
    let url = Url::parse(&format!("proxy://{rest}")).map_err(|_| "it is not a valid address")?;
    if !matches!(url.path(), "" | "/") || url.query().is_some() || url.fragment().is_some() {
        return Err("it has more than host and port");
    }
    let host = match url.host() {
        Some(UrlHost::Ipv6(address)) => address.to_string(),
        Some(UrlHost::Ipv4(address)) => address.to_string(),
        Some(UrlHost::Domain(name)) if is_host_name(name) => name.to_owned(),
        _ => return Err("its host is not valid"),
    };
    let login = if url.username().is_empty() && url.password().is_none() {
        None
    } else {
        let user = decode(url.username())?;
        let password = decode(url.password().unwrap_or_default())?;
        let login = Secret::new(format!("{}:{}", user.expose(), password.expose()));
        if login.expose().contains(char::is_control) {
            return Err("its user or password has control characters");
        }
        Some(login)
    };
    Ok(Proxy {
        host,
        port: url.port().unwrap_or(DEFAULT_PORT),
        login,
    })
}

fn is_host_name(name: &str) -> bool {
    !name.is_empty()
        && name.len() <= 253
        && name
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-' | b'_'))
}

/// Percent-decoding by way of a form without pairs, in which only `+` needs protection.
fn decode(text: &str) -> Result<Secret, &'static str> {
    let form = text
        .replace('+', "%2B")
        .replace('&', "%26")
        .replace('=', "%3D");
    let decoded = oauth2::url::form_urlencoded::parse(form.as_bytes())
        .next()
        .map(|(name, _)| name.into_owned())
        .unwrap_or_default();
    if decoded.contains(char::REPLACEMENT_CHARACTER) {
        return Err("its user or password is not UTF-8");
    }
    Ok(Secret::new(decoded))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_written_form_is_understood() {
        for (value, host, port, login) in [
            ("proxy.example.org", "proxy.example.org", 1080, None),
            ("http://proxy.example.org:80", "proxy.example.org", 80, None),
            ("HTTP://10.0.0.1:3128/", "10.0.0.1", 3128, None),
            ("http://[2001:db8::1]:8080", "2001:db8::1", 8080, None),
            (
                "u:p@proxy.example.org:3128",
                "proxy.example.org",
                3128,
                Some("u:p"),
            ),
            (
                "http://u%40d:p%2B+%25%26=@proxy.example.org",
                "proxy.example.org",
                1080,
                Some("u@d:p++%&="),
            ),
            ("u@proxy.example.org", "proxy.example.org", 1080, Some("u:")),
        ] {
            let proxy = parse(value).unwrap();
            let login_seen = proxy.login.as_ref().map(Secret::expose);
            assert_eq!(
                (proxy.host.as_str(), proxy.port, login_seen),
                (host, port, login),
                "{value}"
            );
        }
    }

    #[test]
    fn anything_else_is_refused_without_quoting_it() {
        for value in [
            "",
            "https://proxy.example.org",
            "socks5://canary@proxy.example.org",
            "http://",
            "http://proxy.example.org:99999",
            "http://proxy.example.org/path",
            "http://proxy.example.org?canary",
            "http://pro xy.example.org",
            "http://u:canary%0d%0a@proxy.example.org",
            "http://u:%ff@proxy.example.org",
        ] {
            assert!(!parse(value).unwrap_err().contains("canary"), "{value}");
        }
    }
}
