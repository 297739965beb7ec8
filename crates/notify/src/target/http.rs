//! What both kinds of HTTP target share: one request, and what its answer means.
//!
//! Only the head of an answer counts: its body says nothing about a notification and is not read.

use std::time::Duration;

use oauth2::http::{Request, StatusCode, Uri};

use super::{Report, twice};
use crate::advice::{self, Cause, Phase};
use crate::http::{self, Failure};
use crate::outcome::{Outcome, Retry};
use crate::{Deadline, Error, Host};

/// How long one try may take.
const BUDGET: Duration = Duration::from_secs(10);

/// A request that is ready to go.
pub(super) struct Call {
    request: Request<Vec<u8>>,
}

impl Call {
    pub(super) fn new(request: Request<Vec<u8>>) -> Self {
        Self { request }
    }

    pub(super) fn deliver(&self, host: &Host, deadline: Deadline) -> Report {
        let (mut outcomes, attempts) = twice(&[()], deadline, |_, this| {
            vec![self.attempt(host, this.end().at_most(BUDGET))]
        });
        let outcome = outcomes.pop().unwrap_or(Outcome::Sent);
        Report::of(outcome, attempts)
    }

    fn attempt(&self, host: &Host, deadline: Deadline) -> Outcome {
        match http::head(host, self.request.clone(), deadline) {
            Ok(answer) => judge(answer.status(), http::retry_after(answer.headers())),
            Err(Failure::Way(error)) => lost(error),
            Err(Failure::Unsendable) => Outcome::Refused {
                reason:
                    "the request cannot be put on the wire; an administrator has to correct the \
                         target's address, token and headers"
                        .to_owned(),
            },
            Err(failure) => Outcome::Unknown {
                reason: format!(
                    "the server's answer cannot be understood ({}); an administrator of this \
                     machine has to check that the address is the right one",
                    failure.what()
                ),
            },
        }
    }
}

/// What a status means.
fn judge(status: StatusCode, pause: Option<u32>) -> Outcome {
    if status.is_success() {
        return Outcome::Sent;
    }
    let advice = advice::for_status(status.as_u16());
    let reason = if status.is_redirection() {
        format!(
            "unexpected redirect, http status: {}: {advice}",
            status.as_u16()
        )
    } else {
        format!("http status: {}: {advice}", status.as_u16())
    };
    if status == StatusCode::TOO_MANY_REQUESTS || status.is_server_error() {
        let retry = pause.map_or(Retry::Soon, |seconds| {
            Retry::After(Duration::from_secs(seconds.into()))
        });
        Outcome::Unsent { reason, retry }
    } else {
        Outcome::Refused { reason }
    }
}

/// What the end of a connection means: it depends on whether the request had gone out.
fn lost(error: Error) -> Outcome {
    let open = [
        Phase::Wait.timeout(),
        Phase::Read.timeout(),
        Cause::LostWaiting.advice(),
        Cause::LostReading.advice(),
        Cause::Unsealed.advice(),
    ];
    match &error {
        Error::Way { peer, advice, .. } if open.contains(advice) => Outcome::Unknown {
            reason: format!(
                "{peer}: {}, so that the notification may or may not have arrived; whoever runs \
                 the server has to look into its log",
                advice.what
            ),
        },
        Error::Way { advice, .. } if !needs_somebody(advice.key) => Outcome::Unsent {
            reason: error.to_string(),
            retry: Retry::Soon,
        },
        _ => Outcome::Refused {
            reason: error.to_string(),
        },
    }
}

/// Whether no second try helps before somebody has acted.
fn needs_somebody(key: &str) -> bool {
    key.starts_with("certificate") || matches!(key, "tls" | "proxy-login" | "proxy-refused")
}

/// The address of a request. Its text, which may hold a secret, is not quoted.
pub(super) fn address(setting: &str, text: &str) -> Result<Uri, String> {
    let uri = text.parse::<Uri>().ok();
    uri.filter(|uri| matches!(uri.scheme_str(), Some("http" | "https")) && uri.host().is_some())
        .ok_or_else(|| {
            format!(
                "{setting} makes no valid http or https address; an administrator has to correct it"
            )
        })
}
