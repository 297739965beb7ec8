//! The error codes of RFC 6749 (sections 4.1.2.1 and 5.2) and of its companions RFC 8628 (section
//! 3.5), RFC 8707 and OpenID Connect Core (section 3.1.2.6).

use super::Advice;

const CALLER: &str = "the person who authorizes";
const OWNER: &str = "the owner of the application";

pub(super) static TABLE: &[Advice] = &[
    Advice {
        key: "invalid_request",
        code: 400,
        what: "the request was not understood or lacks something",
        who: OWNER,
        cure: "compare client id, redirect URI and type of the application with what is registered at the provider",
    },
    Advice {
        key: "invalid_client",
        code: 400,
        what: "the application's own login failed: client id or client secret is wrong, or the secret has expired",
        who: OWNER,
        cure: "enter the client id and the value (not the id) of a client secret that is still valid",
    },
    Advice {
        key: "invalid_grant",
        code: 400,
        what: "the authorization code is not valid: used before, older than some minutes, or made for another \
               client id, redirect URI or code verifier",
        who: CALLER,
        cure: "authorize again and hand in the new code once, decoded as it was before it became part of a URL, \
               with the very same redirect URI",
    },
    Advice {
        key: "unauthorized_client",
        code: 400,
        what: "the application may not use authorization codes",
        who: OWNER,
        cure: "register it as a web application",
    },
    Advice {
        key: "unsupported_grant_type",
        code: 400,
        what: "the provider does not exchange authorization codes at this address",
        who: OWNER,
        cure: "check the token URL and that the provider supports the authorization code flow",
    },
    Advice {
        key: "invalid_scope",
        code: 400,
        what: "the scope is unknown to the provider or not granted to the application",
        who: OWNER,
        cure: "add the permission to send mail to the application",
    },
    Advice {
        key: "access_denied",
        code: 400,
        what: "consent was refused, by the person or by a policy",
        who: CALLER,
        cure: "authorize again and accept, or ask the administrator of the mail domain to allow the application",
    },
    Advice {
        key: "unsupported_response_type",
        code: 400,
        what: "the provider does not hand out authorization codes to this application",
        who: OWNER,
        cure: "enable the authorization code flow for it",
    },
    Advice {
        key: "server_error",
        code: 502,
        what: "the provider met an error of its own",
        who: CALLER,
        cure: "try again in some minutes, with a new code if this one is older than 10 minutes",
    },
    Advice {
        key: "temporarily_unavailable",
        code: 502,
        what: "the provider is overloaded or under maintenance",
        who: CALLER,
        cure: "wait until its status page shows the service as available, then authorize again",
    },
    Advice {
        key: "authorization_pending",
        code: 400,
        what: "the authorization is not finished yet",
        who: CALLER,
        cure: "finish the login at the provider's page first",
    },
    Advice {
        key: "slow_down",
        code: 502,
        what: "the provider was asked too often",
        who: CALLER,
        cure: "wait a minute before the next try",
    },
    Advice {
        key: "expired_token",
        code: 400,
        what: "the time for the authorization is over",
        who: CALLER,
        cure: "start the authorization again and finish it within the provider's limit",
    },
    Advice {
        key: "invalid_target",
        code: 400,
        what: "the provider does not know the mail service that the token was asked for",
        who: OWNER,
        cure: "check that the scopes belong to this provider and to the right national cloud",
    },
    Advice {
        key: "interaction_required",
        code: 400,
        what: "the provider wants the person to answer something first",
        who: CALLER,
        cure: "authorize again in a browser and follow every step shown there",
    },
    Advice {
        key: "login_required",
        code: 400,
        what: "the person is not logged in at the provider any more",
        who: CALLER,
        cure: "log in at the provider and authorize again",
    },
    Advice {
        key: "consent_required",
        code: 400,
        what: "the application's permissions have not been accepted",
        who: CALLER,
        cure: "authorize again and accept the permissions, or have an administrator of the tenant accept them",
    },
];
