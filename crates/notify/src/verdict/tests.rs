use super::Verdict::{Person, Refused, Temporary, Unknown};
use super::*;
use crate::advice::tests::MUTE;
use crate::outcome::{Failure, Outcome, Retry};
use crate::{advice, smtp};

fn denied(status: u16, error: &str, numbers: &[u32]) -> Cause {
    Cause::Denied(Box::new(Denial {
        status,
        error: error.to_owned(),
        subtype: String::new(),
        numbers: numbers.to_vec(),
    }))
}

/// Causes of every kind, with what they mean.
fn table() -> Vec<(Cause, Verdict)> {
    let mut table = vec![
        (Cause::Reply(421, Refusal::Closing), Temporary),
        (Cause::Reply(432, Refusal::Throttled), Temporary),
        (Cause::Reply(535, Refusal::TokenRefused), Refused),
        (Cause::Reply(550, Refusal::NoSuchMailbox), Refused),
        (Cause::Status(301), Refused),
        (Cause::Status(401), Refused),
        (Cause::Status(404), Refused),
        (Cause::Status(408), Temporary),
        (Cause::Status(425), Temporary),
        (Cause::Status(429), Temporary),
        (Cause::Status(500), Temporary),
        (Cause::Status(502), Unknown),
        (Cause::Status(503), Temporary),
        (Cause::Status(504), Unknown),
        (Cause::Status(599), Temporary),
        (Cause::Garbled, Unknown),
        (denied(400, "invalid_grant", &[]), Person),
        (denied(401, "invalid_grant", &[50173]), Person),
        (denied(503, "invalid_grant", &[]), Temporary),
        (denied(429, "invalid_grant", &[]), Temporary),
        (denied(400, "invalid_client", &[]), Refused),
        (denied(400, "", &[]), Refused),
        (denied(400, "server_error", &[]), Temporary),
        (denied(400, "temporarily_unavailable", &[]), Temporary),
        (denied(400, "slow_down", &[]), Temporary),
        (denied(403, "rate_limit_exceeded", &[]), Temporary),
        (denied(400, "invalid_request", &[90033]), Temporary),
        (denied(400, "invalid_grant", &[50196]), Temporary),
        (denied(400, "invalid_request", &[700016]), Refused),
        (Cause::Exit(75), Temporary),
        (Cause::Exit(69), Refused),
        (Cause::Ended, Unknown),
        (Cause::Busy, Temporary),
        (Cause::Pausing, Temporary),
        (Cause::Consent, Person),
        (Cause::Settings, Refused),
    ];
    let oddities = [
        (Oddity::Redirect, Temporary),
        (Oddity::TooManyRequests, Temporary),
        (Oddity::ServerStatus, Temporary),
        (Oddity::GatewayTimeout, Temporary),
        (Oddity::NotFound, Temporary),
        (Oddity::Status, Temporary),
        (Oddity::Html, Temporary),
        (Oddity::EmptyBadRequest, Refused),
        (Oddity::EmptyUnauthorized, Refused),
        (Oddity::NotJson, Unknown),
        (Oddity::Malformed, Unknown),
        (Oddity::ScopeMissing, Refused),
        (Oddity::NoRefreshToken, Person),
    ];
    table.extend(oddities.map(|(oddity, verdict)| (Cause::Odd(oddity), verdict)));
    table.extend(Phase::ALL.map(|phase| {
        let verdict = match phase {
            Phase::Send | Phase::Wait | Phase::Read => Unknown,
            _ => Temporary,
        };
        (Cause::Late(phase), verdict)
    }));
    let [temporary, refused, unknown] = [
        &[
            Loss::Lookup,
            Loss::Refused,
            Loss::Unreachable,
            Loss::Connect,
            Loss::ProxyUnable,
            Loss::ProxyGarbled,
            Loss::LostHandshake,
        ][..],
        &[
            Loss::ProxyLogin,
            Loss::ProxyRefused,
            Loss::CertificateTime,
            Loss::CertificateName,
            Loss::CertificateIssuer,
            Loss::CertificateChain,
            Loss::AuthorityTime,
            Loss::Certificate,
            Loss::Tls,
            Loss::TlsAlert,
            Loss::NotTls,
        ],
        &[
            Loss::LostSending,
            Loss::LostWaiting,
            Loss::LostReading,
            Loss::Unsealed,
        ],
    ];
    for (losses, verdict) in [
        (temporary, Temporary),
        (refused, Refused),
        (unknown, Unknown),
    ] {
        table.extend(losses.iter().map(|loss| (Cause::Lost(*loss), verdict)));
    }
    table.extend(Snag::ALL.map(|snag| {
        let verdict = match snag {
            Snag::LateGreeting
            | Snag::LateReply
            | Snag::LateSending
            | Snag::Closed
            | Snag::Lost
            | Snag::Garbled
            | Snag::Nonsense => Temporary,
            Snag::LostAfterDot => Unknown,
            _ => Refused,
        };
        (Cause::Snag(snag), verdict)
    }));
    table
}

