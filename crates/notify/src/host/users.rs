//! The mail addresses of users, from `user.cfg`: lines `user:ID:...`, the address is the seventh field.

use std::collections::HashMap;
use std::path::Path;

use super::datacenter;
use crate::plain::Unusable;

/// The address of every user who has one.
pub(super) fn addresses(path: &Path) -> Result<HashMap<String, String>, Unusable> {
    let text = datacenter::text(path)?;
    let address = |line: &str| {
        let mut fields = line.strip_prefix("user:")?.split(':');
        let id = fields.next()?.trim();
        let address = fields.nth(4)?.trim();
        (!address.is_empty()).then(|| (id.to_owned(), address.to_owned()))
    };
    Ok(text.lines().filter_map(address).collect())
}
