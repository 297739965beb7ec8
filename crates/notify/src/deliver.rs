//! From a notification to its targets: matchers choose them, all are served at once, and the caller
//! learns what became of each recipient.
//!
//! Nothing is swallowed: what an admin should know comes back as [`LogLine`]s, which the caller hands
//! to its log. One target's failure touches no other, every thread has ended when a call returns, and
//! no lock is held meanwhile.

mod alert;
mod error;
mod failures;

use serde::Serialize;

use crate::Severity;
use crate::cause::Cause;
use crate::config::{self, Config, Entity, Kind};
pub use crate::endpoint::Recipient;
use crate::endpoint::{self, Content, Report};
use crate::matcher::{Candidate, route};
use crate::message::Message;
use crate::net::Trip;
use crate::outcome::Failure;
use crate::pool;
use crate::template::Templates;
use crate::token::{Cache, Keeper};
use crate::transcript::Transcript;
use crate::{Clock, Deadline, Host, Notification};
pub use error::Error;

/// What became of a notification.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Delivery {
    /// The targets that were chosen and are not switched off.
    pub targets: Vec<TargetOutcome>,
    /// What an admin should know.
    pub log: Vec<LogLine>,
}

/// What became of a notification at one target.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct TargetOutcome {
    /// The target's name.
    pub target: String,
    /// One entry for each mail address; one without address where the target has none.
    pub recipients: Vec<Recipient>,
    /// How often the target was tried: 0 if it cannot be, 2 at most.
    pub attempts: u32,
}

/// A line for the log.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct LogLine {
    /// How grave it is.
    pub level: Level,
    /// The line: no secret, no control characters.
    pub text: String,
}

/// The levels of syslog in use.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Level {
    /// A notification has not arrived.
    Err,
    /// Something is wrong.
    Warning,
    /// As it was asked for.
    Info,
}

/// What sending needs from its surroundings.
#[derive(Clone, Copy)]
pub struct Sender<'a> {
    /// The machine.
    pub host: &'a Host,
    /// Its templates.
    pub templates: &'a Templates,
    /// Its clock.
    pub clock: &'a dyn Clock,
    /// The access tokens that this process knows.
    pub tokens: &'a Cache,
    /// Where the conversations are written down, if that was asked for.
    pub transcript: Option<&'a Transcript>,
}

