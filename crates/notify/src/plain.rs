//! Opens plain files only, and never waits for one: a FIFO that stands in a file's place would hold
//! the caller for ever.

use std::fs::{File, Metadata};
use std::io::ErrorKind;
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

use rustix::fs::OFlags;

/// An opened file and what is known of it; `None` if there is none. The error is the end of a
/// sentence that begins with the path.
pub(crate) fn open(path: &Path) -> Result<Option<(File, Metadata)>, String> {
    let flags = i32::try_from(OFlags::NONBLOCK.bits()).unwrap_or(0);
    let opened = File::options().read(true).custom_flags(flags).open(path);
    let file = match opened {
        Ok(file) => file,
        Err(e) if matches!(e.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory) => {
            return Ok(None);
        }
        Err(error) => return Err(format!("cannot open it: {error}")),
    };
    let about = file
        .metadata()
        .map_err(|error| format!("cannot examine it: {error}"))?;
    if !about.is_file() {
        return Err("it is not a plain file".to_owned());
    }
    Ok(Some((file, about)))
}
