//! Mails: who gets them ([`recipients`]) and what they look like (RFC 5322, RFC 2045).
//!
//! A notification's body is encoded once and shared by all its mails; each mail has a head of its own.
//! Whatever comes from outside is encoded or refused here, so that no text can add a header line, end
//! the mail early or make a line longer than 998 bytes.

mod address;
mod encode;
mod recipients;
mod words;

use std::borrow::Cow;
use std::sync::OnceLock;

use chrono::{FixedOffset, TimeZone};
use lettre::message::header::{self, HeaderName, HeaderValue, Headers, MessageId};

pub(crate) use address::Mailbox;
pub(crate) use recipients::{NOBODY, Recipients};

use crate::{random, smtp};

/// A day before the end of the year 9999, beyond which the date has no form in any zone.
const LAST_SECOND: i64 = 253_402_214_399;

/// Room for the lines around the two bodies, in bytes.
const HEADS: usize = 512;

/// The alternatives of a mail, encoded, with the header lines that describe them; every line ends in a line
/// feed.
#[derive(Debug)]
pub(crate) struct Body {
    bytes: Vec<u8>,
    /// The same as mail servers get it, once one does.
    wire: OnceLock<smtp::Body>,
}

impl Body {
    /// Encodes the two texts.
    pub(crate) fn new(text: &str, html: &str) -> Result<Self, &'static str> {
        let boundary = random::name()?;
        let mut bytes = Vec::with_capacity(text.len() + html.len() + HEADS);
        let head = format!("Content-Type: multipart/alternative;\n boundary=\"{boundary}\"\n");
        bytes.extend_from_slice(head.as_bytes());
        for (content_type, text) in [("text/plain", text), ("text/html", html)] {
            bytes.extend_from_slice(format!("\n--{boundary}\n").as_bytes());
            encode::append(&mut bytes, content_type, text);
        }
        bytes.extend_from_slice(format!("\n--{boundary}--\n").as_bytes());
        Ok(Self {
            bytes,
            wire: OnceLock::new(),
        })
    }
}

/// A mail: a head of its own, and a body that it shares with others.
#[derive(Debug)]
pub(crate) struct Mail<'a> {
    head: String,
    body: &'a Body,
}

impl Mail<'_> {
    /// Head and body as text with the line ends of this system.
    pub(crate) fn local(&self) -> [Cow<'_, [u8]>; 2] {
        let head = self.head.replace("\r\n", "\n").into_bytes();
        [Cow::Owned(head), Cow::Borrowed(&self.body.bytes)]
    }

    /// As a mail server gets it.
    pub(crate) fn wire(&self) -> smtp::Body {
        let rest = &self.body.wire;
        let rest = rest.get_or_init(|| smtp::Body::new(&self.body.bytes));
        smtp::Body::joined(self.head.as_bytes(), rest)
    }
}

/// What one mail has for itself.
#[derive(Debug)]
pub(crate) struct Head<'a> {
    /// The sender's display name.
    pub(crate) author: &'a str,
    pub(crate) from: &'a Mailbox,
    pub(crate) to: &'a [Mailbox],
    pub(crate) subject: &'a str,
    /// Seconds since the epoch.
    pub(crate) timestamp: i64,
    /// How far local time was ahead of UTC then, in seconds.
    pub(crate) offset: i32,
    /// The domain of the Message-ID: this machine's name.
    pub(crate) domain: &'a str,
}

/// The mail, with a Message-ID of its own.
pub(crate) fn message<'a>(head: &Head<'_>, body: &'a Body) -> Result<Mail<'a>, &'static str> {
    let to: Vec<String> = head.to.iter().map(ToString::to_string).collect();
    let mut headers = Headers::new();
    headers.set(header::MIME_VERSION_1_0);
    headers.insert_raw(encoded("Subject", words::text(head.subject)));
    let from = format!("{} <{}>", words::phrase(head.author), head.from);
    headers.insert_raw(encoded("From", from));
    headers.insert_raw(encoded("To", to.join(",\r\n ")));
    headers.insert_raw(encoded("Date", date(head.timestamp, head.offset)));
    let id = format!("<{}@{}>", random::name()?, head.domain);
    headers.set(MessageId::from(id));
    headers.insert_raw(encoded("Auto-Submitted", "auto-generated".to_owned()));
    let head = headers.to_string();
    Ok(Mail { head, body })
}

/// RFC 5322 section 3.3, with the machine's offset.
fn date(timestamp: i64, offset: i32) -> String {
    let seconds = timestamp.clamp(0, LAST_SECOND);
    let zone = FixedOffset::east_opt(offset).or(FixedOffset::east_opt(0));
    let time = zone.and_then(|zone| zone.timestamp_opt(seconds, 0).single());
    time.unwrap_or_default().to_rfc2822()
}

fn encoded(name: &'static str, value: String) -> HeaderValue {
    let name = HeaderName::new_from_ascii_str(name);
    HeaderValue::dangerous_new_pre_encoded(name, String::new(), value)
}
