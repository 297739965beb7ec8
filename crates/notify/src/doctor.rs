//! The doctor: goes the way of a mail or a message step by step, up to where something would be sent, and says
//! for each step what it has seen, and what fixes it. Nothing is sent, and nothing of the configuration changes; an
//! access token that is due is refreshed, as it would be by a mail.

mod sendmail;
mod smtp;
mod steps;
mod way;
mod web;

use serde::Serialize;

use steps::Steps;
pub use steps::{Grade, Step};

use crate::config::{Config, Entity, Kind};
use crate::endpoint::{Content, gotify, webhook};
use crate::net::Trip;
use crate::template::Templates;
use crate::token::Keeper;
use crate::{Clock, Deadline};

/// What the doctor has found at a target.
#[derive(Debug, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct Checkup {
    /// The target's name.
    pub target: String,
    /// Its kind.
    #[serde(rename = "type")]
    pub kind: Kind,
    /// The worst of the steps.
    pub result: Grade,
    /// The steps in their order.
    pub steps: Vec<Step>,
}

/// What the doctor needs from its surroundings.
pub(crate) struct Doctor<'a> {
    pub(crate) trip: Trip,
    pub(crate) keeper: &'a Keeper<'a>,
    pub(crate) templates: &'a Templates,
    pub(crate) clock: &'a dyn Clock,
    /// Is told each step when it is done.
    pub(crate) watch: &'a dyn Fn(&Step),
}

impl Doctor<'_> {
    /// Examines a target, whose settings could be read; it may be switched off.
    pub(crate) fn examine(&self, config: &Config, entity: &Entity, deadline: Deadline) -> Checkup {
        let mut steps = Steps::new(self.watch);
        match entity {
            Entity::Smtp(item) => smtp::examine(self, config, item, &mut steps, deadline),
            Entity::Sendmail(item) => sendmail::examine(self, item, &mut steps),
            Entity::Gotify(item) => {
                let preview = |content: &Content<'_>| gotify::preview(item, content);
                web::examine(self, &item.name, preview, &mut steps, deadline);
            }
            Entity::Webhook(item) => {
                let preview = |content: &Content<'_>| webhook::preview(item, content, self.clock);
                web::examine(self, &item.name, preview, &mut steps, deadline);
            }
            // none to be examined
            Entity::Matcher(_) => {}
        }
        let steps = steps.end();
        Checkup {
            target: entity.name().to_owned(),
            kind: entity.kind(),
            result: steps
                .iter()
                .map(|step| step.result)
                .max()
                .unwrap_or(Grade::Ok),
            steps,
        }
    }
}
