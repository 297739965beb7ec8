//! What a machine keeps of a target for itself, below the run folder: what a power loss makes of it
//! does not matter, since a start of the machine makes it void.

use std::collections::BTreeSet;
use std::io;
use std::path::PathBuf;

use zeroize::Zeroizing;

use super::Keeper;
use crate::disk::Disk;

/// The ending of the copies of access tokens; named by the target, so that they can go with it whatever
/// its settings were.
pub(crate) const COPY: &str = "json";
/// The ending of what was told.
pub(crate) const TOLD: &str = "told";

impl Keeper<'_> {
    pub(crate) fn run_file(&self, target: &str, ending: &str) -> PathBuf {
        let dir = self.host.run_dir().join("oauth2");
        dir.join(format!("{target}.{ending}"))
    }

    /// The targets that have one with one of these endings.
    pub(crate) fn in_run_files(&self, endings: &[&str]) -> BTreeSet<String> {
        let dir = self.host.run_dir().join("oauth2");
        let names = self.disk().names(&dir).unwrap_or_default();
        let target = |name: &String| {
            let (target, ending) = name.rsplit_once('.')?;
            endings.contains(&ending).then(|| target.to_owned())
        };
        names.iter().filter_map(target).collect()
    }

    pub(crate) fn drop_run_files(&self, target: &str) {
        for ending in [COPY, TOLD] {
            let _ = self.disk().remove(&self.run_file(target, ending));
        }
    }

    /// The content; `None` also if anybody else could have written it.
    pub(crate) fn read_run_file(&self, target: &str, ending: &str) -> Option<Zeroizing<Vec<u8>>> {
        let found = self.disk().read(&self.run_file(target, ending)).ok()??;
        let is_owners = self.disk().is_owners(&found);
        (found.plain && is_owners && found.links == 1).then_some(found.bytes)
    }

    pub(crate) fn write_run_file(
        &self,
        target: &str,
        ending: &str,
        bytes: &[u8],
    ) -> io::Result<()> {
        let path = self.run_file(target, ending);
        let random = crate::state::random().map_err(io::Error::other)?;
        let new = path.with_extension(format!("{ending}.tmp-{random}"));
        if let Some(dir) = path.parent() {
            self.disk().make_dir(dir)?;
        }
        let replaced = self
            .disk()
            .create(&new)
            .and_then(|mut file| file.write(bytes))
            .and_then(|()| self.disk().rename(&new, &path));
        if replaced.is_err() {
            let _ = self.disk().remove(&new);
        }
        replaced
    }
}
