//! Why nothing was sent to anybody.
//!
//! `Display` says what happened, who has to act and what to do, then the server's own words without
//! any secret.

use std::time::Duration;
use std::{fmt, io};

use super::Reply;
use crate::advice::{Advice, Snag};
use crate::outcome::{Outcome, Retry};

/// The time over which Microsoft counts mails.
const THROTTLED: Duration = Duration::from_secs(60);

/// Where in the conversation it happened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(
    missing_docs,
    reason = "the commands of RFC 5321, RFC 3207 and RFC 4954"
)]
pub enum Step {
    Greeting,
    Ehlo,
    StartTls,
    Auth,
    Mail,
    Rcpt,
    Data,
    /// The message and the dot that ends it.
    Message,
}

impl Step {
    /// The step as the tables of advice name it.
    pub(crate) fn word(self) -> &'static str {
        match self {
            Self::Greeting => "GREETING",
            Self::Ehlo => "EHLO",
            Self::StartTls => "STARTTLS",
            Self::Auth => "AUTH",
            Self::Mail => "MAIL",
            Self::Rcpt => "RCPT",
            Self::Data => "DATA",
            Self::Message => "MESSAGE",
        }
    }

    /// The step as the object of a sentence.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Greeting => "the greeting",
            Self::Ehlo => "EHLO",
            Self::StartTls => "STARTTLS",
            Self::Auth => "AUTH",
            Self::Mail => "MAIL FROM",
            Self::Rcpt => "RCPT TO",
            Self::Data => "DATA",
            Self::Message => "the message",
        }
    }
}

/// A login that the server did not accept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AuthRefused {
    /// `PLAIN`, `LOGIN`, `XOAUTH2` or `OAUTHBEARER`.
    pub mechanism: &'static str,
    /// The final reply.
    pub reply: Reply,
    /// The JSON that came in the challenge before it (XOAUTH2, RFC 7628), free of secrets.
    pub json: Option<String>,
}

/// Why nothing was sent to anybody. No variant, and no `source` of one, holds a secret.
#[derive(Debug)]
#[non_exhaustive]
pub enum Error {
    /// The way to the server failed: look-up, TCP, TLS.
    Way(Box<crate::Error>),
    /// The connection ended, the time was up, or what came was no reply.
    Broken {
        /// The server, as `host:port`.
        server: String,
        /// What was being waited for.
        step: Step,
        /// What it means and what to do.
        advice: &'static Advice,
        /// The system's reason, where it adds something.
        source: Option<io::Error>,
    },
    /// The server said no.
    Refused {
        /// The server, as `host:port`.
        server: String,
        /// To what.
        step: Step,
        /// Its reply.
        reply: Reply,
        /// What it means and what to do.
        advice: &'static Advice,
    },
    /// The server did not accept the login.
    Auth {
        /// The server, as `host:port`.
        server: String,
        /// What it said.
        refused: AuthRefused,
        /// What it means and what to do.
        advice: &'static Advice,
    },
    /// The server does not offer what this mail or login needs; it was not asked for it.
    Lacking {
        /// The server, as `host:port`.
        server: String,
        /// What it means and what to do.
        advice: &'static Advice,
        /// What it offers in its place, or the limit it names.
        offered: String,
    },
    /// A login or address cannot be put on the wire; nothing was sent.
    Parameter {
        /// The setting's name, for instance `username`.
        name: &'static str,
        /// What is wrong with it, as the end of a sentence that begins with the name.
        reason: &'static str,
    },
}

impl Error {
    /// Whether a later try may succeed although nobody has acted.
    #[must_use]
    pub fn is_temporary(&self) -> bool {
        match self {
            Self::Way(error) => error.advice().is_some_and(|advice| {
                let is_agreement = ["tls", "tls-alert", "not-tls"].contains(&advice.key);
                !advice.key.starts_with("certificate") && !is_agreement
            }),
            Self::Broken { advice, .. } => [Snag::Injected, Snag::NotTls]
                .iter()
                .all(|snag| advice.key != snag.advice().key),
            Self::Refused { reply, .. } => reply.is_temporary(),
            Self::Auth { refused, .. } => refused.reply.is_temporary(),
            Self::Lacking { .. } | Self::Parameter { .. } => false,
        }
    }

    /// The HTTP-like code for the API: 400, 500, 502 or 504.
    #[must_use]
    pub fn code(&self) -> u16 {
        match self {
            Self::Way(error) => error.code(),
            Self::Parameter { .. } => 400,
            _ => self.advice().map_or(502, |advice| advice.code),
        }
    }

