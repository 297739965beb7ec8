//! What the words of other tables mean where a person consents on another device (RFC 8628).

use super::Role::{Reader, Tenant};
use super::{Advice, row};

#[rustfmt::skip]
pub(super) static TABLE: &[(&[&str], Advice)] = &[
    (&["access_denied", "authorization_declined", "aadsts-declined"], row("device-declined", 400,
        "consent was declined on the other device",
        Reader, "start again and accept, or check the policies of the tenant")),
    (&["expired_token"], row("device-expired", 400,
        "the code was not entered in time",
        Reader, "start again, and enter the new code within its time")),
    (&["aadsts-conditional-access"], row("device-blocked", 400,
        "a Conditional Access policy blocks device codes",
        Tenant, "allow them in the policy; or use the consent page, or app-only")),
    (&["aadsts-client-type", "unauthorized_client", "unsupported_grant_type", "invalid_client"],
        row("device-not-allowed", 400,
        "device codes are not allowed to the application, or its client secret is wrong",
        Reader, "allow public client flows for it, check the secret, or use the consent page")),
    (&["invalid_grant", "aadsts-code-spent"], row("device-code-invalid", 400,
        "the device code is invalid: used before, or expired",
        Reader, "start the authorization again")),
];
