//! Opens plain files only, and never waits for one: a FIFO that stands in a file's place would hold
//! the caller for ever.

use std::fmt;
use std::fs::{File, Metadata};
use std::io::ErrorKind;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use rustix::fs::OFlags;

use crate::message::Message;

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

/// A file of this machine that cannot be used.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unusable {
    /// The file.
    pub path: PathBuf,
    /// What is wrong with it, as the end of a sentence that begins with the path.
    pub reason: String,
    /// What fixes it, and who has to act, where that does not go without saying.
    pub fix: Option<String>,
}

impl Unusable {
    pub(crate) fn new(path: impl Into<PathBuf>, reason: impl Into<String>) -> Self {
        Self {
            path: path.into(),
            reason: reason.into(),
            fix: None,
        }
    }

    /// The same with what fixes it.
    #[must_use]
    pub(crate) fn fix(mut self, fix: impl Into<String>) -> Self {
        self.fix = Some(fix.into());
        self
    }

    /// What a person is told.
    #[must_use]
    pub fn message(&self) -> Message {
        Message {
            fix: self.fix.clone(),
            ..Message::new(&*self.reason).about(self.path.display().to_string())
        }
    }
}

impl fmt::Display for Unusable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.message().fmt(f)
    }
}

impl std::error::Error for Unusable {}
