//! Why the token endpoint says no, in the wording of each provider.
//!
//! The codes follow RFC 6749, section 5.2; Microsoft adds the numbers of its sign-in service.

use serde_json::{Value, json};

use super::Brand;
use crate::entropy;
use crate::wire::Response;

/// A reason to refuse a token request.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Denial {
    Malformed,
    ParameterMissing(&'static str),
    ClientUnknown,
    SecretMissing,
    SecretWrong,
    WayNotAllowed,
    SecretOfPublicClient,
    GrantTypeUnknown,
    TenantUnknown,
    CodeUnknown,
    CodeSpent,
    CodeExpired,
    CodeOfOtherClient,
    CodeOfOtherTenant,
    RedirectUriDiffers,
    VerifierMissing,
    VerifierWrong,
    TokenUnknown,
    TokenRevoked,
    ScopeWider,
    ScopeNotDefault,
    TenantOfMany,
    DevicePending,
    DeviceTooOften,
    DeviceDeclined,
    DeviceExpired,
    DeviceUnknown,
    StatementWrong,
    StatementOutOfTime,
    NotDelegated,
    MailboxUnknown,
}

/// Status, error code, Google's words, Microsoft's number, Microsoft's words.
type Wording = (u16, &'static str, &'static str, u32, &'static str);

impl Denial {
    #[rustfmt::skip] // rows of the table below
    pub fn response(self, brand: Brand) -> Response {
        let (status, error, words, number, reason) = match (self, brand) {
            // there a statement is the application's login, not a grant
            (Self::StatementWrong, Brand::Microsoft) => (401, "invalid_client", "", 700_027, "Client assertion contains an invalid signature; the certificate is not registered on the application"),
            (Self::StatementOutOfTime, Brand::Microsoft) => (401, "invalid_client", "", 700_024, "Client assertion is not within its valid time range"),
            _ => self.wording(),
        };
        let words = match self {
            Self::ParameterMissing(name) => format!("{words} {name}"),
            _ => words.to_owned(),
        };
        let body = match brand {
            Brand::Google | Brand::Strict => json!({ "error": error, "error_description": words }),
            Brand::Microsoft => self.microsoft(error, number, reason),
        };
        Response::json(status, &body)
    }

    fn microsoft(self, error: &str, number: u32, reason: &str) -> Value {
        let (trace, correlation) = (entropy::uuid(), entropy::uuid());
        let name = match self {
            Self::ParameterMissing(name) => format!(" '{name}'"),
            _ => String::new(),
        };
        json!({
            "error": error,
            "error_description": format!(
                "AADSTS{number}: {reason}{name}. Trace ID: {trace} Correlation ID: {correlation}"
            ),
            "error_codes": [number],
            "trace_id": trace,
            "correlation_id": correlation,
        })
    }

    #[rustfmt::skip] // a table
    fn wording(self) -> Wording {
        const GRANT: &str = "invalid_grant";
        const CLIENT: &str = "invalid_client";
        const REQUEST: &str = "invalid_request";
        match self {
            Self::Malformed => (400, REQUEST, "Malformed request.", 900144, "The request body is malformed"),
            Self::ParameterMissing(_) => (400, REQUEST, "Missing required parameter:", 900144, "The request body must contain the parameter"),
            Self::ClientUnknown => (401, CLIENT, "The OAuth client was not found.", 700016, "Application was not found in the directory"),
            Self::SecretMissing => (400, REQUEST, "client_secret is missing.", 7000218, "The request body must contain client_assertion or client_secret"),
            Self::SecretWrong => (401, CLIENT, "Unauthorized", 7000215, "Invalid client secret provided; send the secret's value, not its ID"),
            Self::WayNotAllowed => (401, CLIENT, "Unsupported client authentication method.", 7000218, "The client must authenticate in another way"),
            Self::SecretOfPublicClient => (401, CLIENT, "A public client must not authenticate.", 700_025, "Client is public so neither client_assertion nor client_secret should be presented"),
            Self::GrantTypeUnknown => (400, "unsupported_grant_type", "Invalid grant_type.", 70003, "The app requested an unsupported grant type"),
            Self::TenantUnknown => (400, REQUEST, "Bad Request", 90002, "Tenant not found"),
            Self::CodeUnknown => (400, GRANT, "Malformed auth code.", 9002313, "Invalid request, the code is malformed"),
            Self::CodeSpent => (400, GRANT, "Bad Request", 54005, "Authorization code was already redeemed"),
            Self::CodeExpired => (400, GRANT, "Bad Request", 70008, "The authorization code has expired"),
            Self::CodeOfOtherClient => (400, GRANT, "Bad Request", 70000, "The code was issued to another client"),
            Self::CodeOfOtherTenant => (400, GRANT, "Bad Request", 700005, "The code was issued for another tenant"),
            Self::RedirectUriDiffers => (400, "redirect_uri_mismatch", "Bad Request", 500112, "The reply address does not match the one of the authorization request"),
            Self::VerifierMissing => (400, GRANT, "Missing code verifier.", 50148, "The code_verifier is missing"),
            Self::VerifierWrong => (400, GRANT, "Invalid code verifier.", 501481, "The code_verifier does not match the code_challenge"),
            Self::TokenUnknown => (400, GRANT, "Bad Request", 70000, "The refresh token is malformed or invalid"),
            Self::TokenRevoked => (400, GRANT, "Token has been expired or revoked.", 50173, "The grant was revoked, a fresh token is needed"),
            Self::ScopeNotDefault => (400, "invalid_scope", "Bad Request", 1_002_012, "The scope of a client credentials request must end in /.default"),
            Self::TenantOfMany => (400, REQUEST, "Bad Request", 9_001_023, "The grant type is not supported over the /common or /consumers endpoints"),
            Self::DevicePending => (400, "authorization_pending", "Pending.", 70016, "The authorization is pending"),
            Self::DeviceTooOften => (400, "slow_down", "Slow down.", 70016, "The client asks too often"),
            Self::DeviceDeclined => (400, "authorization_declined", "Declined.", 70018, "The user declined"),
            Self::DeviceExpired => (400, "expired_token", "Expired.", 70019, "The device code has expired"),
            Self::DeviceUnknown => (400, "bad_verification_code", "Unknown.", 70018, "The verification code is not known"),
            Self::StatementWrong => (400, GRANT, "Invalid JWT Signature.", 0, ""),
            Self::StatementOutOfTime => (400, GRANT, "Invalid JWT: Token must be a short-lived token (60 minutes) and in a reasonable timeframe.", 0, ""),
            Self::NotDelegated => (401, "unauthorized_client", "Client is unauthorized to retrieve access tokens using this method, or client not authorized for any of the scopes requested.", 700_016, ""),
            Self::MailboxUnknown => (400, GRANT, "Invalid email or User ID", 0, ""),
            Self::ScopeWider => (400, "invalid_scope", "Bad Request", 70011, "The scope is not valid for this grant"),
        }
    }
}
