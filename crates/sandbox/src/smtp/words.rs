//! How three servers word the same refusals; codes, enhanced codes and shapes are theirs.

use serde::Deserialize;

/// Whose words are used.
#[derive(Deserialize, Clone, Copy, PartialEq, Eq, Debug)]
#[serde(rename_all = "kebab-case")]
pub enum Wording {
    Google,
    Microsoft,
    Dovecot,
}

impl Wording {
    pub fn greeting(self) -> &'static str {
        match self {
            Self::Google => "220 sandbox.example.org ESMTP sandbox-1234567890 - gsmtp",
            Self::Microsoft => "220 SANDBOX.example.org Microsoft ESMTP MAIL Service ready",
            Self::Dovecot => "220 sandbox.example.org ESMTP",
        }
    }

    /// The JSON that goes ahead of a refused token; Microsoft sends none.
    pub fn challenge(self, is_bearer: bool) -> Option<&'static str> {
        match (self, is_bearer) {
            (Self::Microsoft, _) => None,
            (Self::Google, _) => {
                Some(r#"{"status":"400","schemes":"Bearer","scope":"https://mail.google.com/"}"#)
            }
            (Self::Dovecot, false) => Some(r#"{"status":"401","schemes":"bearer","scope":"mail"}"#),
            (Self::Dovecot, true) => Some(
                r#"{"status":"invalid_token","scope":"mail","openid-configuration":"https://sandbox.example.org/.well-known/openid-configuration"}"#,
            ),
        }
    }

    pub fn refused_token(self) -> &'static str {
        match self {
            Self::Google => {
                "535-5.7.8 Username and token were not accepted, see\r\n535 5.7.8  https://sandbox.example.org/bad-credentials sandbox-1234567890 - gsmtp"
            }
            Self::Microsoft => "535 5.7.3 Authentication unsuccessful [SANDBOX.example.org]",
            Self::Dovecot => "535 5.7.8 Error: authentication failed",
        }
    }

    pub fn refused_password(self) -> &'static str {
        match self {
            Self::Google => {
                "535-5.7.8 Username and password were not accepted, see\r\n535 5.7.8  https://sandbox.example.org/bad-credentials sandbox-1234567890 - gsmtp"
            }
            Self::Microsoft => {
                "535 5.7.139 Authentication unsuccessful, SMTP AUTH is disabled for the mailbox [SANDBOX.example.org]"
            }
            Self::Dovecot => "535 5.7.8 Error: authentication failed",
        }
    }

    pub fn throttled(self) -> &'static str {
        match self {
            Self::Google => {
                "454 4.7.0 Too many login attempts, try again later. sandbox-1234567890 - gsmtp"
            }
            Self::Microsoft => {
                "432 4.3.2 Concurrent connections limit exceeded [SANDBOX.example.org]"
            }
            Self::Dovecot => "421 4.3.2 too many connections",
        }
    }
}
