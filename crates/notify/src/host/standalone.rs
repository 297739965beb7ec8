//! What is particular to a machine that is not a PVE node: a file that adds or overrides providers.
//!
//! A provider's token URL receives client secrets and codes, so the file counts only if nobody but
//! root and the caller could have written it.

use std::fs::File;
use std::io::Read;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use rustix::fs::{Mode, OFlags};
use rustix::io::Errno;

use crate::owner::Owner;
use crate::plain::Unusable;

/// The mail templates that come with this product.
pub(super) const VENDOR_TEMPLATES: &str = "/usr/share/pve-notify-host/templates/default";
/// The records of OAuth2 targets, below the folder of the state.
pub(super) const STATE_DIR: &str = "oauth2";
/// The file's name in the configuration folder.
const NAME: &str = "oauth2-providers.json";
/// The largest file that is read, in bytes.
const MAX: u64 = 64 * 1024;
const REPLACE: &str = "replace it with a readable plain file";
const SHORTEN: &str = "shorten it";

/// Reads the file after checking that it is a plain file, owned by root, the owner of the configuration
/// or the caller, and writable by its owner alone. The checks look at the opened file, so nobody can
/// swap it in between.
pub(super) fn provider_file(
    dir: &Path,
    owner: Option<Owner>,
) -> Result<Option<(PathBuf, String)>, Unusable> {
    let path = dir.join(NAME);
    // NOFOLLOW: a link could point at a file that others write; NONBLOCK: a FIFO must not block
    let flags = OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::CLOEXEC;
    let file = match rustix::fs::open(&path, flags, Mode::empty()) {
        Ok(fd) => File::from(fd),
        Err(Errno::NOENT) => return Ok(None),
        Err(Errno::LOOP) => {
            return Err(Unusable::new(path, "it is a symbolic link").fix(REPLACE));
        }
        Err(error) => {
            return Err(Unusable::new(path, format!("cannot open it: {error}")).fix(REPLACE));
        }
    };
    let about = file
        .metadata()
        .map_err(|error| Unusable::new(&path, format!("cannot examine it: {error}")))?;
    let fault = if !about.is_file() {
        Some(("not a plain file", REPLACE))
    } else if about.uid() != 0 && !Owner::is(owner, about.uid()) {
        Some((
            "owned by neither root nor the caller",
            "give it to root (chown root)",
        ))
    } else if about.mode() & 0o022 != 0 {
        Some((
            "writable by group or others",
            "let its owner alone write it (chmod go-w)",
        ))
    } else if about.len() > MAX {
        Some(("larger than 64 KiB", SHORTEN))
    } else {
        None
    };
    if let Some((fault, fix)) = fault {
        return Err(Unusable::new(path, format!("it is {fault}")).fix(fix));
    }
    let mut text = String::new();
    match file.take(MAX + 1).read_to_string(&mut text) {
        Ok(_) if text.len() as u64 > MAX => {
            Err(Unusable::new(path, "it is larger than 64 KiB").fix(SHORTEN))
        }
        Ok(_) => Ok(Some((path, text))),
        Err(error) => Err(Unusable::new(path, format!("cannot read it: {error}")).fix(REPLACE)),
    }
}
