//! Google's reasons, which come as `error` or, finer, as `error_subtype`.

use super::Advice;

const OWNER: &str = "the owner of the Google Cloud project";
const WORKSPACE: &str = "an administrator of the Google Workspace";

pub(super) static TABLE: &[Advice] = &[
    Advice {
        key: "invalid_rapt",
        code: 400,
        what: "the Workspace's session length policy demands a fresh login",
        who: WORKSPACE,
        cure: "exempt the application from the session control (mark it as trusted), after which the account's \
               owner authorizes again",
    },
    Advice {
        key: "rapt_required",
        code: 400,
        what: "Google demands that the account proves itself again",
        who: "the account's owner",
        cure: "log in again with the second factor and authorize anew",
    },
    Advice {
        key: "admin_policy_enforced",
        code: 400,
        what: "a policy of the Workspace forbids the mail scope for this application",
        who: WORKSPACE,
        cure: "allow the application's client id for the scope https://mail.google.com/ in the API controls",
    },
    Advice {
        key: "org_internal",
        code: 400,
        what: "the application is internal to an organization that the account does not belong to",
        who: OWNER,
        cure: "set the user type of the consent screen to External, or authorize with an account of the organization",
    },
    Advice {
        key: "redirect_uri_mismatch",
        code: 400,
        what: "Google does not know this redirect URI for the client id",
        who: OWNER,
        cure: "add exactly this redirect URI (scheme, host, port, path, trailing slash) to the client's authorized \
               redirect URIs",
    },
    Advice {
        key: "deleted_client",
        code: 400,
        what: "the client id was deleted at Google",
        who: OWNER,
        cure: "restore it within 30 days or create a new client and enter its id and secret",
    },
    Advice {
        key: "disabled_client",
        code: 400,
        what: "the client id is disabled at Google",
        who: OWNER,
        cure: "enable the client, or read the project's notices if Google has suspended it",
    },
    Advice {
        key: "restricted_client",
        code: 400,
        what: "the client id may not use the mail scope",
        who: OWNER,
        cure: "add https://mail.google.com/ to the scopes of the consent screen and have the application verified \
               if Google asks for it",
    },
    Advice {
        key: "disallowed_useragent",
        code: 400,
        what: "Google does not accept logins from an embedded browser",
        who: "the account's owner",
        cure: "authorize in an ordinary browser",
    },
    Advice {
        key: "policy_enforced",
        code: 400,
        what: "the account's Advanced Protection forbids this application",
        who: "the account's owner",
        cure: "use an account without Advanced Protection for sending mail",
    },
    Advice {
        key: "rate_limit_exceeded",
        code: 502,
        what: "the client id asked Google for too many tokens",
        who: OWNER,
        cure: "wait, and raise the token grant rate in the project's quotas if this happens again",
    },
    Advice {
        key: "internal_failure",
        code: 502,
        what: "Google met an error of its own",
        who: "the account's owner",
        cure: "authorize again in some minutes",
    },
];