#[test]
fn every_cause_has_its_verdict() {
    for (cause, verdict) in table() {
        assert_eq!(cause.verdict(), verdict, "{cause:?}");
    }
    let has_loss = |loss: Loss| table().iter().any(|(cause, _)| *cause == Cause::Lost(loss));
    assert!(Loss::ALL.into_iter().all(has_loss), "a loss is missing");
}

/// All that follows from a cause, but its text.
fn consequences(cause: &Cause) -> (Verdict, &'static str, Option<Retry>) {
    let message = advice::message(advice::of(cause));
    let outcome = Failure::new(cause.clone(), message).outcome();
    let retry = match &outcome {
        Outcome::Unsent { retry, .. } => Some(*retry),
        _ => None,
    };
    (cause.verdict(), outcome.as_str(), retry)
}

/// The same for a refused login.
fn login(code: u16, refusal: Refusal) -> (bool, bool, bool, &'static str, u16) {
    let error = smtp::Error::Auth {
        server: "mail.example.org:587".to_owned(),
        refused: smtp::AuthRefused {
            mechanism: "XOAUTH2",
            reply: smtp::Reply {
                code,
                enhanced: None,
                text: String::new(),
            },
            json: None,
        },
        refusal,
    };
    let is_muted = MUTE.get();
    let text = error.to_string();
    assert_eq!(text.contains(": x; x; "), is_muted, "{text}");
    (
        error.is_temporary(),
        error.is_of_token(),
        error.ends_login(),
        error.outcome().as_str(),
        error.code(),
    )
}

#[test]
fn no_verdict_depends_on_a_text() {
    let all = || {
        let causes: Vec<_> = table()
            .iter()
            .map(|(cause, _)| consequences(cause))
            .collect();
        let logins: Vec<_> = Refusal::ALL
            .into_iter()
            .flat_map(|refusal| [login(454, refusal), login(535, refusal)])
            .collect();
        (causes, logins)
    };
    let before = all();
    MUTE.set(true);
    let muted = all();
    MUTE.set(false);
    assert_eq!(muted, before);
}

#[test]
fn no_text_comes_twice_along_a_chain_of_sources() {
    use std::error::Error;
    let peer = || "mail.example.org:587".to_owned();
    let lost = || crate::net::Error::Lost {
        peer: peer(),
        loss: Loss::Refused,
        source: Some(std::io::Error::other("the very reason")),
    };
    let errors: [Box<dyn Error>; 3] = [
        Box::new(lost()),
        Box::new(smtp::Error::from(lost())),
        Box::new(crate::Error::from(crate::oauth2::Error::from(lost()))),
    ];
    for error in errors {
        let mut texts = error.to_string();
        let mut source = error.source();
        while let Some(inner) = source {
            texts.push_str(&inner.to_string());
            source = inner.source();
        }
        assert_eq!(texts.matches("the very reason").count(), 1, "{texts}");
    }
}
