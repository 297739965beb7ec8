//! Single settings of `datacenter.cfg`, one a line as `name: value`.

use std::io::Read;
use std::path::Path;

use crate::plain::{self, Unusable};

/// The largest configuration file, in bytes: pmxcfs keeps none beyond it.
const MAX: u64 = 1024 * 1024;

/// The text of a file of the configuration folder; a missing one is empty.
pub(super) fn text(path: &Path) -> Result<String, Unusable> {
    let file = match plain::open(path) {
        Ok(Some((file, _))) => file,
        Ok(None) => return Ok(String::new()),
        Err(reason) => return Err(fault(path, &reason)),
    };
    let mut bytes = Vec::new();
    match file.take(MAX).read_to_end(&mut bytes) {
        Ok(_) => Ok(String::from_utf8_lossy(&bytes).into_owned()),
        Err(error) => Err(fault(path, &format!("cannot read it: {error}"))),
    }
}

fn fault(path: &Path, reason: &str) -> Unusable {
    Unusable::new(path, reason).fix("check its content and permissions")
}

/// The first line's value.
pub(super) fn setting(path: &Path, name: &str) -> Result<Option<String>, Unusable> {
    let text = text(path)?;
    let value = text
        .lines()
        .find_map(|line| line.strip_prefix(name)?.strip_prefix(':'));
    Ok(value.map(|value| value.trim().to_owned()))
}
