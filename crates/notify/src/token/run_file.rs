//! What a machine keeps of a target for itself, below the run folder: what a power loss makes of it
//! does not matter, since a start of the machine makes it void.

use std::io;
use std::path::PathBuf;

use zeroize::Zeroizing;

use super::Keeper;

impl Keeper<'_> {
    pub(super) fn run_file(&self, target: &str, ending: &str) -> PathBuf {
        let dir = self.host.run_dir().join("oauth2");
        dir.join(format!("{target}.{ending}"))
    }

    /// The content; `None` also if anybody else could have written it.
    pub(super) fn read_run_file(&self, target: &str, ending: &str) -> Option<Zeroizing<Vec<u8>>> {
        let found = self.disk.read(&self.run_file(target, ending)).ok()??;
        let mine = found.owner == rustix::process::geteuid().as_raw();
        (found.plain && mine && found.links == 1).then_some(found.bytes)
    }

    pub(super) fn write_run_file(
        &self,
        target: &str,
        ending: &str,
        bytes: &[u8],
    ) -> io::Result<()> {
        let path = self.run_file(target, ending);
        let random = crate::state::random().map_err(io::Error::other)?;
        let new = path.with_extension(format!("{ending}.tmp-{random}"));
        if let Some(dir) = path.parent() {
            self.disk.make_dir(dir)?;
        }
        let replaced = self
            .disk
            .create(&new)
            .and_then(|mut file| file.write(bytes))
            .and_then(|()| self.disk.rename(&new, &path));
        if replaced.is_err() {
            let _ = self.disk.remove(&new);
        }
        replaced
    }
}
