//! A Gotify server: one message over its REST interface, logged in with the application's token.

use oauth2::http::header::{AUTHORIZATION, CONTENT_TYPE};
use oauth2::http::{HeaderName, HeaderValue, Request, Uri};
use serde_json::json;

use super::http::{Call, address, shown};
use super::{Content, Preview, Report};
use crate::config::Gotify;
use crate::message::Message;
use crate::net::Trip;
use crate::{Deadline, Secret, Severity};

const X_GOTIFY_KEY: HeaderName = HeaderName::from_static("x-gotify-key");

pub(super) fn post(
    item: &Gotify,
    content: &Content<'_>,
    trip: &Trip,
    deadline: Deadline,
) -> Report {
    match request(item, content) {
        Ok(request) => {
            let secrets = item.token.iter().cloned().collect();
            Call::new(request, &item.name, content, secrets).run(trip, deadline)
        }
        Err(reason) => Report::refused(reason),
    }
}

/// The request that would bring the notification to the server.
pub(crate) fn preview(item: &Gotify, content: &Content<'_>) -> Result<Preview, Message> {
    let request = request(item, content)?;
    let secrets: Vec<Secret> = item.token.iter().cloned().collect();
    Ok(shown(&request, &secrets, Vec::new()))
}

fn request(item: &Gotify, content: &Content<'_>) -> Result<Request<Vec<u8>>, Message> {
    let server = item.server.trim_end_matches('/');
    let uri: Uri = address("server", &format!("{server}/message"))?;
    let token = item
        .token
        .as_ref()
        .ok_or_else(|| Message::new("the token is missing").fix("set token"))?;
    let secret = |text: &str| {
        let mut value = HeaderValue::from_str(text)
            .ok()
            .filter(|value| value.to_str().is_ok())
            .ok_or_else(|| {
                Message::new("the token has characters that are not allowed").fix("set token again")
            })?;
        value.set_sensitive(true);
        Ok::<_, Message>(value)
    };
    let body = json!({
        "title": content.subject,
        "message": format!("```\n{}\n```", content.text),
        "priority": priority(content.notification.severity),
        "extras": { "client::display": { "contentType": "text/markdown" } },
    });
    let mut request = Request::post(uri)
        .body(body.to_string().into_bytes())
        .map_err(|error| Message::new(error.to_string()))?;
    let headers = request.headers_mut();
    headers.insert(
        AUTHORIZATION,
        secret(&format!("Bearer {}", token.expose()))?,
    );
    headers.insert(X_GOTIFY_KEY, secret(token.expose())?);
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    Ok(request)
}

fn priority(severity: Severity) -> u8 {
    match severity {
        Severity::Info => 1,
        Severity::Notice | Severity::Unknown => 3,
        Severity::Warning => 5,
        Severity::Error => 9,
    }
}
