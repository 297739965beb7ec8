//! Telling the admins that a target cannot log in any more: over the other targets, once per change,
//! and never about a failure of such a message itself.

use std::collections::BTreeMap;
use std::time::Duration;

use serde_json::json;

use super::{Delivery, Level, Log, Sender, TargetOutcome};
use crate::Severity;
use crate::config::Config;
use crate::outcome::Outcome;
use crate::token::Keeper;
use crate::upkeep::{self, Health};
use crate::{Deadline, Notification};

const TEMPLATE: &str = "notification-target-failing";
const TYPE: &str = "notification-target";
/// Who is told where no other target is left.
const LAST: &str = "mail-to-root";
/// With less time than this nothing is begun: whoever looks next tells it.
const ENOUGH: Duration = Duration::from_secs(5);

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

    fn tell(
        &self,
        config: &Config,
        health: &Health,
        deadline: Deadline,
        log: &mut Log,
    ) -> Vec<TargetOutcome> {
        let name = health.name.as_str();
        let reason = health.last_error.clone().unwrap_or_default();
        let node = self.host.node();
        let data = json!({
            "target": name,
            "hostname": node,
            "fqdn": self.host.fqdn().unwrap_or_else(|| node.clone()),
            "condition": health.condition,
            "reason": reason,
            "cause": health.cause.as_ref().unwrap_or(&reason),
            "cure": health.cure,
            "details": health.details,
            "last-send": health.last_send,
            "last-refresh": health.last_refresh,
            "authorized": health.consented,
        });
        let fields = BTreeMap::from([
            ("type".to_owned(), TYPE.to_owned()),
            ("target".to_owned(), name.to_owned()),
            ("hostname".to_owned(), node),
        ]);
        let notification = Notification::new(Severity::Error, TEMPLATE, data, fields, self.clock);
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

fn is_reached(outcome: &TargetOutcome) -> bool {
    let mut recipients = outcome.recipients.iter();
    recipients.any(|recipient| recipient.outcome == Outcome::Sent)
}
