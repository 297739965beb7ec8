//! A request to a token endpoint: https only; what is no answer becomes the provider's error.

use ::oauth2::{HttpRequest, HttpResponse};

use super::{Error, explain};
use crate::Deadline;
use crate::cause::Oddity;
use crate::http::{self, Failure};
use crate::net::Trip;

/// Sends the request; every answer, whatever its status, is a success here.
pub(super) fn send(
    trip: &Trip,
    provider: &str,
    request: HttpRequest,
    deadline: Deadline,
) -> Result<HttpResponse, Error> {
    if request.uri().host().is_none() {
        return Err(Error::parameter("tenant-id", "makes no valid URL"));
    }
    http::exchange(trip, request, deadline).map_err(|failure| match failure {
        Failure::Net(error) => error.into(),
        Failure::HeadTooLarge => explain::odd(provider, Oddity::HeadTooLarge),
        Failure::BodyTooLarge => explain::odd(provider, Oddity::BodyTooLarge),
        Failure::Malformed | Failure::Unsendable => explain::odd(provider, Oddity::Malformed),
    })
}
