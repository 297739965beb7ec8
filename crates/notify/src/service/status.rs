//! How things stand with the targets.

use std::collections::BTreeMap;

use super::Service;
use crate::upkeep::{self, Health};

impl Service {
    /// How things stand with every target that logs in with OAuth2, by name. Asks nobody.
    #[must_use]
    pub fn status(&self) -> BTreeMap<String, Health> {
        let keeper = self.keeper();
        let targets = upkeep::targets(&self.host, &self.config());
        let status = targets
            .iter()
            .map(|target| (target.name.clone(), keeper.health(target)));
        status.collect()
    }
}
