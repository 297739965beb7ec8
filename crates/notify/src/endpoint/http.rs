//! What both kinds of HTTP target share: one request, and what its answer means.
//!
//! Only the status of an answer counts. The body of a refusal is shown without secrets, that of a
//! success is not read.
//!
//! A receiver may be slow, and one that gets a notification twice shows it twice. So it has all the time
//! there is, and what may have arrived is not sent again; where it is sent again after an answer, a field
//! tells that it is the same.

use std::time::Duration;

use oauth2::http::header::{Entry, InvalidHeaderValue};
use oauth2::http::{HeaderName, HeaderValue, Request, StatusCode, Uri};

use super::{Content, Doubt, Preview, Report, said, twice};
use crate::advice;
use crate::cause::Cause;
use crate::deadline::Ends;
use crate::hash::sha256;
use crate::hex::hex;
use crate::message::Message;
use crate::net::Trip;
use crate::outcome::{Failure, Outcome};
use crate::redact::Redactor;
use crate::transcript::Speaker;
use crate::verdict::Verdict;
use crate::{Deadline, Secret, http};

/// How much of the time a receiver may take: in the rest others may be told of a target that has stopped
/// working.
const NEARLY: f32 = 0.9;
/// The same at each try of one notification for one target, and in no other request
/// (draft-ietf-httpapi-idempotency-key-header).
const IDEMPOTENCY_KEY: HeaderName = HeaderName::from_static("idempotency-key");
/// So many characters of a body are shown.
const SHOWN: usize = 200;
/// So many bytes of a digest tell two requests apart.
const KEY: usize = 16;

/// A request that is ready to go.
pub(super) struct Call {
    request: Request<Vec<u8>>,
    secrets: Vec<Secret>,
}

impl Call {
    /// A request that brings the notification to the target of this name. `secrets` are those that
    /// nothing shown may hold.
    pub(super) fn new(
        mut request: Request<Vec<u8>>,
        target: &str,
        content: &Content<'_>,
        secrets: Vec<Secret>,
    ) -> Self {
        // an administrator's own field counts
        let entry = request.headers_mut().entry(IDEMPOTENCY_KEY);
        if let (Entry::Vacant(entry), Ok(key)) = (entry, key(&content.id, target)) {
            entry.insert(key);
        }
        Self { request, secrets }
    }

    pub(super) fn run(&self, trip: &Trip, deadline: Deadline) -> Report {
        let doubt = match self.request.method().is_safe() {
            true => Doubt::TryAgain,
            false => Doubt::Leave,
        };
        let left = deadline.left().unwrap_or_default();
        let deadline = deadline.at_most(left.mul_f32(NEARLY));
        let (mut outcomes, attempts) = twice(&[()], deadline, doubt, |_, this| {
            vec![self.attempt(trip, this.into())]
        });
        let outcome = outcomes.pop().unwrap_or(Outcome::Sent);
        Report::of(outcome, attempts)
    }

    fn attempt(&self, trip: &Trip, ends: Ends) -> Outcome {
        let peer = http::peer(self.request.uri()).name();
        let listener = trip.listener();
        // of the address only the host and port: a path may be a secret, and so may any field
        listener.hear(&peer, Speaker::Us, || {
            format!(
                "{} with {} bytes",
                self.request.method(),
                self.request.body().len()
            )
        });
        let answer = http::head(trip, self.request.clone(), ends);
        match &answer {
            Ok(answer) => listener.hear(&peer, Speaker::Peer, || answer.status().to_string()),
            Err(http::Failure::Net(error)) => {
                listener.hear(&peer, Speaker::Note, || error.to_string());
            }
            Err(failure) => listener.hear(&peer, Speaker::Note, || failure.what()),
        }
        match answer {
            Ok(answer) if answer.status().is_success() => Outcome::Sent,
            Ok(answer) => {
                let (head, body) = answer.into_parts();
                let pause = http::retry_after(&head.headers);
                let words = said::of(&self.request, &self.secrets, &http::beginning(body));
                refusal(head.status, pause, words.as_deref())
            }
            Err(failure) => lost(&failure),
        }
    }
}

/// A request for a person's eyes: without secrets, and of its fields the names alone.
pub(super) fn shown(
    request: &Request<Vec<u8>>,
    secrets: &[Secret],
    warnings: Vec<String>,
) -> Preview {
    let redactor = Redactor::new("", &secrets.iter().collect::<Vec<_>>());
    let body = String::from_utf8_lossy(request.body());
    let begin: String = body.chars().take(SHOWN).collect();
    let names: Vec<&str> = request.headers().keys().map(HeaderName::as_str).collect();
    let text = format!(
        "{} {} ({}): {begin}",
        request.method(),
        request.uri(),
        names.join(", "),
    );
    Preview {
        uri: request.uri().clone(),
        text: said::masked(&redactor, &text),
        warnings,
    }
}

/// Made of the notification and the target alone: nothing of either can be read from it.
fn key(notification: &str, target: &str) -> Result<HeaderValue, InvalidHeaderValue> {
    let digest = sha256(format!("{notification} {target}").as_bytes());
    let digits = hex(digest.get(..KEY).unwrap_or_default());
    HeaderValue::from_str(&digits)
}

/// What a status means that is no success.
fn refusal(status: StatusCode, pause: Option<u32>, words: Option<&str>) -> Outcome {
    let cause = Cause::Status(status.as_u16());
    let about = match status.is_redirection() {
        true => "unexpected redirect, http status",
        false => "http status",
    };
    let message = advice::message(advice::of(&cause));
    let why = message
        .about(format!("{about}: {}", status.as_u16()))
        .details(words.map(|words| format!("server says: \"{words}\"")));
    let pause = pause.map(|seconds| Duration::from_secs(seconds.into()));
    Failure::new(cause, why).pause(pause).outcome()
}

/// What it means that there is no answer.
fn lost(failure: &http::Failure) -> Outcome {
    let cause = failure.cause();
    let why = match failure {
        http::Failure::Net(error) if cause.verdict() == Verdict::Unknown => {
            let what = advice::message(advice::of(&cause)).cause;
            let arrived = "the notification may or may not have arrived";
            Message::new(format!("{what}; {arrived}"))
                .about(error.peer().unwrap_or_default())
                .fix("check the server's log")
        }
        http::Failure::Net(error) => error.message(),
        http::Failure::Unsendable => Message::new("the request cannot be sent")
            .fix("check address, token and headers of the target"),
        failure => {
            let what = failure.what();
            Message::new(format!("the server's answer is not usable ({what})"))
                .fix("check the address of the target")
        }
    };
    Failure::new(cause, why).outcome()
}

/// The address of a request. Its text, which may hold a secret, is not quoted.
pub(super) fn address(setting: &str, text: &str) -> Result<Uri, Message> {
    let uri = text.parse::<Uri>().ok();
    uri.filter(|uri| matches!(uri.scheme_str(), Some("http" | "https")) && uri.host().is_some())
        .ok_or_else(|| {
            Message::new(format!("{setting} is not a valid http or https address"))
                .fix(format!("set {setting} again"))
        })
}