    /// The advice that the message was made of, if it came from a table.
    #[must_use]
    pub fn advice(&self) -> Option<&'static Advice> {
        match self {
            Self::Way(error) => error.advice(),
            Self::Broken { advice, .. }
            | Self::Refused { advice, .. }
            | Self::Auth { advice, .. }
            | Self::Lacking { advice, .. } => Some(advice),
            Self::Parameter { .. } => None,
        }
    }

    /// Where in the conversation it happened, if it had begun.
    pub(super) fn step(&self) -> Option<Step> {
        match self {
            Self::Broken { step, .. } | Self::Refused { step, .. } => Some(*step),
            Self::Auth { .. } => Some(Step::Auth),
            Self::Way(_) | Self::Lacking { .. } | Self::Parameter { .. } => None,
        }
    }

    /// The refusal of the login, for a caller that can bring a fresh token.
    #[must_use]
    pub fn auth_refused(&self) -> Option<&AuthRefused> {
        match self {
            Self::Auth { refused, .. } => Some(refused),
            _ => None,
        }
    }

    /// Whether another token of the same grant may help: nothing but this token was refused.
    #[must_use]
    pub fn is_of_token(&self) -> bool {
        const KEYS: [&str; 2] = ["smtp-token-refused", "smtp-token-audience"];
        let is_key = |advice: &Advice| KEYS.contains(&advice.key);
        let is_login = self.auth_refused().is_some() && !self.is_temporary();
        self.is_of_old_token() || (is_login && self.advice().is_some_and(is_key))
    }

    /// Whether the token was refused for its age alone.
    #[must_use]
    pub fn is_of_old_token(&self) -> bool {
        let is_key = |advice: &Advice| advice.key == "smtp-token-too-old";
        self.auth_refused().is_some() && self.advice().is_some_and(is_key)
    }

    /// Whether the server will not let anybody log in here with a token before somebody has acted.
    #[must_use]
    pub fn ends_login(&self) -> bool {
        match self {
            Self::Auth { .. } => !self.is_temporary(),
            Self::Lacking { advice, .. } => [Snag::NoAuth, Snag::NoToken]
                .iter()
                .any(|snag| advice.key == snag.advice().key),
            _ => false,
        }
    }

    /// What this means for each recipient.
    #[must_use]
    pub fn outcome(&self) -> Outcome {
        let reason = self.to_string();
        if self.is_temporary() {
            Outcome::Unsent {
                reason,
                retry: self.retry(),
            }
        } else {
            Outcome::Refused { reason }
        }
    }

    /// Whether the server still listens, so that a goodbye makes sense.
    pub(super) fn leaves_open(&self) -> bool {
        match self {
            Self::Refused { reply, .. } => reply.code != 421,
            Self::Auth { refused, .. } => refused.reply.code != 421,
            Self::Lacking { .. } => true,
            Self::Way(_) | Self::Broken { .. } | Self::Parameter { .. } => false,
        }
    }

    fn retry(&self) -> Retry {
        match self.advice() {
            Some(advice) if advice.key == "smtp-throttled" => Retry::After(THROTTLED),
            _ => Retry::Soon,
        }
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Way(error) => error.fmt(f),
            Self::Broken {
                server,
                step,
                advice,
                source,
            } => {
                let step = step.as_str();
                write!(f, "{server}: {advice}; this was at {step}")?;
                match source {
                    Some(source) => write!(f, "; the system says: {source}"),
                    None => Ok(()),
                }
            }
            Self::Refused {
                server,
                step,
                reply,
                advice,
            } => {
                let step = step.as_str();
                write!(f, "{server}: {advice}; at {step} it says: {reply}")
            }
            Self::Auth {
                server,
                refused,
                advice,
            } => {
                let AuthRefused {
                    mechanism,
                    reply,
                    json,
                } = refused;
                write!(
                    f,
                    "{server}: {advice}; at AUTH {mechanism} it says: {reply}"
                )?;
                match json {
                    Some(json) => write!(f, ", before that {json}"),
                    None => Ok(()),
                }
            }
            Self::Lacking {
                server,
                advice,
                offered,
            } => write!(f, "{server}: {advice}; it offers {offered}"),
            Self::Parameter { name, reason } => write!(f, "{name}: {reason}"),
        }
    }
}

impl std::error::Error for Error {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Way(error) => Some(error),
            Self::Broken {
                source: Some(source),
                ..
            } => Some(source),
            _ => None,
        }
    }
}
