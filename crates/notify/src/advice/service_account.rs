//! What errors mean where a Google service account asked for somebody's mailbox: a Workspace administrator has to
//! allow that, and a signed statement stands in place of a code.

use super::Role::{Reader, Tenant};
use super::{Advice, row};

/// The rows by the key of the row that they replace.
#[rustfmt::skip]
pub(super) static TABLE: &[(&[&str], Advice)] = &[
    (&["unauthorized_client", "access_denied", "invalid_scope", "scope-missing"], row("service-account-scope", 400,
        "the service account is not allowed to send for the mailbox",
        Tenant, "under \"Domain-wide delegation\" allow oauth2-client-id https://mail.google.com/")),
    (&["invalid_grant", "invalid_client"], row("service-account-refused", 400,
        "Google rejects the signed request: unknown mailbox, deleted key or wrong clock",
        Reader, "check username, the clock, and the key under \"Service Accounts > Keys\"")),
];
