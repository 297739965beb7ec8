//! What is wrong with the answer of a token endpoint.

/// What is odd about an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Oddity {
    /// 3xx.
    Redirect,
    /// An HTML page.
    Html,
    /// Neither JSON nor HTML, or JSON of another shape.
    NotJson,
    /// More than 64 KiB of body.
    BodyTooLarge,
    /// More than 32 KiB of header.
    HeadTooLarge,
    /// Not HTTP/1.1, or more than 128 header fields.
    Malformed,
    /// 429.
    TooManyRequests,
    /// 5xx other than 504.
    ServerStatus,
    /// 504.
    GatewayTimeout,
    /// 400 with an empty body.
    EmptyBadRequest,
    /// 401 with an empty body.
    EmptyUnauthorized,
    /// 404, 405 or 410 at an address that somebody has entered.
    NotFound,
    /// Any other status without an error code of the provider.
    Status,
    /// An error code that no table knows.
    UnknownError,
    /// 200 without an access token.
    NoAccessToken,
    /// A token type other than Bearer.
    TokenType,
    /// A token with characters that RFC 6749 does not allow, or longer than 16 KiB.
    BadToken,
    /// `expires_in` is no number.
    Expiry,
    /// `scope` is there and lacks the mail scope.
    ScopeMissing,
    /// No refresh token, where `access_type` decides about it.
    NoRefreshTokenGoogle,
    /// No refresh token, where the scope `offline_access` decides about it.
    NoRefreshToken,
}

impl Oddity {
    /// All of them, for tables and tests.
    pub const ALL: [Self; 21] = [
        Self::Redirect,
        Self::Html,
        Self::NotJson,
        Self::BodyTooLarge,
        Self::HeadTooLarge,
        Self::Malformed,
        Self::TooManyRequests,
        Self::ServerStatus,
        Self::GatewayTimeout,
        Self::EmptyBadRequest,
        Self::EmptyUnauthorized,
        Self::NotFound,
        Self::Status,
        Self::UnknownError,
        Self::NoAccessToken,
        Self::TokenType,
        Self::BadToken,
        Self::Expiry,
        Self::ScopeMissing,
        Self::NoRefreshTokenGoogle,
        Self::NoRefreshToken,
    ];
}

/// A refusal in the provider's own words (RFC 6749 section 5.2), by which of its words it is known.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Denial {
    /// The status of the answer.
    pub status: u16,
    /// `error`.
    pub error: String,
    /// `error_subtype`, as Google has it.
    pub subtype: String,
    /// Microsoft's numbers (AADSTS...), those of `error_codes` first.
    pub numbers: Vec<u32>,
}
