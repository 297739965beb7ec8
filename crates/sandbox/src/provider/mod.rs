//! Three providers in one: their rules for refresh tokens differ, and so does their wording.
//!
//! `google` and `microsoft` behave like their namesakes; `strict` rotates refresh tokens and revokes
//! the grant when a spent one is replayed, as RFC 9700 (section 4.14.2) wishes.

mod assertion;
mod authorize;
mod denial;
mod device;
mod kept;
mod login;
mod page;
mod store;
mod token;
mod tokens;

pub use assertion::Key;
pub use authorize::{authorize, interaction};
pub use device::{device_code, device_page};
pub use login::Login;
pub use page::index;
pub use store::{Client, Store};
pub use token::token;
pub use tokens::{revoke, token_info};

/// Which provider a path belongs to.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Brand {
    Google,
    Microsoft,
    Strict,
}

impl Brand {
    pub const ALL: [Self; 3] = [Self::Google, Self::Microsoft, Self::Strict];

    /// The key of the provider in `oauth2-providers.json`.
    pub fn key(self) -> &'static str {
        match self {
            Self::Google => "google-oauth2",
            Self::Microsoft => "microsoft-oauth2",
            Self::Strict => "strict-oauth2",
        }
    }

    /// The provider's name on its pages.
    pub fn title(self) -> &'static str {
        match self {
            Self::Google => "Google",
            Self::Microsoft => "Microsoft",
            Self::Strict => "strict",
        }
    }

    /// Where its endpoints are, below the sandbox's address.
    pub fn path(self) -> &'static str {
        match self {
            Self::Google => "/google",
            Self::Microsoft => "/microsoft/{tenant}",
            Self::Strict => "/strict",
        }
    }

    /// What a client asks for when it wants to send mail for a long time.
    pub fn scopes(self) -> &'static [&'static str] {
        match self {
            Self::Google => &["https://mail.google.com/"],
            Self::Microsoft => &["https://outlook.office.com/SMTP.Send", "offline_access"],
            Self::Strict => &["https://mail.google.com/", "offline_access"],
        }
    }

    /// Whether a scope may be asked for at all.
    pub fn knows(self, scope: &str) -> bool {
        matches!(scope, "openid" | "email" | "profile") || self.scopes().contains(&scope)
    }

    /// Whether each use of a refresh token returns a new one.
    pub fn rotates(self) -> bool {
        self != Self::Google
    }

    /// Whether the replay of a refresh token that was replaced ends the grant.
    pub fn punishes_replay(self) -> bool {
        self == Self::Strict
    }
}
