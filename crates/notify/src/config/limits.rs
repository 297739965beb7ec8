//! What names, addresses, comments and URLs may be.

use std::ops::RangeInclusive;

use super::fault::Invalid;
use super::fields::unwritable;
use crate::Secret;

/// 2 to 32 characters: a letter, digit or underscore, then also dots and dashes.
pub(super) fn is_name(name: &str) -> bool {
    let word = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_';
    (2..=32).contains(&name.len())
        && name.bytes().next().is_some_and(word)
        && name.bytes().all(|b| word(b) || matches!(b, b'.' | b'-'))
}

pub(super) const NAME: &str =
    "must have 2 to 32 characters, a letter, digit or underscore first, then also dots and dashes";

/// Any text that can be written.
pub(super) fn text(key: &'static str, value: Option<&String>) -> Result<(), Invalid> {
    nth_text(key, 0, value.map(String::as_str))
}

/// Any secret that can be written.
pub(super) fn secret(key: &'static str, value: Option<&Secret>) -> Result<(), Invalid> {
    nth_text(key, 0, value.map(Secret::expose))
}

pub(super) fn nth_text(key: &'static str, nth: usize, value: Option<&str>) -> Result<(), Invalid> {
    match value.and_then(unwritable) {
        Some(reason) => Err(Invalid::new(key, nth, reason)),
        None => Ok(()),
    }
}

/// At most 128 characters.
pub(super) fn comment(value: Option<&String>) -> Result<(), Invalid> {
    text("comment", value)?;
    match value {
        Some(value) if value.chars().nth(128).is_some() => Err(Invalid::new(
            "comment",
            0,
            "must not be longer than 128 characters",
        )),
        _ => Ok(()),
    }
}

/// Recipients: 2 to 64 characters each.
pub(super) fn recipients(key: &'static str, values: &[String]) -> Result<(), Invalid> {
    for (index, value) in values.iter().enumerate() {
        nth_text(key, index, Some(value))?;
        if value.chars().nth(64).is_some() || value.chars().nth(1).is_none() {
            return Err(Invalid::new(key, index, "must have 2 to 64 characters"));
        }
    }
    Ok(())
}

/// A word of our own keys: `google-oauth2`, a cloud.
pub(super) fn word(key: &'static str, value: Option<&String>) -> Result<(), Invalid> {
    let is_word = |word: &String| {
        (1..=64).contains(&word.len())
            && word
                .bytes()
                .all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-')
    };
    match value {
        Some(value) if !is_word(value) => Err(Invalid::new(
            key,
            0,
            "may have 1 to 64 lower-case letters, digits and '-'",
        )),
        _ => Ok(()),
    }
}

/// A day, as ISO 8601 writes it.
pub(super) fn day(key: &'static str, value: Option<&String>) -> Result<(), Invalid> {
    match value {
        Some(value) if crate::clock::begin_of_day(value).is_none() => {
            Err(Invalid::new(key, 0, "must be a date like 2028-12-31"))
        }
        _ => Ok(()),
    }
}

/// A number of seconds; its reason names the range.
pub(super) fn seconds(
    key: &'static str,
    value: Option<u32>,
    range: RangeInclusive<u32>,
) -> Result<(), Invalid> {
    match value {
        Some(value) if !range.contains(&value) => {
            let (least, most) = range.into_inner();
            let reason = format!("must be a number of seconds from {least} to {most}");
            Err(Invalid::new(key, 0, reason))
        }
        _ => Ok(()),
    }
}

/// `http(s)://HOST[:PORT][/PATH]`; the path is a template.
pub(super) fn url(key: &'static str, value: &str) -> Result<(), Invalid> {
    nth_text(key, 0, Some(value))?;
    if is_url(value) {
        return Ok(());
    }
    Err(Invalid::new(
        key,
        0,
        "must be http:// or https:// with a host name or address, then optionally a port and a path",
    ))
}

fn is_url(value: &str) -> bool {
    let Some(rest) = value
        .strip_prefix("https://")
        .or_else(|| value.strip_prefix("http://"))
    else {
        return false;
    };
    let authority = rest
        .split_once('/')
        .map_or(rest, |(authority, _)| authority);
    let (host, port) = match authority.strip_prefix('[') {
        Some(rest) => match rest.split_once(']') {
            Some((host, "")) => (host, None),
            Some((host, port)) => match port.strip_prefix(':') {
                Some(port) => (host, Some(port)),
                None => return false,
            },
            None => return false,
        },
        None => match authority.split_once(':') {
            Some((host, port)) => (host, Some(port)),
            None => (authority, None),
        },
    };
    let host_is_good = if authority.starts_with('[') {
        host.parse::<std::net::Ipv6Addr>().is_ok()
    } else {
        is_host_name(host)
    };
    let digits = |port: &str| port.bytes().all(|b| b.is_ascii_digit());
    host_is_good && port.is_none_or(|port| digits(port) && port.parse::<u16>().is_ok())
}

/// Labels of letters, digits, dashes and underscores; IPv4 addresses are among them.
fn is_host_name(host: &str) -> bool {
    let is_label = |label: &str| {
        (1..=63).contains(&label.len())
            && !label.starts_with('-')
            && !label.ends_with('-')
            && label
                .bytes()
                .all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_'))
    };
    host.len() <= 253 && host.split('.').all(is_label)
}
