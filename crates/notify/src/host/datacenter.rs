//! Single settings of `datacenter.cfg`, one a line as `name: value`.

use std::fs::File;
use std::io::{ErrorKind, Read};
use std::path::Path;

use crate::Error;

/// The largest configuration file, in bytes: pmxcfs keeps none beyond it.
const MAX: u64 = 1024 * 1024;

/// The text of a file of the configuration folder; a missing one is empty.
pub(super) fn text(path: &Path) -> Result<String, Error> {
    let mut bytes = Vec::new();
    match File::open(path).and_then(|file| file.take(MAX).read_to_end(&mut bytes)) {
        Ok(_) => Ok(String::from_utf8_lossy(&bytes).into_owned()),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(String::new()),
        Err(error) => Err(Error::file(path, format!("cannot read it: {error}"))),
    }
}

/// The first line's value.
pub(super) fn setting(path: &Path, name: &str) -> Result<Option<String>, Error> {
    let text = text(path)?;
    let value = text
        .lines()
        .find_map(|line| line.strip_prefix(name)?.strip_prefix(':'));
    Ok(value.map(|value| value.trim().to_owned()))
}
