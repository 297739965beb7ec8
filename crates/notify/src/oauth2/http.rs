//! A request to a token endpoint: https only; what is no answer becomes the provider's error.

use ::oauth2::{HttpRequest, HttpResponse};

use super::explain;
use crate::advice::Oddity;
use crate::http::{self, Failure};
use crate::{Deadline, Error, Host};

/// Sends the request; every answer, whatever its status, is a success here.
pub(super) fn send(
    host: &Host,
    provider: &str,
    request: HttpRequest,
    deadline: Deadline,
) -> Result<HttpResponse, Error> {
    if request.uri().host().is_none() {
        return Err(Error::parameter("tenant-id", "makes no valid URL"));
    }
    http::exchange(host, request, deadline).map_err(|failure| match failure {
        Failure::Way(error) => error,
        Failure::HeadTooLarge => explain::odd(provider, Oddity::HeadTooLarge),
        Failure::BodyTooLarge => explain::odd(provider, Oddity::BodyTooLarge),
        Failure::Malformed | Failure::Unsendable => explain::odd(provider, Oddity::Malformed),
    })
}
