//! The name of a mail server as an administrator may give it, and what is often given in its place.

use std::net::Ipv6Addr;

use super::Error;

const NAME: &str = "server";

/// The host name or address, without the brackets of a URL.
pub(super) fn parse(value: &str) -> Result<String, Error> {
    let refuse = |reason: String| Err(Error::parameter(NAME, reason));
    let bare = without_brackets(value);
    if bare.parse::<Ipv6Addr>().is_ok() {
        return Ok(bare.to_owned());
    }
    if let Some((scheme, _)) = value.split_once("://") {
        return refuse(format!(
            "must be a host name or address, not a URL: remove '{}://' (mode tls is what smtps:// means)",
            scheme.escape_debug()
        ));
    }
    if value.contains('/') {
        return refuse("must be a host name or address, without a path".to_owned());
    }
    if let Some((host, port)) = value.rsplit_once(':') {
        let is_host = !host.contains(':') || host.starts_with('[');
        let is_port = !port.is_empty() && port.bytes().all(|byte| byte.is_ascii_digit());
        if is_host && is_port {
            return refuse(format!("must not contain a port: set port to {port}"));
        }
    }
    let is_odd = |c: char| !(c.is_alphanumeric() || matches!(c, '.' | '-' | '_'));
    match value.chars().find(|c| is_odd(*c)) {
        Some(c) if c.is_control() => refuse("must not contain control characters".to_owned()),
        Some(c) if c.is_whitespace() => refuse("must not contain whitespace".to_owned()),
        Some(c) => refuse(format!(
            "must be a host name or address: '{}' is not allowed",
            c.escape_debug()
        )),
        None if !has_labels(value) => {
            refuse("must be a host name: labels of 1 to 63 characters, 253 in all".to_owned())
        }
        None => Ok(value.to_owned()),
    }
}

/// RFC 1123 section 2.1; a dot at the end may stand there.
fn has_labels(name: &str) -> bool {
    let name = name.strip_suffix('.').unwrap_or(name);
    let is_label = |label: &str| {
        (1..=63).contains(&label.chars().count())
            && !label.starts_with('-')
            && !label.ends_with('-')
    };
    name.len() <= 253 && name.split('.').all(is_label)
}

/// An address of IPv6 may stand in brackets, also in a file.
pub(crate) fn without_brackets(value: &str) -> &str {
    let inner = value
        .strip_prefix('[')
        .and_then(|rest| rest.strip_suffix(']'));
    inner
        .filter(|inner| inner.parse::<Ipv6Addr>().is_ok())
        .unwrap_or(value)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_addresses() {
        for (given, kept) in [
            ("mail.example.org", "mail.example.org"),
            ("mail.example.org.", "mail.example.org."),
            ("mail_1", "mail_1"),
            ("bücher.example.org", "bücher.example.org"),
            ("192.0.2.1", "192.0.2.1"),
            ("2001:db8::1", "2001:db8::1"),
            ("[2001:db8::1]", "2001:db8::1"),
        ] {
            assert_eq!(parse(given).unwrap(), kept);
        }
    }

    #[test]
    fn what_is_often_given_in_its_place() {
        for (given, reason) in [
            ("mail.example.org:587", "set port to 587"),
            ("[2001:db8::1]:465", "set port to 465"),
            ("smtps://mail.example.org", "not a URL: remove 'smtps://'"),
            ("smtp://mail.example.org:25/", "not a URL"),
            ("mail.example.org/inbox", "without a path"),
            ("mail .example.org", "whitespace"),
            (" mail.example.org", "whitespace"),
            ("mail.example.org\u{a0}", "whitespace"),
            ("mail\u{7}.example.org", "control characters"),
            ("<b>mail</b>", "without a path"),
            ("<mail>", "'<' is not allowed"),
            ("ann@mail.example.org", "'@' is not allowed"),
            ("[mail.example.org]", "'[' is not allowed"),
            ("2001:db8::g", "':' is not allowed"),
            ("mail,other", "',' is not allowed"),
            ("mail.example.org:70000", "set port to 70000"),
            (".", "labels of 1 to 63"),
            ("mail..example.org", "labels of 1 to 63"),
            ("-mail.example.org", "labels of 1 to 63"),
            ("mail-.example.org", "labels of 1 to 63"),
        ] {
            let error = parse(given).unwrap_err().to_string();
            assert!(error.starts_with("server: "), "{error}");
            assert!(error.contains(reason), "{given}: {error}");
        }
    }
}
