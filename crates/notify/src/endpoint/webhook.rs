//! Any HTTP server: URL, header values and body are templates over the notification and the target's
//! secrets. No reason that comes out of here shows a secret.

use base64::prelude::{BASE64_STANDARD, Engine};
use oauth2::http::header::{CONNECTION, CONTENT_LENGTH, EXPECT, HOST, TRANSFER_ENCODING};
use oauth2::http::{HeaderMap, HeaderName, HeaderValue, Method, Request};
use serde_json::{Map, Value, json};

use super::http::{Call, address};
use super::said::masked;
use super::{Content, Report};
use crate::config::{HttpMethod, Pair, Webhook};
use crate::message::Message;
use crate::net::Trip;
use crate::redact::Redactor;
use crate::template::webhook::render;
use crate::{Clock, Deadline, Secret};

pub(super) fn call(
    item: &Webhook,
    content: &Content<'_>,
    trip: &Trip,
    clock: &dyn Clock,
    deadline: Deadline,
) -> Report {
    let mut maker = match Maker::new(item, content, clock) {
        Ok(maker) => maker,
        Err(reason) => return Report::refused(reason),
    };
    match maker.request() {
        Ok(request) => {
            let mut report =
                Call::new(request, &item.name, content, maker.secrets).run(trip, deadline);
            report.warnings.extend(maker.faults);
            report
        }
        Err(reason) => Report::refused(reason),
    }
}

/// Renders the parts of one request.
struct Maker<'a> {
    item: &'a Webhook,
    clock: &'a dyn Clock,
    data: Value,
    secrets: Vec<Secret>,
    redactor: Redactor,
    /// Helpers that failed and rendered `ERROR`.
    faults: Vec<String>,
}

impl<'a> Maker<'a> {
    fn new(
        item: &'a Webhook,
        content: &Content<'_>,
        clock: &'a dyn Clock,
    ) -> Result<Self, Message> {
        let mut secrets: Vec<(&str, Secret)> = Vec::new();
        for pair in &item.secret {
            secrets.push((&pair.name, decoded("secret", pair)?));
        }
        let notification = content.notification;
        let values = secrets.iter().map(|(name, value)| {
            let value = Value::String(value.expose().to_owned());
            ((*name).to_owned(), value)
        });
        let data = json!({
            "title": content.subject,
            "message": content.text,
            "severity": notification.severity.name(),
            "timestamp": notification.timestamp,
            "fields": notification.fields,
            "secrets": values.collect::<Map<_, _>>(),
        });
        let secrets: Vec<Secret> = secrets.into_iter().map(|(_, value)| value).collect();
        Ok(Self {
            item,
            clock,
            data,
            redactor: Redactor::new("", &secrets.iter().collect::<Vec<_>>()),
            secrets,
            faults: Vec::new(),
        })
    }

    fn request(&mut self) -> Result<Request<Vec<u8>>, Message> {
        let item = self.item;
        let uri = address("url", &self.render("url", &item.url)?)?;
        let mut headers = HeaderMap::new();
        for pair in &item.header {
            let what = format!("header '{}'", pair.name);
            let name: HeaderName = pair.name.parse().map_err(|_| {
                Message::new(format!("{what} has no valid name")).fix("set header again")
            })?;
            let template = decoded("header", pair)?;
            let value = self.render(&what, template.expose())?;
            let mut value = HeaderValue::from_str(&value).map_err(|_| {
                let why = format!(
                    "{what} renders to a value with line breaks or other control characters"
                );
                Message::new(why).fix("fix its template")
            })?;
            value.set_sensitive(true);
            if name == HOST {
                headers.insert(name, value);
            } else if !is_of_the_connection(&name) {
                headers.append(name, value);
            }
        }
        let body = match &item.body {
            Some(body) => {
                let body = BASE64_STANDARD.decode(body).ok();
                let body = body.and_then(|bytes| String::from_utf8(bytes).ok());
                let template = body.ok_or_else(|| {
                    Message::new("the body is not text in UTF-8").fix("set it again")
                })?;
                self.render("body", &template)?
            }
            None => String::new(),
        };
        let method = match item.method {
            HttpMethod::Post => Method::POST,
            HttpMethod::Put => Method::PUT,
            HttpMethod::Get => Method::GET,
        };
        let mut request = Request::new(body.into_bytes());
        (*request.method_mut(), *request.uri_mut()) = (method, uri);
        *request.headers_mut() = headers;
        Ok(request)
    }

    fn render(&mut self, what: &str, template: &str) -> Result<String, Message> {
        let mask = |text: &str| masked(&self.redactor, text);
        match render(template, &self.data, self.clock) {
            Ok(rendered) => {
                let faults = rendered.faults.iter();
                let faults: Vec<String> = faults.map(|f| format!("{what}: {}", mask(f))).collect();
                self.faults.extend(faults);
                Ok(rendered.text)
            }
            Err(reason) => Err(Message::new(format!(
                "{what} cannot be rendered: {}",
                mask(&reason)
            ))
            .fix("fix its template")),
        }
    }
}

/// These say how the request is framed, which no template knows.
fn is_of_the_connection(name: &HeaderName) -> bool {
    [CONTENT_LENGTH, TRANSFER_ENCODING, CONNECTION, EXPECT].contains(name)
}

fn decoded(what: &str, pair: &Pair) -> Result<Secret, Message> {
    pair.decoded().ok_or_else(|| {
        let name = &pair.name;
        Message::new(format!("{what} '{name}' is not text in UTF-8")).fix("set it again")
    })
}
