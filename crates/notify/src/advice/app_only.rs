//! What errors mean where an application acts for itself: nobody can authorize anything, and other permissions
//! count.

use super::Role::{Reader, Tenant};
use super::{Advice, row};

/// The rows by the key of the row that they replace.
#[rustfmt::skip]
pub(super) static TABLE: &[(&[&str], Advice)] = &[
    (&["aadsts-consent", "aadsts-declined", "consent_required", "access_denied"], row("app-consent", 400,
        "the application has no consent of an administrator to send mail",
        Tenant, "grant consent for SMTP.SendAsApp under \"API permissions\"")),
    (&["aadsts-scope"], row("app-scope", 400,
        "the scope is invalid, or the application lacks the application permission",
        Reader, "add SMTP.SendAsApp (Office 365 Exchange Online) under \"API permissions\"")),
    (&["scope-missing", "invalid_scope"], row("app-scope-missing", 400,
        "the provider does not give the application the scope for mail",
        Reader, "check oauth2-scopes, and allow them for client credentials at the provider")),
    (&["invalid_grant"], row("app-refused", 400,
        "the provider rejected the application's own token request",
        Reader, "check oauth2-client-id, enter the client secret again, allow client credentials")),
];
