//! The four kinds of target. Each brings one notification to its place within a deadline and reports
//! what became of it; none knows of matchers, of other targets or of who asked.

pub(crate) mod gotify;
mod http;
mod mail;
mod said;
pub(crate) mod sendmail;
pub(crate) mod smtp;
mod twice;
pub(crate) mod webhook;

use oauth2::http::Uri;
use serde::Serialize;

use crate::cause::Cause;
use crate::config::Entity;
use crate::message::Message;
use crate::net::Trip;
use crate::outcome::{Failure, Outcome};
use crate::template::{self, Part, Problem, Templates};
use crate::token::Keeper;
use crate::{Clock, Deadline, Notification, random};
use twice::{Doubt, Try, twice};

/// A notification with its texts, rendered once for all targets.
#[derive(Debug)]
pub(crate) struct Content<'a> {
    pub(crate) notification: &'a Notification,
    /// What no other notification has, not even one with the same texts.
    pub(crate) id: String,
    /// How far local time was ahead of UTC when it was made, in seconds.
    pub(crate) offset: i32,
    pub(crate) subject: String,
    pub(crate) text: String,
    /// Only where a mail is among the targets.
    pub(crate) mail: Option<crate::mail::Body>,
}

impl<'a> Content<'a> {
    /// Renders the texts; what was passed over on the way is added to `problems`.
    pub(crate) fn render(
        notification: &'a Notification,
        with_mail: bool,
        templates: &Templates,
        clock: &dyn Clock,
        problems: &mut Vec<Problem>,
    ) -> Result<Self, Message> {
        let mut part = |part| {
            let Notification { template, data, .. } = notification;
            let rendered = templates.render(template, part, data, clock, problems);
            rendered.map_err(|error: template::Error| Message::new(error.to_string()))
        };
        let (subject, text) = (part(Part::Subject)?, part(Part::Text)?);
        let mail = match with_mail {
            true => {
                let html = part(Part::Html)?;
                let body = crate::mail::Body::new(&text, &html);
                Some(body.map_err(|reason| Message::new(reason).about("mail"))?)
            }
            false => None,
        };
        Ok(Self {
            notification,
            id: random::name().map_err(Message::new)?,
            offset: clock.offset(notification.timestamp),
            subject,
            text,
            mail,
        })
    }
}

/// What became of a notification for one recipient.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Recipient {
    /// The mail address; none where the target has no recipients of its own.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub recipient: Option<String>,
    /// What became of it.
    #[serde(flatten)]
    pub outcome: Outcome,
}

/// What became of a notification at one target.
#[derive(Clone, Debug, Default)]
pub(crate) struct Report {
    pub(crate) recipients: Vec<Recipient>,
    /// How often the target was tried.
    pub(crate) attempts: u32,
    /// What is wrong although something could be sent.
    pub(crate) warnings: Vec<String>,
}

impl Report {
    /// Nothing could be sent, and somebody has to act.
    pub(crate) fn refused(why: Message) -> Self {
        Self::of(Failure::new(Cause::Settings, why).outcome(), 0)
    }

    /// One outcome for all there is.
    pub(crate) fn of(outcome: Outcome, attempts: u32) -> Self {
        Self {
            recipients: vec![Recipient {
                recipient: None,
                outcome,
            }],
            attempts,
            warnings: Vec::new(),
        }
    }
}

/// What a request to a web server would be; no secret is in it.
pub(crate) struct Preview {
    /// Where it would go.
    pub(crate) uri: Uri,
    /// The request as a person sees it.
    pub(crate) text: String,
    /// What is wrong although it could be sent.
    pub(crate) warnings: Vec<String>,
}

/// Brings the notification to one target.
pub(crate) fn bring(
    entity: &Entity,
    content: &Content<'_>,
    trip: &Trip,
    keeper: &Keeper<'_>,
    deadline: Deadline,
) -> Report {
    if deadline.left().is_none() {
        return Report::of(not_tried(), 0);
    }
    let trip = &trip.for_one_target();
    match entity {
        Entity::Gotify(item) => gotify::post(item, content, trip, deadline),
        Entity::Sendmail(item) => sendmail::hand_in(item, content, trip, deadline),
        Entity::Smtp(item) => smtp::submit(item, content, trip, keeper, deadline),
        Entity::Webhook(item) => webhook::call(item, content, trip, keeper.clock(), deadline),
        Entity::Matcher(item) => {
            Report::refused(Message::new(format!("'{}' is a matcher", item.name)))
        }
    }
}

/// The others have used up the time: nothing is known of this target.
fn not_tried() -> Outcome {
    let why = "not attempted: time ran out while other targets did not respond";
    let why = Message::new(why).fix("check the other targets first");
    Failure::new(Cause::Busy, why).outcome()
}
