//! Telling the admins that a target cannot log in any more: over the other targets, once per change,
//! and never about a failure of such a message itself.

use std::collections::BTreeMap;
use std::time::Duration;

use serde_json::{Value, json};

use super::{Delivery, Level, Log, Sender, TargetOutcome};
use crate::Severity;
use crate::clock::day_of;
use crate::config::Config;
use crate::outcome::Outcome;
use crate::token::Keeper;
use crate::upkeep::{self, Ending, Health};
use crate::{Deadline, Notification};

const FAILING: &str = "notification-target-failing";
const EXPIRING: &str = "notification-target-expiring";
const TYPE: &str = "notification-target";
/// Who is told where no other target is left.
const LAST: &str = "mail-to-root";
/// With less time than this nothing is begun: whoever looks next tells it.
const ENOUGH: Duration = Duration::from_secs(5);

/// Of whom something is told, and how.
struct Telling<'t> {
    name: &'t str,
    template: &'static str,
    severity: Severity,
    /// The same as one line of the log.
    reason: &'t str,
}

impl Sender<'_> {
    /// Looks at these targets, or at all, and tells of those that have stopped working since the last
    /// look: to the targets of all matchers that match, save the one it is about; to `mail-to-root`
    /// where that reaches nobody.
    #[must_use]
    pub fn alert(&self, config: &Config, only: Option<&[&str]>, deadline: Deadline) -> Delivery {
        let (mut outcomes, mut log) = (Vec::new(), Log::default());
        let targets = upkeep::targets_named(self.host, config, only);
        let keeper = Keeper::new(self.host, self.tokens).with_clock(self.clock);
        for target in targets {
            if deadline.left() < Some(ENOUGH) {
                break;
            }
            match keeper.begin_alert(&target, deadline) {
                Ok(None) => {}
                Ok(Some(health)) => {
                    outcomes.extend(self.tell(config, &health, deadline, &mut log));
                    if let Err(error) = keeper.end_alert(&target.name, deadline) {
                        log.add(Level::Warning, error.to_string());
                    }
                }
                Err(error) => log.add(Level::Err, error.to_string()),
            }
        }
        Delivery {
            targets: outcomes,
            log: log.0,
        }
    }

    /// Looks at all targets, and tells of what will end soon, likewise.
    #[must_use]
    pub fn warn(&self, config: &Config, deadline: Deadline) -> Delivery {
        let (mut outcomes, mut log) = (Vec::new(), Log::default());
        let keeper = Keeper::new(self.host, self.tokens).with_clock(self.clock);
        for target in upkeep::targets(self.host, config) {
            while deadline.left() >= Some(ENOUGH) {
                let ending = match keeper.begin_warning(&target, deadline) {
                    Ok(Some(ending)) => ending,
                    Ok(None) => break,
                    Err(error) => {
                        log.add(Level::Warning, error.to_string());
                        break;
                    }
                };
                let told = self.tell_end(config, &target.name, &ending, deadline, &mut log);
                let is_told = told.iter().any(is_reached);
                outcomes.extend(told);
                if !is_told {
                    // the next run tries again
                    if let Err(error) = keeper.withdraw_warning(&target.name, &ending, deadline) {
                        log.add(Level::Warning, error.to_string());
                    }
                    break;
                }
            }
        }
        Delivery {
            targets: outcomes,
            log: log.0,
        }
    }

    fn tell_end(
        &self,
        config: &Config,
        name: &str,
        ending: &Ending,
        deadline: Deadline,
        log: &mut Log,
    ) -> Vec<TargetOutcome> {
        let thing = ending.what.in_words();
        let data = json!({
            "thing": capital(thing),
            "cause": ending.message.cause,
            "cure": ending.message.fix,
            "end": ending.at,
            "day": day_of(ending.at),
            "days": ending.days,
            "over": ending.is_over(),
        });
        let severity = match ending.is_over() {
            true => Severity::Error,
            false => Severity::Warning,
        };
        let told = Telling {
            name,
            template: EXPIRING,
            severity,
            reason: &ending.message.to_string(),
        };
        self.tell_others(config, &told, data, deadline, log)
    }

    fn tell(
        &self,
        config: &Config,
        health: &Health,
        deadline: Deadline,
        log: &mut Log,
    ) -> Vec<TargetOutcome> {
        let name = health.name.as_str();
        let reason = health.last_error.clone().unwrap_or_default();
        let data = json!({
            "condition": health.condition,
            "reason": reason,
            "cause": health.cause.as_ref().unwrap_or(&reason),
            "cure": health.cure,
            "details": health.details,
            "last-send": health.last_send,
            "last-refresh": health.last_refresh,
            "authorized": health.consented,
        });
        let told = Telling {
            name,
            template: FAILING,
            severity: Severity::Error,
            reason: &reason,
        };
        self.tell_others(config, &told, data, deadline, log)
    }

    /// Tells it to the targets of all matchers that match, save the one it is about.
    fn tell_others(
        &self,
        config: &Config,
        told: &Telling<'_>,
        mut data: Value,
        deadline: Deadline,
        log: &mut Log,
    ) -> Vec<TargetOutcome> {
        let Telling {
            name,
            template,
            severity,
            reason,
        } = *told;
        let node = self.host.node();
        let fqdn = self.host.fqdn().unwrap_or_else(|| node.clone());
        if let Value::Object(data) = &mut data {
            for (key, value) in [("target", name), ("hostname", &node), ("fqdn", &fqdn)] {
                data.insert(key.to_owned(), value.into());
            }
        }
        let fields = BTreeMap::from([
            ("type".to_owned(), TYPE.to_owned()),
            ("target".to_owned(), name.to_owned()),
            ("hostname".to_owned(), node),
        ]);
        let notification = Notification::new(severity, template, data, fields, self.clock);
        let Delivery {
            mut targets,
            log: lines,
        } = self.send_except(config, &notification, Some(name), deadline);
        log.0.extend(lines);
        let mut reached = targets.iter().any(is_reached);
        let tried = targets.iter().any(|outcome| outcome.target == LAST);
        if !reached && !tried && name != LAST {
            let endpoint = config.endpoint(LAST);
            let last = self.serve(&[(LAST, endpoint)], &notification, false, deadline, log);
            reached = last.iter().any(is_reached);
            targets.extend(last);
        }
        if !reached {
            log.add(
                Level::Err,
                format!("no other target could deliver the alert about target `{name}`: {reason}"),
            );
        }
        targets
    }
}

/// As a sentence begins.
fn capital(text: &str) -> String {
    let mut letters = text.chars();
    let first = letters.next().map(|first| first.to_ascii_uppercase());
    first.into_iter().chain(letters).collect()
}

fn is_reached(outcome: &TargetOutcome) -> bool {
    let mut recipients = outcome.recipients.iter();
    recipients.any(|recipient| recipient.outcome == Outcome::Sent)
}
