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

#[cfg(test)]
mod tests {
    use std::fs;
    use std::time::{Duration, SystemTime};

    use super::*;
    use crate::FixedClock;

    const CLOCK: FixedClock = FixedClock {
        now: 1_700_000_100,
        offset: 0,
    };

    fn put(path: &Path, seconds_old: u64) {
        fs::write(path, "{{a}}").unwrap();
        let time = SystemTime::UNIX_EPOCH + Duration::from_secs(1_700_000_100 - seconds_old);
        let file = fs::File::options().write(true).open(path).unwrap();
        file.set_modified(time).unwrap();
    }

    #[test]
    fn a_settled_file_is_compiled_once_and_the_cache_stays_bounded() {
        let dir = std::env::temp_dir().join(format!("template-cache-{}", std::process::id()));
        fs::create_dir_all(&dir).unwrap();
        let cache = Cache::default();
        let compiled = |path: &Path| cache.compiled(path, &CLOCK).unwrap().unwrap();
        let path = dir.join("a");
        put(&path, 3);
        assert!(Arc::ptr_eq(&compiled(&path), &compiled(&path)));
        put(&path, 1);
        assert!(!Arc::ptr_eq(&compiled(&path), &compiled(&path)));
        for number in 0..3 * MAX {
            let path = dir.join(number.to_string());
            put(&path, 10);
            compiled(&path);
            assert!((1..=MAX).contains(&cache.len()));
        }
        fs::remove_dir_all(dir).unwrap();
    }

    #[test]
    fn a_cache_in_use_makes_nobody_wait() {
        let path = std::env::temp_dir().join(format!("template-busy-{}", std::process::id()));
        put(&path, 10);
        let cache = Cache::default();
        let held = cache.entries().unwrap();
        assert!(cache.compiled(&path, &CLOCK).unwrap().is_some());
        drop(held);
        assert_eq!(cache.len(), 0);
        fs::remove_file(path).unwrap();
    }
}
