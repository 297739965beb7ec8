//! Sending: to whom the matchers say, or to one target as a test; then the admins are told of targets
//! that have just stopped working.

use std::collections::BTreeMap;
use std::time::Duration;

use serde_json::Value;

use super::Service;
use crate::deliver::{Delivery, Sender};
use crate::transcript::Transcript;
use crate::{Deadline, Error, Notification, Severity, SystemClock};

/// How long a delivery may take in all where a person waits for an API call.
pub const CALL_BUDGET: Duration = Duration::from_secs(25);
/// The same where nobody waits.
pub const BACKGROUND_BUDGET: Duration = Duration::from_secs(60);

impl Service {
    /// Sends a notification to the targets of all matchers that match, to all at once, and returns when
    /// each has its outcome: after 60 seconds at the latest. A target that fails is an outcome, not an error;
    /// where its login has just stopped working, the admins are told over the others.
    #[must_use]
    pub fn send(
        &self,
        severity: Severity,
        template: impl Into<String>,
        data: Value,
        fields: BTreeMap<String, String>,
    ) -> Delivery {
        let deadline = Deadline::after(BACKGROUND_BUDGET);
        let notification = Notification::new(severity, template, data, fields, &SystemClock);
        let config = self.config();
        self.with_sender(|sender| {
            let mut delivery = sender.send(&config, &notification, deadline);
            let tried = delivery.targets.iter();
            let tried: Vec<String> = tried.map(|outcome| outcome.target.clone()).collect();
            let tried: Vec<&str> = tried.iter().map(String::as_str).collect();
            let alerts = sender.alert(&config, Some(&tried), deadline);
            // the outcomes are those of this notification
            delivery.log.extend(alerts.log);
            delivery
        })
    }

    /// Sends the test notification to one target, also if it is switched off; 25 seconds at most.
    ///
    /// # Errors
    /// [`Error::Deliver`] unless it arrived.
    pub fn test_target(&self, name: &str) -> Result<Delivery, Error> {
        self.test(name, None)
    }

    /// The same with all that is said on the way, also where it fails: [`Transcript::lines`].
    ///
    /// # Errors
    /// As [`Service::test_target`].
    pub fn test_target_watched(
        &self,
        name: &str,
        transcript: &Transcript,
    ) -> Result<Delivery, Error> {
        self.test(name, Some(transcript))
    }

    fn test(&self, name: &str, transcript: Option<&Transcript>) -> Result<Delivery, Error> {
        let deadline = Deadline::after(CALL_BUDGET);
        let config = self.config();
        Ok(self.with_sender(|sender| {
            let sender = Sender {
                transcript,
                ..*sender
            };
            sender.test_target(&config, name, deadline)
        })?)
    }

    /// Runs with what sending needs from its surroundings.
    pub(super) fn with_sender<T>(&self, code: impl FnOnce(&Sender<'_>) -> T) -> T {
        code(&Sender {
            host: &self.host,
            templates: &self.memory.templates(&self.host),
            clock: &SystemClock,
            tokens: &self.memory.tokens,
            transcript: None,
        })
    }
}
