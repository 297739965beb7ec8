//! What is particular to a node of Proxmox VE: its configuration lies in the cluster's file system.
//! It has no provider file: every member of the cluster could write one.

/// Where pmxcfs is mounted.
pub(super) const CONFIG_DIR: &str = "/etc/pve";
