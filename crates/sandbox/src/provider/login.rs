//! By which way an application may log in at the token endpoint (RFC 6749, section 2.3.1): an order says,
//! for all providers.

use serde::Deserialize;

/// What is allowed.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Login {
    /// A secret in the header or in the body.
    #[default]
    Any,
    /// In the header alone.
    Basic,
    /// In the body alone.
    Post,
    /// In the body for a code, in the header for all else.
    PostThenBasic,
    /// No secret: a public client, whose codes need a verifier.
    None,
}

/// What a client has done.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Way {
    Basic,
    Post,
}

impl Login {
    pub fn allows(self, way: Way, grant_type: &str) -> bool {
        match self {
            Self::Any => true,
            Self::Basic => way == Way::Basic,
            Self::Post => way == Way::Post,
            Self::PostThenBasic => (way == Way::Post) == (grant_type == "authorization_code"),
            Self::None => false,
        }
    }
}
