//! The one rule about failures: what a cause means for whoever wanted something. Every path - mail servers,
//! web servers, token endpoints, this machine's own mail system - asks it, so that the same cause means
//! the same wherever it comes up.
//!
//! No text takes part in it but the words that a protocol defines.

use std::time::Duration;

use crate::cause::{Cause, Denial, Loss, Oddity, Phase, Refusal, Snag};

/// What a cause means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// A later try may succeed though nobody acts.
    Temporary,
    /// No later try succeeds before somebody has changed settings, at this end or the other.
    Refused,
    /// No later try succeeds before a person has consented.
    Person,
    /// What was asked for may have happened or not.
    Unknown,
}

/// The words of a provider for a passing trouble: RFC 6749's, RFC 8628's and Google's.
const BUSY: [&str; 5] = [
    "server_error",
    "temporarily_unavailable",
    "slow_down",
    "internal_failure",
    "rate_limit_exceeded",
];
/// The word for the end of a grant.
const ENDED: &str = "invalid_grant";
/// All words that count.
#[cfg(test)]
pub(crate) const WORDS: [&str; 6] = [ENDED, BUSY[0], BUSY[1], BUSY[2], BUSY[3], BUSY[4]];
/// Microsoft's numbers for one.
const BUSY_NUMBERS: [u32; 7] = [90033, 90006, 90024, 50033, 90012, 90055, 50196];
/// The time over which Microsoft counts mails.
const THROTTLED: Duration = Duration::from_secs(60);

impl Cause {
    /// The rule.
    #[must_use]
    pub fn verdict(&self) -> Verdict {
        match self {
            Self::Late(phase) => late(*phase),
            Self::Lost(loss) => lost(*loss),
            // RFC 5321 section 4.2.1
            Self::Reply(code, _) if code / 100 == 4 => Verdict::Temporary,
            Self::Snag(snag) => snagged(*snag),
            Self::Status(status) => status_of(*status),
            Self::Denied(denial) => denied(denial),
            Self::Odd(oddity) => odd(*oddity),
            // EX_TEMPFAIL of sysexits.h
            Self::Exit(75) | Self::Busy | Self::Pausing => Verdict::Temporary,
            Self::Garbled | Self::Ended => Verdict::Unknown,
            Self::Consent => Verdict::Person,
            Self::Reply(..) | Self::Exit(_) | Self::Settings => Verdict::Refused,
        }
    }

    /// The pause that the cause itself demands before a further try.
    #[must_use]
    pub fn pause(&self) -> Option<Duration> {
        matches!(self, Self::Reply(_, Refusal::Throttled)).then_some(THROTTLED)
    }
}

/// Once a request has gone out, wholly or in part, a silent peer may have served it.
fn late(phase: Phase) -> Verdict {
    match phase {
        Phase::Lookup | Phase::Connect | Phase::Proxy | Phase::Handshake => Verdict::Temporary,
        Phase::Send | Phase::Wait | Phase::Read => Verdict::Unknown,
    }
}

fn lost(loss: Loss) -> Verdict {
    match loss {
        Loss::Lookup
        | Loss::Refused
        | Loss::Unreachable
        | Loss::Connect
        | Loss::ProxyUnable
        | Loss::ProxyGarbled
        | Loss::LostHandshake => Verdict::Temporary,
        Loss::ProxyLogin
        | Loss::ProxyRefused
        | Loss::CertificateTime
        | Loss::CertificateName
        | Loss::CertificateIssuer
        | Loss::CertificateChain
        | Loss::AuthorityTime
        | Loss::Certificate
        | Loss::Tls
        | Loss::TlsAlert
        | Loss::NotTls => Verdict::Refused,
        Loss::LostSending | Loss::LostWaiting | Loss::LostReading | Loss::Unsealed => {
            Verdict::Unknown
        }
    }
}

fn snagged(snag: Snag) -> Verdict {
    match snag {
        Snag::LateGreeting
        | Snag::LateReply
        | Snag::LateSending
        | Snag::Closed
        | Snag::Lost
        | Snag::Garbled
        | Snag::Nonsense => Verdict::Temporary,
        Snag::LostAfterDot => Verdict::Unknown,
        Snag::Injected
        | Snag::NotTls
        | Snag::NoStartTls
        | Snag::NoAuth
        | Snag::NoPassword
        | Snag::NoToken
        | Snag::NoUtf8
        | Snag::NoEightBit
        | Snag::TooLarge => Verdict::Refused,
    }
}

/// RFC 9110 section 15. A gateway tells nothing of what its server did with the request.
fn status_of(status: u16) -> Verdict {
    match status {
        502 | 504 => Verdict::Unknown,
        status if is_passing(status) => Verdict::Temporary,
        _ => Verdict::Refused,
    }
}

fn is_passing(status: u16) -> bool {
    matches!(status, 408 | 425 | 429 | 500..=599)
}

fn denied(denial: &Denial) -> Verdict {
    // words in such an answer may be those of a gateway
    if is_passing(denial.status) {
        return Verdict::Temporary;
    }
    let Denial {
        error,
        subtype,
        numbers,
        ..
    } = denial;
    match error.as_str() {
        // Microsoft wraps some of them in whatever word
        _ if numbers.iter().any(|number| BUSY_NUMBERS.contains(number)) => Verdict::Temporary,
        // nothing else ends a grant (RFC 6749 section 5.2)
        ENDED => Verdict::Person,
        error if BUSY.contains(&error) || BUSY.contains(&subtype.as_str()) => Verdict::Temporary,
        _ => Verdict::Refused,
    }
}

/// No token endpoint answers so: something on the way does, which passes, or the answer is lost.
fn odd(oddity: Oddity) -> Verdict {
    match oddity {
        Oddity::Redirect
        | Oddity::TooManyRequests
        | Oddity::ServerStatus
        | Oddity::GatewayTimeout
        | Oddity::NotFound
        | Oddity::Status
        | Oddity::UnknownError
        | Oddity::Html => Verdict::Temporary,
        Oddity::NotJson
        | Oddity::BodyTooLarge
        | Oddity::HeadTooLarge
        | Oddity::Malformed
        | Oddity::NoAccessToken
        | Oddity::TokenType
        | Oddity::BadToken
        | Oddity::Expiry => Verdict::Unknown,
        // what servers say that do not keep to RFC 6749 section 5.2
        Oddity::EmptyBadRequest | Oddity::EmptyUnauthorized | Oddity::ScopeMissing => {
            Verdict::Refused
        }
        Oddity::NoRefreshTokenGoogle | Oddity::NoRefreshToken => Verdict::Person,
    }
}

#[cfg(test)]
mod tests;
