//! Why a TLS handshake failed: tells the kinds apart that have different cures.

use std::io;

use openssl::error::ErrorStack;
use openssl::ssl;
use openssl::x509::X509VerifyResult;

use super::{Error, Peer, is_timeout};
use crate::cause::{Loss, Phase};
use crate::tls;

/// `ERR_LIB_SSL`: reasons are those of TLS.
const LIBRARY: i32 = 20;
/// The reason for an alert of this number is that much higher.
const ALERTS: std::ops::Range<i32> = 1000..1256;
/// `SSL_R_UNEXPECTED_EOF_WHILE_READING`.
const END: i32 = 294;
/// The alert of a peer that has no version in common.
const PROTOCOL_VERSION: i32 = 70;

/// A certificate that OpenSSL refused: its verdict, and how far the certificate is from the server's.
#[derive(Debug)]
pub(super) struct Refused {
    pub(super) verdict: X509VerifyResult,
    pub(super) depth: u32,
}

/// Verdicts, as `X509_V_ERR_...` numbers them.
mod verdict {
    pub(super) const UNABLE_TO_GET_ISSUER_CERT: i32 = 2;
    pub(super) const CERT_SIGNATURE_FAILURE: i32 = 7;
    pub(super) const CERT_NOT_YET_VALID: i32 = 9;
    pub(super) const CERT_HAS_EXPIRED: i32 = 10;
    pub(super) const DEPTH_ZERO_SELF_SIGNED_CERT: i32 = 18;
    pub(super) const SELF_SIGNED_CERT_IN_CHAIN: i32 = 19;
    pub(super) const UNABLE_TO_GET_ISSUER_CERT_LOCALLY: i32 = 20;
    pub(super) const UNABLE_TO_VERIFY_LEAF_SIGNATURE: i32 = 21;
    pub(super) const HOSTNAME_MISMATCH: i32 = 62;
    pub(super) const IP_ADDRESS_MISMATCH: i32 = 64;
}

impl Refused {
    /// Whether other authorities could have led to another verdict: all that is not about the server's
    /// own certificate.
    pub(super) fn depends_on_store(&self) -> bool {
        self.depth > 0
            || matches!(
                self.loss(),
                Loss::CertificateIssuer | Loss::CertificateChain
            )
    }

    fn loss(&self) -> Loss {
        match self.verdict.as_raw() {
            verdict::CERT_HAS_EXPIRED | verdict::CERT_NOT_YET_VALID => match self.depth {
                0 => Loss::CertificateTime,
                _ => Loss::AuthorityTime,
            },
            verdict::HOSTNAME_MISMATCH | verdict::IP_ADDRESS_MISMATCH => Loss::CertificateName,
            verdict::UNABLE_TO_GET_ISSUER_CERT_LOCALLY
            | verdict::UNABLE_TO_VERIFY_LEAF_SIGNATURE => Loss::CertificateChain,
            verdict::UNABLE_TO_GET_ISSUER_CERT
            | verdict::DEPTH_ZERO_SELF_SIGNED_CERT
            | verdict::SELF_SIGNED_CERT_IN_CHAIN
            // by an issuer that has only the name of a trusted one
            | verdict::CERT_SIGNATURE_FAILURE => Loss::CertificateIssuer,
            _ => Loss::Certificate,
        }
    }

    /// OpenSSL's words, where they add something.
    fn words(&self) -> Option<io::Error> {
        match self.loss() {
            Loss::CertificateName | Loss::CertificateChain => None,
            _ => Some(io::Error::other(self.verdict.error_string())),
        }
    }
}

