//! What is particular to a node of Proxmox VE: its configuration lies in the cluster's file system.
//! It has no provider file: every member of the cluster could write one.

/// Where pmxcfs is mounted.
pub(super) const CONFIG_DIR: &str = "/etc/pve";
/// The mail templates that come with Proxmox VE.
pub(super) const VENDOR_TEMPLATES: &str = "/usr/share/pve-manager/templates/default";
/// The records of OAuth2 targets, below it.
pub(super) const STATE_DIR: &str = "priv/notification-oauth2";
/// The cluster's locks, below it.
pub(super) const LOCK_DIR: &str = "priv/lock";
/// What one node alone knows.
pub(super) const RUN_DIR: &str = "/run/pve-notify";
