//! A request to a token endpoint: https only; what is no answer becomes the provider's error.

use ::oauth2::url::form_urlencoded;
use ::oauth2::{HttpRequest, HttpResponse};

use super::{Asked, Error, explain, reply};
use crate::Deadline;
use crate::cause::Oddity;
use crate::http::{self, Failure};
use crate::net::Trip;
use crate::transcript::Speaker;

/// Sends the request; every answer, whatever its status, is a success here.
pub(super) fn send(
    trip: &Trip,
    asked: &Asked<'_>,
    request: HttpRequest,
    deadline: Deadline,
) -> Result<HttpResponse, Error> {
    let provider = &asked.provider.name;
    if request.uri().host().is_none() {
        return Err(Error::parameter("tenant-id", "makes no valid URL"));
    }
    let peer = http::peer(request.uri()).name();
    let listener = trip.listener();
    listener.hear(&peer, Speaker::Us, || told(&request));
    let answer =
        http::exchange(trip, request, deadline).map_err(|failure| unanswered(provider, failure));
    match &answer {
        Ok(answer) => listener.hear(&peer, Speaker::Peer, || reply::heard(asked, answer)),
        Err(error) => listener.hear(&peer, Speaker::Note, || error.to_string()),
    }
    answer
}

/// What came in place of an answer.
pub(super) fn unanswered(provider: &str, failure: Failure) -> Error {
    match failure {
        Failure::Net(error) => error.into(),
        Failure::HeadTooLarge => explain::odd(provider, Oddity::HeadTooLarge),
        Failure::BodyTooLarge => explain::odd(provider, Oddity::BodyTooLarge),
        Failure::Malformed | Failure::Unsendable => explain::odd(provider, Oddity::Malformed),
    }
}

/// A request without anything that could be secret: only these parameters are shown with their values.
fn told(request: &HttpRequest) -> String {
    const OPEN: [&str; 2] = ["grant_type", "scope"];
    let parameters = form_urlencoded::parse(request.body()).map(|(name, value)| {
        if OPEN.contains(&&*name) {
            format!("{name}={value}")
        } else {
            format!("{name}=...")
        }
    });
    let parameters: Vec<String> = parameters.collect();
    format!(
        "{} {} {}",
        request.method(),
        request.uri().path(),
        parameters.join(" ")
    )
}
