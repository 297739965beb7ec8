//! Telling the admins that a target cannot log in any more: over the other targets, once per change,
//! and never about a failure of such a message itself.

use std::collections::BTreeMap;

use serde_json::json;

use super::{Delivery, Level, Log, Sender, TargetOutcome};
use crate::config::Config;
use crate::matcher::Severity;
use crate::outcome::Outcome;
use crate::token::Keeper;
use crate::upkeep::{self, Target};
use crate::{Deadline, Notification};

const TEMPLATE: &str = "notification-target-failing";
const TYPE: &str = "notification-target";
/// Who is told where no other target is left.
const LAST: &str = "mail-to-root";

impl Sender<'_> {
    /// Looks at these targets, or at all, and tells of those that have stopped working since the last
    /// look: to the targets of all matchers that match, save the one it is about; to `mail-to-root`
    /// where that reaches nobody.
    #[must_use]
    pub fn alert(&self, config: &Config, only: Option<&[&str]>, deadline: Deadline) -> Delivery {
        let mut all = Delivery::default();
        let is_meant =
            |target: &Target| only.is_none_or(|only| only.contains(&target.name.as_str()));
        let targets = upkeep::targets(self.host, config)
            .into_iter()
            .filter(is_meant);
        let keeper = Keeper::new(self.host, self.tokens).with_clock(self.clock);
        for target in targets {
            match keeper.take_alert(&target.name, deadline) {
                Ok(false) => {}
                Ok(true) => {
                    let delivery = self.tell(config, &keeper, &target, deadline);
                    all.targets.extend(delivery.targets);
                    all.log.extend(delivery.log);
                }
                Err(error) => {
                    let mut log = Log(std::mem::take(&mut all.log));
                    log.add(Level::Err, error.to_string());
                    all.log = log.0;
                }
            }
        }
        all
    }

    fn tell(
        &self,
        config: &Config,
        keeper: &Keeper<'_>,
        target: &Target,
        deadline: Deadline,
    ) -> Delivery {
        let name = target.name.as_str();
        let health = keeper.health(target);
        let reason = health.last_error.clone().unwrap_or_default();
        let node = self.host.node();
        let data = json!({
            "target": name,
            "hostname": node,
            "fqdn": self.host.fqdn().unwrap_or_else(|| node.clone()),
            "condition": health.condition,
            "reason": reason,
            "cure": health.cure,
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
        let mut delivery = self.send_except(config, &notification, Some(name), deadline);
        let mut log = Log(std::mem::take(&mut delivery.log));
        let mut reached = delivery.targets.iter().any(is_reached);
        let tried = delivery
            .targets
            .iter()
            .any(|outcome| outcome.target == LAST);
        if !reached && !tried && name != LAST {
            let endpoint = config.endpoint(LAST);
            let last = self.deliver(&[(LAST, endpoint)], &notification, deadline, &mut log);
            reached = last.iter().any(is_reached);
            delivery.targets.extend(last);
        }
        if !reached {
            log.add(
                Level::Err,
                format!("nobody could be told that target `{name}` cannot send: {reason}"),
            );
        }
        delivery.log = log.0;
        delivery
    }
}

fn is_reached(outcome: &TargetOutcome) -> bool {
    let mut recipients = outcome.recipients.iter();
    recipients.any(|recipient| recipient.outcome == Outcome::Sent)
}
