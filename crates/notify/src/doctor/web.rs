//! A Gotify server, or any other web server: what the request would be, and the way to the server up to where it
//! would be sent.

use std::collections::BTreeMap;

use super::Doctor;
use super::steps::{Seen, Steps};
use super::way;
use crate::deadline::Ends;
use crate::endpoint::{Content, Preview};
use crate::message::Message;
use crate::net::{self, Peer};
use crate::{Deadline, Notification, Severity, http};

pub(super) fn examine(
    doctor: &Doctor<'_>,
    target: &str,
    preview: impl FnOnce(&Content<'_>) -> Result<Preview, Message>,
    steps: &mut Steps<'_>,
    deadline: Deadline,
) {
    steps.plan(&["request", "proxy", "names", "connection"]);
    let request = steps.take("request", || {
        let data = serde_json::json!({ "target": target });
        let fields = BTreeMap::from([("type".to_owned(), "test".to_owned())]);
        let notification = Notification::new(Severity::Info, "test", data, fields, doctor.clock);
        let mut problems = Vec::new();
        let content = Content::render(
            &notification,
            false,
            doctor.templates,
            doctor.clock,
            &mut problems,
        )?;
        let request = preview(&content)?;
        let warning = request.warnings.first().map(Message::new);
        Ok((request.uri, Seen::new(request.text).warn(warning)))
    });
    let Some(uri) = request else {
        return;
    };
    let has_tls = uri.scheme_str() == Some("https");
    if has_tls {
        steps.plan(&["tls"]);
    }
    let server = http::peer(&uri);
    let proxy = steps.take("proxy", || {
        let proxy = doctor.trip.host().proxy().map_err(|file| file.message())?;
        let peer = proxy.map(|proxy| Peer {
            host: proxy.host,
            port: proxy.port,
            is_proxy: true,
        });
        let text = match &peer {
            Some(peer) => format!("{} (http_proxy in datacenter.cfg)", peer.name()),
            None => "none".to_owned(),
        };
        Ok((peer, Seen::new(text)))
    });
    let Some(proxy) = proxy else {
        return;
    };
    let next = proxy.as_ref().unwrap_or(&server);
    if !way::go(&doctor.trip, next, steps, deadline) || !has_tls {
        return;
    }
    steps.take("tls", || {
        let (stream, _) = net::connect_http(&doctor.trip, &server, true, Ends::from(deadline))
            .map_err(|error| error.message())?;
        let agreed = stream.agreed().unwrap_or_default();
        let certificate = stream.certificate();
        let now = doctor.clock.now();
        Ok(((), way::certificate(&agreed, certificate.as_ref(), now)))
    });
}
