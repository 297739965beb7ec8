//! What is particular to a node of Proxmox VE: its configuration lies in the cluster's file system.
//! It has no provider file: every member of the cluster could write one.

/// Where pmxcfs is mounted.
pub(super) const CONFIG_DIR: &str = "/etc/pve";
/// The mail templates that come with Proxmox VE.
pub(super) const VENDOR_TEMPLATES: &str = "/usr/share/pve-manager/templates/default";
