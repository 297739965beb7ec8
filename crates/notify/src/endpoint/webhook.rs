//! Any HTTP server: URL, header values and body are templates over the notification and the target's
//! secrets. No reason that comes out of here shows a secret, or is chosen by one: the author of a
//! template could else ask it about a secret.

use base64::prelude::{BASE64_STANDARD, Engine};
use oauth2::http::header::{CONNECTION, CONTENT_LENGTH, EXPECT, HOST, TRANSFER_ENCODING};
use oauth2::http::uri::Authority;
use oauth2::http::{HeaderMap, HeaderName, HeaderValue, Method, Request, Uri};
use serde_json::{Map, Value, json};

use super::http::{Call, address, shown};
use super::said::masked;
use super::{Content, Preview, Report};
use crate::config::{HttpMethod, Pair, Webhook};
use crate::message::Message;
use crate::net::Trip;
use crate::redact::Redactor;
use crate::template::webhook::{Rendered, render};
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
            report.warnings.extend(maker.warnings);
            report
        }
        Err(reason) => Report::refused(reason),
    }
}

/// The request that would bring the notification to the server.
pub(crate) fn preview(
    item: &Webhook,
    content: &Content<'_>,
    clock: &dyn Clock,
) -> Result<Preview, Message> {
    let mut maker = Maker::new(item, content, clock)?;
    let request = maker.request()?;
    Ok(shown(&request, &maker.secrets, maker.warnings))
}

/// Renders the parts of one request.
struct Maker<'a> {
    item: &'a Webhook,
    content: &'a Content<'a>,
    clock: &'a dyn Clock,
    data: Value,
    secrets: Vec<Secret>,
    redactor: Redactor,
    /// Helpers that failed and rendered `ERROR`, and headers that are left out.
    warnings: Vec<String>,
}

/// Why a template has no text.
enum Unrendered {
    /// It would have none with other secrets either.
    Template(Message),
    /// Because of a secret.
    Secret,
}

impl<'a> Maker<'a> {
    fn new(
        item: &'a Webhook,
        content: &'a Content<'a>,
        clock: &'a dyn Clock,
    ) -> Result<Self, Message> {
        let secrets = item.secret.iter().map(|pair| decoded("secret", pair));
        let secrets = secrets.collect::<Result<Vec<_>, _>>()?;
        let values = secrets.iter().map(Secret::expose);
        Ok(Self {
            item,
            content,
            clock,
            data: data(item, content, values),
            redactor: Redactor::new("", &secrets.iter().collect::<Vec<_>>()),
            secrets,
            warnings: Vec::new(),
        })
    }

    /// Renders with stand-ins for the secrets.
    fn render_openly(&self, template: &str) -> Result<Rendered, String> {
        let values = self.secrets.iter().map(|_| "secret");
        let data = data(self.item, self.content, values);
        render(template, &data, self.clock)
    }

    fn request(&mut self) -> Result<Request<Vec<u8>>, Message> {
        let item = self.item;
        let uri = self.uri()?;
        let mut headers = HeaderMap::new();
        for pair in &item.header {
            let what = format!("header '{}'", pair.name);
            let name: HeaderName = pair.name.parse().map_err(|_| {
                Message::new(format!("{what} has no valid name")).fix("set header again")
            })?;
            let template = decoded("header", pair)?;
            let value = match self.render(&what, template.expose()) {
                Ok(text) => header_value(&name, &text),
                Err(Unrendered::Secret) => None,
                Err(Unrendered::Template(why)) => return Err(why),
            };
            let Some(mut value) = value else {
                self.warnings.push(format!(
                    "{what} is left out, its value is empty or not allowed; fix its template"
                ));
                continue;
            };
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
                self.needed("body", &template)?
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

    fn uri(&mut self) -> Result<Uri, Message> {
        let text = self.needed("url", &self.item.url)?;
        address("url", &text).map_err(|why| {
            let open = self.render_openly(&self.item.url);
            match open.is_ok_and(|open| address("url", &open.text).is_ok()) {
                true => unusable("url"),
                false => why,
            }
        })
    }

    /// What there is no request without.
    fn needed(&mut self, what: &str, template: &str) -> Result<String, Message> {
        self.render(what, template).map_err(|why| match why {
            Unrendered::Template(why) => why,
            Unrendered::Secret => unusable(what),
        })
    }

    /// What is told of a fault is what the template does with stand-ins.
    fn render(&mut self, what: &str, template: &str) -> Result<String, Unrendered> {
        let rendered = render(template, &self.data, self.clock);
        if let Ok(Rendered { text, faults }) = &rendered {
            if faults.is_empty() {
                return Ok(text.clone());
            }
        }
        let open = self.render_openly(template);
        let mask = |text: &str| masked(&self.redactor, text);
        match (rendered, open) {
            (Ok(rendered), open) => {
                let told = open.ok().filter(|open| open.faults == rendered.faults);
                let faults = told.map_or_else(
                    || vec!["a helper failed".to_owned()],
                    |open| open.faults.iter().map(|fault| mask(fault)).collect(),
                );
                let faults = faults.iter().map(|fault| format!("{what}: {fault}"));
                self.warnings.extend(faults);
                Ok(rendered.text)
            }
            (Err(_), Ok(_)) => Err(Unrendered::Secret),
            (Err(_), Err(reason)) => {
                let why = format!("{what} cannot be rendered: {}", mask(&reason));
                Err(Unrendered::Template(
                    Message::new(why).fix("fix its template"),
                ))
            }
        }
    }
}

/// What templates know, with these values of the target's secrets.
fn data<'v>(item: &Webhook, content: &Content<'_>, values: impl Iterator<Item = &'v str>) -> Value {
    let names = item.secret.iter().map(|pair| pair.name.clone());
    let notification = content.notification;
    json!({
        "title": content.subject,
        "message": content.text,
        "severity": notification.severity.name(),
        "timestamp": notification.timestamp,
        "fields": notification.fields,
        "secrets": names.zip(values.map(Value::from)).collect::<Map<_, _>>(),
    })
}

fn unusable(what: &str) -> Message {
    Message::new(format!("{what} cannot be used with the target's secrets"))
        .fix("fix its template, or set secret again")
}

/// The value of a header that says something and may be sent.
fn header_value(name: &HeaderName, text: &str) -> Option<HeaderValue> {
    let value = HeaderValue::from_str(text).ok();
    value.filter(|_| match *name {
        HOST => text.parse::<Authority>().is_ok(),
        _ => !text.trim().is_empty(),
    })
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
