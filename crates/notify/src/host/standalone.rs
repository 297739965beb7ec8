//! What is particular to a machine that is not a PVE node.

/// The mail templates that come with this product.
pub(super) const VENDOR_TEMPLATES: &str = "/usr/share/pve-notify-host/templates/default";
/// The records of OAuth2 targets, below the folder of the state.
pub(super) const STATE_DIR: &str = "oauth2";
