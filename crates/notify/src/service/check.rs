//! The doctor: a target step by step, without sending anything.

use super::{CALL_BUDGET, Service};
use crate::config::Kind;
use crate::doctor::{Checkup, Doctor, Step};
use crate::net::Trip;
use crate::transcript::Transcript;
use crate::{Deadline, Error, SystemClock};

impl Service {
    /// Examines a target, also one that is switched off; 25 seconds at most. `watch` is told each step when it is
    /// done; what is said on the way is written down in the transcript. A target that fails is a result.
    ///
    /// # Errors
    /// [`Error::Config`] where there is no such target, or its entry cannot be read.
    pub fn check(
        &self,
        name: &str,
        watch: &dyn Fn(&Step),
        transcript: Option<&Transcript>,
    ) -> Result<Checkup, Error> {
        let deadline = Deadline::after(CALL_BUDGET);
        let config = self.config();
        let entity = config
            .any(name)
            .filter(|entity| entity.kind() != Kind::Matcher);
        let entity = match entity {
            Some(entity) => entity,
            None => config.endpoint(name)?,
        };
        let trip = Trip::new(&self.host).watched(transcript);
        let templates = self.memory.templates(&self.host);
        let doctor = Doctor {
            trip,
            keeper: &self.keeper(),
            templates: &templates,
            clock: &SystemClock,
            watch,
        };
        Ok(doctor.examine(&config, entity, deadline))
    }
}
