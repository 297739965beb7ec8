//! What both kinds of HTTP target share: one request, and what its answer means.
//!
//! Only the status of an answer counts. The body of a refusal is shown without secrets, that of a
//! success is not read.

use std::time::Duration;

use oauth2::http::{Request, StatusCode, Uri};

use super::{Report, said, twice};
use crate::advice::{self, Cause, Phase};
use crate::http::{self, Failure};
use crate::outcome::{Outcome, Retry};
use crate::{Deadline, Error, Host, Secret};

/// How long one try may take.
const BUDGET: Duration = Duration::from_secs(10);

/// A request that is ready to go.
pub(super) struct Call {
    request: Request<Vec<u8>>,
    secrets: Vec<Secret>,
}

impl Call {
    /// `secrets` are those that nothing shown may hold.
    pub(super) fn new(request: Request<Vec<u8>>, secrets: Vec<Secret>) -> Self {
        Self { request, secrets }
    }

    pub(super) fn run(&self, host: &Host, deadline: Deadline) -> Report {
        let (mut outcomes, attempts) = twice(&[()], deadline, |_, this| {
            vec![self.attempt(host, this.end().at_most(BUDGET))]
        });
        let outcome = outcomes.pop().unwrap_or(Outcome::Sent);
        Report::of(outcome, attempts)
    }

    fn attempt(&self, host: &Host, deadline: Deadline) -> Outcome {
        match http::head(host, self.request.clone(), deadline) {
            Ok(answer) if answer.status().is_success() => Outcome::Sent,
            Ok(answer) => {
                let (head, body) = answer.into_parts();
                let pause = http::retry_after(&head.headers);
                let words = said::of(&self.request, &self.secrets, &http::beginning(body));
                refusal(head.status, pause, words.as_deref())
            }
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

/// What a status means that is no success.
fn refusal(status: StatusCode, pause: Option<u32>, words: Option<&str>) -> Outcome {
    let advice = advice::for_status(status.as_u16());
    let redirect = match status.is_redirection() {
        true => "unexpected redirect, ",
        false => "",
    };
    let mut reason = format!("{redirect}http status: {}: {advice}", status.as_u16());
    if let Some(words) = words {
        reason.push_str("; it says: ");
        reason.push_str(words);
    }
    if is_temporary(status) {
        let retry = pause.map_or(Retry::Soon, |seconds| {
            Retry::After(Duration::from_secs(seconds.into()))
        });
        Outcome::Unsent { reason, retry }
    } else {
        Outcome::Refused { reason }
    }
}

fn is_temporary(status: StatusCode) -> bool {
    const LATER: [StatusCode; 3] = [
        StatusCode::REQUEST_TIMEOUT,
        StatusCode::TOO_EARLY,
        StatusCode::TOO_MANY_REQUESTS,
    ];
    LATER.contains(&status) || status.is_server_error()
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
    key.starts_with("certificate")
        || matches!(
            key,
            "tls" | "tls-alert" | "not-tls" | "proxy-login" | "proxy-refused"
        )
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
