//! Microsoft's error numbers (AADSTS...). They explain; only the `error` code of RFC 6749 ends a grant,
//! unless a number says that the trouble passes. Numbers with the same cure share a row.

use super::Advice;

const PERSON: &str = "the person who authorizes";
const OWNER: &str = "the owner of the Entra application";
const TENANT: &str = "an administrator of the tenant";

/// A row; the arguments in the order of the sentence.
const fn row(
    key: &'static str,
    code: u16,
    what: &'static str,
    who: &'static str,
    cure: &'static str,
) -> Advice {
    Advice {
        key,
        code,
        what,
        who,
        cure,
    }
}

#[rustfmt::skip]
pub(super) static TABLE: &[(&[u32], Advice)] = &[
    (&[700082, 70008], row("aadsts-expired", 400,
        "the code or refresh token has expired, a code after 10 minutes and a refresh token after 90 unused days",
        PERSON, "authorize again")),
    (&[700084], row("aadsts-spa", 400,
        "the token came from a redirect URI of type single-page application, whose tokens end after 24 hours",
        OWNER, "register the redirect URI under the platform \"Web\" instead, after which the mailbox is authorized again")),
    (&[50173], row("aadsts-revoked", 400,
        "the grant was revoked, for instance by a change of password",
        PERSON, "authorize again with the new password")),
    (&[70043], row("aadsts-sign-in-frequency", 400,
        "a sign-in frequency policy has ended the grant",
        TENANT, "exempt the application from the policy or switch to application permissions; until then authorize again each time")),
    (&[50076, 50078, 50079], row("aadsts-mfa", 400,
        "the tenant demands multi-factor authentication",
        PERSON, "authorize again and complete the second factor")),
    (&[53003, 530032, 530035], row("aadsts-conditional-access", 400,
        "Conditional Access or the security defaults block this login",
        TENANT, "allow the application in the policy named in the sign-in log")),
    (&[50057, 50034, 50020, 500208], row("aadsts-account", 400,
        "the account is disabled, unknown in this tenant, or of the wrong kind",
        PERSON, "use an account of the tenant, or enter the tenant the account belongs to")),
    (&[65001, 65004, 65006, 90094], row("aadsts-consent", 400,
        "the permission to send mail has not been consented to, was declined, or needs an administrator's consent",
        TENANT, "grant consent for SMTP.Send and offline_access in the application's API permissions")),
    (&[7000215], row("aadsts-secret-wrong", 400,
        "the client secret is wrong",
        OWNER, "paste the secret's value; the secret's ID, shown beside it, is often taken by mistake")),
    (&[7000222], row("aadsts-secret-expired", 400,
        "the client secret has expired",
        OWNER, "create a new client secret (24 months at most) and enter its value")),
    (&[70002, 7000218, 700025], row("aadsts-client-type", 400,
        "the client secret is missing, does not match, or was sent for a public client",
        OWNER, "register the application as type Web with a client secret, not as a public client")),
    (&[700016, 7000112, 70001, 700011], row("aadsts-application", 400,
        "the application does not exist in this tenant or is disabled",
        OWNER, "check the client id and the tenant id, and enable the application")),
    (&[50011, 900971], row("aadsts-redirect-uri", 400,
        "the redirect URI is not registered for the application or is missing",
        OWNER, "register exactly this redirect URI under the platform \"Web\"")),
    (&[50194, 9002332, 90130, 9001023], row("aadsts-common", 400,
        "the application or the grant cannot be used through common, organizations or consumers",
        PERSON, "enter the tenant's own id as tenant-id")),
    (&[90002, 90038], row("aadsts-tenant", 400,
        "the tenant was not found or belongs to another cloud",
        PERSON, "check the tenant id and that the national cloud is the right one")),
    (&[54005, 501481, 700005], row("aadsts-code-spent", 400,
        "the code was used before, does not belong to the code verifier, or was made for another tenant",
        PERSON, "start the authorization again and hand in the new code once")),
    (&[70011, 28002, 65005, 650057, 700022], row("aadsts-scope", 400,
        "the scope is not valid or the application lacks the permission",
        OWNER, "add the delegated permissions SMTP.Send and offline_access to the application")),
    (&[90033, 90006, 90024, 50033, 90012, 90055, 50196], row("aadsts-temporary", 502,
        "Microsoft's login service is busy or has throttled the application",
        PERSON, "wait some minutes, then authorize again")),
];
