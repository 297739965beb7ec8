//! Why nothing was sent to anybody.
//!
//! An error keeps the server, the step, the cause and the server's own words without any secret; what
//! people are told is made of them.

use std::{fmt, io};

use super::Reply;
use crate::advice::{self, Advice};
use crate::cause::{Cause, Refusal, Snag};
use crate::message::Message;
use crate::net;
use crate::outcome::{Failure, Outcome};
use crate::parameter::Parameter;
use crate::verdict::Verdict;

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

/// Why nothing was sent to anybody. Nothing in it is secret.
#[derive(Debug)]
#[non_exhaustive]
pub enum Error {
    /// The way to the server failed: look-up, TCP, TLS.
    Net(net::Error),
    /// The connection ended, the time was up, or what came was no reply.
    Broken {
        /// The server, as `host:port`.
        server: String,
        /// What was being waited for.
        step: Step,
        /// What is wrong.
        snag: Snag,
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
        /// What it means by that.
        refusal: Refusal,
    },
    /// The server did not accept the login.
    Auth {
        /// The server, as `host:port`.
        server: String,
        /// What it said.
        refused: AuthRefused,
        /// What it means by that.
        refusal: Refusal,
    },
    /// The server does not offer what this mail or login needs; it was not asked for it.
    Lacking {
        /// The server, as `host:port`.
        server: String,
        /// What is lacking.
        snag: Snag,
        /// What it offers in its place, or the limit it names.
        offered: String,
    },
    /// A login or address cannot be put on the wire; nothing was sent.
    Parameter(Parameter),
}

impl Error {
    /// The cause.
    #[must_use]
    pub fn cause(&self) -> Cause {
        match self {
            Self::Net(error) => error.cause(),
            Self::Broken { snag, .. } | Self::Lacking { snag, .. } => Cause::Snag(*snag),
            Self::Refused { reply, refusal, .. } => Cause::Reply(reply.code, *refusal),
            Self::Auth {
                refused, refusal, ..
            } => Cause::Reply(refused.reply.code, *refusal),
            Self::Parameter(_) => Cause::Settings,
        }
    }

    /// Whether a later try may succeed although nobody has acted.
    #[must_use]
    pub fn is_temporary(&self) -> bool {
        self.cause().verdict() == Verdict::Temporary
    }

    /// The HTTP-like code for the API: 400, 500, 502 or 504.
    #[must_use]
    pub fn code(&self) -> u16 {
        match self {
            Self::Parameter(_) => 400,
            _ => self.advice().map_or(500, |advice| advice.code),
        }
    }

    /// The row that the message is made of, where a table has one.
    #[must_use]
    pub fn advice(&self) -> Option<&'static Advice> {
        advice::of(&self.cause())
    }

    /// Where in the conversation it happened, if it had begun.
    pub(crate) fn step(&self) -> Option<Step> {
        match self {
            Self::Broken { step, .. } | Self::Refused { step, .. } => Some(*step),
            Self::Auth { .. } => Some(Step::Auth),
            Self::Net(_) | Self::Lacking { .. } | Self::Parameter(_) => None,
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
        let is_refused = matches!(
            self,
            Self::Auth {
                refusal: Refusal::TokenRefused | Refusal::TokenAudience,
                ..
            }
        );
        self.is_of_old_token() || (is_refused && !self.is_temporary())
    }

    /// Whether the token was refused for its age alone.
    #[must_use]
    pub fn is_of_old_token(&self) -> bool {
        matches!(
            self,
            Self::Auth {
                refusal: Refusal::TokenTooOld,
                ..
            }
        )
    }

    /// Whether the server will not let anybody log in here with a token before somebody has acted.
    #[must_use]
    pub fn ends_login(&self) -> bool {
        match self {
            Self::Auth { .. } => !self.is_temporary(),
            Self::Lacking { snag, .. } => matches!(snag, Snag::NoAuth | Snag::NoToken),
            _ => false,
        }
    }

    /// Whether the server has said no to one command and listens to others.
    pub(crate) fn is_a_refusal(&self) -> bool {
        matches!(self, Self::Refused { reply, .. } if reply.code != 421)
    }

    /// Whether the server had accepted the login before: it has refused something else.
    #[must_use]
    pub fn is_after_login(&self) -> bool {
        let step = self.step();
        matches!(
            step,
            Some(Step::Mail | Step::Rcpt | Step::Data | Step::Message)
        )
    }

    /// What this means for each recipient.
    #[must_use]
    pub fn outcome(&self) -> Outcome {
        Failure::new(self.cause(), self.message()).outcome()
    }

    /// Whether the server still listens, so that a goodbye makes sense.
    pub(super) fn leaves_open(&self) -> bool {
        match self {
            Self::Refused { reply, .. } => reply.code != 421,
            Self::Auth { refused, .. } => refused.reply.code != 421,
            Self::Lacking { .. } => true,
            Self::Net(_) | Self::Broken { .. } | Self::Parameter(_) => false,
        }
    }

    /// What a person is told.
    #[must_use]
    pub fn message(&self) -> Message {
        let (server, details) = match self {
            Self::Net(error) => return error.message(),
            Self::Parameter(parameter) => return parameter.message(),
            Self::Broken {
                server,
                step,
                source,
                ..
            } => {
                let mut details = format!("at {}", step.as_str());
                if let Some(source) = source {
                    details.push_str(&format!("; system says: \"{source}\""));
                }
                (server, details)
            }
            Self::Refused {
                server,
                step,
                reply,
                ..
            } => (
                server,
                format!("server says at {}: \"{reply}\"", step.as_str()),
            ),
            Self::Auth {
                server, refused, ..
            } => {
                let AuthRefused {
                    mechanism,
                    reply,
                    json,
                } = refused;
                let mut details = format!("server says at AUTH {mechanism}: \"{reply}\"");
                if let Some(json) = json {
                    details.push_str(&format!(", before that: {json}"));
                }
                (server, details)
            }
            Self::Lacking {
                server, offered, ..
            } => (server, format!("server offers {offered}")),
        };
        let message = advice::message(self.advice());
        message.about(server.as_str()).details(Some(details))
    }
}

impl From<net::Error> for Error {
    fn from(error: net::Error) -> Self {
        Self::Net(error)
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.message().fmt(f)
    }
}

// what the system said is a part of the text, hence no source
impl std::error::Error for Error {}