/// The error of a handshake that failed.
pub(super) fn explain(
    peer: &Peer,
    error: ssl::Error,
    refused: Option<Refused>,
    first: &[u8],
) -> Error {
    let error = match error.into_io_error() {
        Ok(error) if is_timeout(&error) => return peer.late(Phase::Handshake),
        Ok(error) => return peer.lost(Loss::LostHandshake, Some(error)),
        Err(error) => error,
    };
    if let Some(refused) = refused {
        return peer.lost(refused.loss(), refused.words());
    }
    if let Some(words) = other_protocol(first) {
        return peer.lost(Loss::NotTls, Some(io::Error::other(words)));
    }
    match error.ssl_error() {
        Some(stack) if !is_end(stack) => {
            let loss = match alert(stack) {
                Some((number, _)) if number != PROTOCOL_VERSION => Loss::TlsAlert,
                _ => Loss::Tls,
            };
            peer.lost(loss, Some(words(stack)))
        }
        // an end without a word
        _ => peer.lost(Loss::LostHandshake, None),
    }
}

/// What a peer speaks whose first bytes are not of TLS, where records have a type from 20 to 24 and a
/// version 3.x. Nothing at all is no protocol.
fn other_protocol(first: &[u8]) -> Option<&'static str> {
    match first {
        [] | [20..=24] | [20..=24, 3, ..] => None,
        [b'H', b'T', b'T', b'P', ..] => Some("it answers in plain HTTP"),
        [b'2', b'2', b'0', b' ' | b'-', ..] => {
            Some("it greets as a mail server does (SMTP) and begins without TLS")
        }
        [b'S', b'S', b'H', b'-', ..] => Some("it greets as an SSH server"),
        [b'*', b' ', ..] => Some("it greets as an IMAP server and begins without TLS"),
        _ => Some("what it sends is not TLS"),
    }
}

/// Whether the connection ended without a word.
pub(super) fn is_end(stack: &ErrorStack) -> bool {
    let errors = stack.errors();
    errors.is_empty() || reasons(stack).any(|(code, _)| code == END)
}

/// What OpenSSL or the peer says, as a sentence of its own.
pub(super) fn words(stack: &ErrorStack) -> io::Error {
    match alert(stack) {
        Some((number, Some(name))) => {
            io::Error::other(format!("the server sent the alert '{name}' ({number})"))
        }
        Some((number, None)) => io::Error::other(format!("the server sent the alert {number}")),
        None => tls::failure(stack),
    }
}

/// Number and name of the alert that the peer sent.
fn alert(stack: &ErrorStack) -> Option<(i32, Option<&'static str>)> {
    let (code, name) = reasons(stack).find(|(code, _)| ALERTS.contains(code))?;
    // "tlsv1 alert internal error", "tlsv1 unrecognized name"
    let name = name.and_then(|name| name.split_once(' '));
    let name = name.map(|(_, name)| name.strip_prefix("alert ").unwrap_or(name));
    Some((code - ALERTS.start, name))
}

fn reasons(stack: &ErrorStack) -> impl Iterator<Item = (i32, Option<&'static str>)> {
    let errors = stack.errors().iter();
    errors
        .filter(|error| error.library_code() == LIBRARY)
        .map(|error| (error.reason_code(), error.reason()))
}

#[cfg(test)]
mod tests {
    use super::other_protocol;

    #[test]
    fn other_protocols_are_told_from_tls() {
        for record in [
            &[][..],
            &[0x16],
            &[0x16, 3],
            &[0x16, 3, 1, 0, 42],
            &[0x15, 3, 3, 0, 2, 2, 70],
        ] {
            assert_eq!(other_protocol(record), None, "{record:?}");
        }
        for (bytes, word) in [
            (&b"HTTP/1.1"[..], "HTTP"),
            (b"220 mta.", "SMTP"),
            (b"220-mta.", "SMTP"),
            (b"SSH-2.0-", "SSH"),
            (b"* OK imap", "IMAP"),
            (b"2", "not TLS"),
            (b"\x16\x02", "not TLS"),
        ] {
            assert!(other_protocol(bytes).unwrap().contains(word), "{bytes:?}");
        }
    }
}