impl Sender<'_> {
    /// Sends a notification to the targets of all matchers that match, and returns when each target
    /// has its outcome, at the deadline at the latest.
    #[must_use]
    pub fn send(
        &self,
        config: &Config,
        notification: &Notification,
        deadline: Deadline,
    ) -> Delivery {
        self.send_except(config, notification, None, deadline)
    }

    /// The same, leaving one target out.
    fn send_except(
        &self,
        config: &Config,
        notification: &Notification,
        except: Option<&str>,
        deadline: Deadline,
    ) -> Delivery {
        let mut log = Log::default();
        let candidates = config.matchers().map(|matcher| Candidate {
            name: &matcher.name,
            rules: &matcher.rules,
            targets: &matcher.target,
            disable: matcher.disable == Some(true),
        });
        let routing = route(candidates, notification, self.clock);
        for problem in routing.problems {
            log.add(Level::Err, problem.to_string());
        }
        let mut chosen = Vec::new();
        let targets = routing.targets.into_iter();
        for name in targets.filter(|name| Some(*name) != except) {
            if config.is_disabled(name) {
                let text = format!("skipping target '{name}', it is disabled");
                log.add(Level::Info, text);
            } else {
                chosen.push((name, config.endpoint(name)));
            }
        }
        let targets = self.serve(&chosen, notification, false, deadline, &mut log);
        Delivery {
            targets,
            log: log.0,
        }
    }

    /// Sends the test notification to one target, also if it is switched off.
    ///
    /// # Errors
    /// As [`Config::endpoint`]; [`Error::Undelivered`] unless every recipient was reached.
    pub fn test_target(
        &self,
        config: &Config,
        name: &str,
        deadline: Deadline,
    ) -> Result<Delivery, Error> {
        let entity = config.endpoint(name)?;
        let notification = Notification::new(
            Severity::Info,
            "test",
            serde_json::json!({ "target": name }),
            std::collections::BTreeMap::new(),
            self.clock,
        );
        let mut log = Log::default();
        let targets = self.serve(
            &[(name, Ok(entity))],
            &notification,
            true,
            deadline,
            &mut log,
        );
        let outcomes = targets.iter();
        let mut why: Vec<Message> = outcomes
            .flat_map(|outcome| failures::of(&outcome.recipients))
            .collect();
        if why.is_empty() {
            return Ok(Delivery {
                targets,
                log: log.0,
            });
        }
        // a warning may be the very reason: a user without address, a template that is broken
        let own = format!("target `{name}`: ");
        for line in log.0.iter().filter(|line| line.level == Level::Warning) {
            let warning = line.text.strip_prefix(&own).unwrap_or(&line.text);
            if let Some(last) = why.last_mut() {
                last.cause = last.cause.trim_end_matches('.').to_owned();
            }
            why.push(Message::new(warning));
        }
        Err(Error::Undelivered {
            target: name.to_owned(),
            why,
            log: log.0,
        })
    }

    /// Serves all targets at once; their outcomes come in the order given. `by_will` as
    /// [`Keeper::by_will`].
    fn serve(
        &self,
        chosen: &[(&str, Result<&Entity, config::Error>)],
        notification: &Notification,
        by_will: bool,
        deadline: Deadline,
        log: &mut Log,
    ) -> Vec<TargetOutcome> {
        let usable = || chosen.iter().filter_map(|(_, entity)| entity.as_ref().ok());
        if chosen.is_empty() {
            return Vec::new();
        }
        let with_mail = usable().any(|e| matches!(e.kind(), Kind::Sendmail | Kind::Smtp));
        let mut problems = Vec::new();
        let Self {
            host,
            templates,
            clock,
            tokens,
            transcript,
        } = *self;
        let trip = &Trip::new(host).watched(transcript);
        let keeper = Keeper::new(host, tokens).with_clock(clock).on_trip(trip);
        let keeper = keeper.by_will(by_will);
        let content = Content::render(notification, with_mail, templates, clock, &mut problems);
        for problem in problems {
            log.add(Level::Warning, problem.to_string());
        }
        let one = |(_, entity): &(&str, Result<&Entity, config::Error>)| match (entity, &content) {
            (Ok(entity), Ok(content)) => endpoint::bring(entity, content, trip, &keeper, deadline),
            (Err(error), _) => Report::refused(Message::new(error.to_string())),
            (_, Err(why)) => Report::refused(why.clone()),
        };
        let reports = pool::map(chosen, one);
        let named = chosen.iter().map(|(name, _)| *name).zip(reports);
        named
            .map(|(name, report)| {
                let report = report.unwrap_or_else(|pool::Panicked| {
                    let why = Message::new("an internal error ended the attempt");
                    let failure = Failure::new(Cause::Ended, why.fix("report it"));
                    Report::of(failure.outcome(), 1)
                });
                log.report(name, &report);
                TargetOutcome {
                    target: name.to_owned(),
                    recipients: report.recipients,
                    attempts: report.attempts,
                }
            })
            .collect()
    }
}

#[derive(Default)]
struct Log(Vec<LogLine>);

impl Log {
    fn add(&mut self, level: Level, text: String) {
        let text = text.replace(char::is_control, " ");
        self.0.push(LogLine { level, text });
    }

    fn report(&mut self, target: &str, report: &Report) {
        for warning in &report.warnings {
            self.add(Level::Warning, format!("target `{target}`: {warning}"));
        }
        for failure in failures::of(&report.recipients) {
            let text = format!("could not notify via target `{target}`: {failure:#}");
            self.add(Level::Err, text);
        }
    }
}
