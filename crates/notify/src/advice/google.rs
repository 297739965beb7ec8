//! Google's reasons, which come as `error` or, finer, as `error_subtype`.

use super::Role::{MailboxOwner, Reader, Tenant};
use super::{Advice, again, row};

#[rustfmt::skip]
pub(super) static TABLE: &[Advice] = &[
    row("invalid_rapt", 400,
        "the session length policy of the Workspace requires a new sign-in",
        Tenant, "trust the application; authorize again (pve-notify authorize)"),
    row("rapt_required", 400,
        "Google requires the account to sign in again",
        Reader, again!("", " with the second factor")),
    row("admin_policy_enforced", 400,
        "a policy of the Workspace forbids the mail scope for the application",
        Tenant, "allow the client ID for https://mail.google.com/ under \"API controls\""),
    row("org_internal", 400,
        "the application is internal to another organization than the account's",
        Reader, "choose External under \"Google Auth Platform > Audience\", or use another account"),
    row("redirect_uri_mismatch", 400,
        "the redirect URI is not registered for the client ID",
        Reader, "add exactly this redirect URI under \"Google Auth Platform > Clients\""),
    row("deleted_client", 400,
        "the OAuth client was deleted (Google does so after 6 unused months)",
        Reader, "restore it in 30 days under \"Google Auth Platform > Clients\", or create a new one"),
    row("disabled_client", 400,
        "the OAuth client is disabled, perhaps by Google",
        Reader, "enable it under \"Google Auth Platform > Clients\", and read the project's notices"),
    row("restricted_client", 400,
        "the OAuth client is not allowed to use the mail scope",
        Reader, "add https://mail.google.com/ under \"Google Auth Platform > Data Access\""),
    row("disallowed_useragent", 400,
        "Google does not accept sign-ins from an embedded browser",
        Reader, again!("", " in an ordinary browser")),
    row("policy_enforced", 400,
        "the account's Advanced Protection forbids the application",
        MailboxOwner, "use an account without Advanced Protection for sending mail"),
    row("rate_limit_exceeded", 502,
        "the client ID requested too many tokens from Google",
        Reader, "try again later; raise the project's token quota if this happens again"),
    row("internal_failure", 502,
        "internal error at Google",
        Reader, "try again in some minutes, with a new code"),
];
