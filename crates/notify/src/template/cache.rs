//! Compiled templates, kept until their file changes.
//!
//! Nobody ever waits for the cache: a call that finds it in use (also for ever, as in a child forked
//! at the wrong moment) compiles the template itself.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, TryLockError};

use handlebars::Template;

use super::file::{self, Stamp};
use super::{bounds, engine};
use crate::Clock;

/// How many templates are kept; beyond that all are dropped and those in use come back.
const MAX: usize = 64;

type Entries = HashMap<PathBuf, (Stamp, Arc<Template>)>;

#[derive(Debug, Default)]
pub(super) struct Cache(Mutex<Entries>);

impl Cache {
    /// The compiled template in this file; `None` if there is no such file.
    pub(super) fn compiled(
        &self,
        path: &Path,
        clock: &dyn Clock,
    ) -> Result<Option<Arc<Template>>, String> {
        let Some(source) = file::open(path)? else {
            return Ok(None);
        };
        let stamp = source.stamp;
        let known = self.entries().and_then(|entries| {
            let (seen, template) = entries.get(path)?;
            (*seen == stamp).then(|| Arc::clone(template))
        });
        if known.is_some() {
            return Ok(known);
        }
        let text = source.read()?;
        let template = Arc::new(engine::compile(&text)?);
        bounds::check(&template)?;
        if stamp.is_settled(clock.now()) {
            if let Some(mut entries) = self.entries() {
                if entries.len() >= MAX {
                    entries.clear();
                }
                entries.insert(path.to_owned(), (stamp, Arc::clone(&template)));
            }
        }
        Ok(Some(template))
    }

    fn entries(&self) -> Option<MutexGuard<'_, Entries>> {
        match self.0.try_lock() {
            Ok(guard) => Some(guard),
            // whatever panicked left whole entries or none
            Err(TryLockError::Poisoned(error)) => Some(error.into_inner()),
            Err(TryLockError::WouldBlock) => None,
        }
    }

    #[cfg(test)]
    pub(super) fn len(&self) -> usize {
        self.entries().map_or(0, |entries| entries.len())
    }
}
