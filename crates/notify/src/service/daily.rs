//! The daily run: grants that would end unused are used, failed ones tried again, the admins told of those
//! that have stopped working and of what will end, and what is kept of targets that are gone is removed. In this order.

use std::collections::BTreeMap;
use std::time::Duration;

use serde::Serialize;

use super::Service;
use crate::Deadline;
use crate::config::{Config, Entity, Kind};
use crate::deliver::{Level, LogLine};
use crate::message::Message;
use crate::pending::Pending;
use crate::token::{self, BUDGET, Keeper};
use crate::upkeep::{self, Health};

/// The longest run over all targets.
const LONGEST_RUN: Duration = Duration::from_secs(600);
/// How long telling of what has failed may take.
const ALERT_BUDGET: Duration = Duration::from_secs(60);

/// What a run did.
#[derive(Debug, Serialize)]
pub struct Run {
    /// For each target that logs in with OAuth2.
    pub targets: Vec<Kept>,
    /// What an admin should know.
    pub log: Vec<LogLine>,
}

/// What it did for one target.
#[derive(Debug, Serialize)]
pub struct Kept {
    /// Its name.
    pub target: String,
    /// Whether the provider was asked and has answered well.
    pub refreshed: bool,
    /// Why not, as one line.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
    /// The same in its parts.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub why: Option<Message>,
    /// How things stand now.
    pub health: Health,
}

impl Service {
    /// The run: up to 25 s for each target, 600 s for all of them, 60 s each for the telling of what has failed and
    /// of what will end, and 25 s for the removing.
    #[must_use]
    pub fn refresh(&self) -> Run {
        let config = self.config();
        let keeper = self.keeper();
        let targets = upkeep::targets(&self.host, &config);
        let reports = upkeep::run(&keeper, targets, Deadline::after(LONGEST_RUN));
        let mut health: BTreeMap<String, Health> = self.status();
        let unsettled = keeper.unsettled(health.values());
        let alerts = self.with_sender(|sender| {
            let deadline = Deadline::after(ALERT_BUDGET);
            sender.alert(&config, Some(&unsettled), deadline)
        });
        let targets = reports.into_iter().filter_map(|report| {
            let error = report.result.as_ref().err();
            Some(Kept {
                refreshed: matches!(report.result, Ok(true)),
                error: error.map(ToString::to_string),
                why: error.map(upkeep::Error::message),
                health: health.remove(&report.target)?,
                target: report.target,
            })
        });
        let targets = targets.collect();
        let mut log = alerts.log;
        let warnings =
            self.with_sender(|sender| sender.warn(&config, Deadline::after(ALERT_BUDGET)));
        log.extend(warnings.log);
        log.extend(passwords(&config));
        log.extend(swept(&keeper, &config));
        // what has ended is of no use to anybody, and the next one to begin looks again
        let _ = Pending::new(&self.host).sweep(Deadline::after(BUDGET));
        Run { targets, log }
    }
}

/// Targets whose login the provider is about to end.
fn passwords(config: &Config) -> Vec<LogLine> {
    let all = config.of_kind(Kind::Smtp).into_iter();
    let line = |entity: &Entity| {
        let Entity::Smtp(smtp) = entity else {
            return None;
        };
        let is_off = smtp.disable == Some(true);
        let warning = smtp.password_warning().filter(|_| !is_off)?;
        Some(LogLine {
            level: Level::Warning,
            text: format!("target '{}': {warning}", smtp.name),
        })
    };
    all.filter_map(line).collect()
}

/// Removes what has been left of targets that are gone.
fn swept(keeper: &Keeper<'_>, config: &Config) -> Vec<LogLine> {
    let line = |swept: Result<String, token::Error>| match swept {
        Ok(name) => LogLine {
            level: Level::Info,
            text: format!(
                "deleted OAuth2 record of target '{name}', which was deleted 30 days ago"
            ),
        },
        Err(error) => LogLine {
            level: Level::Warning,
            text: error.to_string(),
        },
    };
    let swept = upkeep::sweep(keeper, config, Deadline::after(BUDGET));
    swept.into_iter().map(line).collect()
}
