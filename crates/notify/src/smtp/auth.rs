//! The login: PLAIN (RFC 4616), LOGIN, XOAUTH2 and OAUTHBEARER (RFC 7628) over AUTH (RFC 4954).
//!
//! A refusal keeps all that the server said: the JSON of its challenge, the code, the enhanced code
//! and the text.

use base64::alphabet::STANDARD;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use base64::prelude::{BASE64_STANDARD, Engine};
use zeroize::Zeroizing;

use super::reply::Raw;
use super::session::Session;
use super::{AuthRefused, Error, Login, Server, Step, refusal};
use crate::cause::Snag;
use crate::config::SmtpMode;
use crate::parameter::Parameter;
use crate::redact::Redactor;

/// The longest command line, with its end, in octets (RFC 5321 section 4.5.3.1.4).
const MAX_LINE: usize = 512;
/// So many challenges after the last answer are cancelled before the server is given up.
const MAX_CANCELS: usize = 2;
/// As lenient as servers are careless.
const LENIENT: GeneralPurpose = GeneralPurpose::new(
    &STANDARD,
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

/// Makes sure, before anything is sent, that the login can be put on the wire and may be.
pub(super) fn check(server: &Server, login: &Login) -> Result<(), Error> {
    let fault = |name, reason: &str| Err(Error::Parameter(Parameter::new(name, reason)));
    match login {
        Login::None => Ok(()),
        Login::Password { user, .. } | Login::Token { user, .. }
            if user.contains(char::is_control) =>
        {
            fault("username", "must not have control characters")
        }
        Login::Password { user, .. } | Login::Token { user, .. } if user.is_empty() => {
            fault("username", "must not be empty")
        }
        Login::Password { password, .. } if password.expose().contains('\0') => {
            fault("password", "must not have NUL characters")
        }
        Login::Password { .. } => Ok(()),
        Login::Token { .. } if server.mode == SmtpMode::Insecure => fault(
            "mode",
            "must be starttls or tls: access tokens are not sent without TLS",
        ),
        // a control character would begin another field of the response
        Login::Token { token, .. }
            if token.expose().is_empty()
                || !token.expose().bytes().all(|byte| byte.is_ascii_graphic()) =>
        {
            fault(
                "access token",
                "must have visible ASCII characters only: the provider's answer is not usable",
            )
        }
        Login::Token { .. } => Ok(()),
    }
}

/// Finds what is secret about a login in whatever a server says.
pub(super) fn redactor(login: &Login) -> Redactor {
    match login {
        Login::None => Redactor::new("", &[]),
        Login::Password {
            password: secret, ..
        }
        | Login::Token { token: secret, .. } => Redactor::new("", &[secret]),
    }
}

/// Logs in with the best of the mechanisms that the server offers; which that was, if there was a login.
pub(super) fn login(
    session: &mut Session,
    server: &Server,
    login: &Login,
) -> Result<Option<&'static str>, Error> {
    let offers = |mechanism: &str| session.extensions.offers(mechanism);
    let (user, secret, kind) = match login {
        Login::None => return Ok(None),
        Login::Password { user, password } => (user, password, "PASSWORD"),
        Login::Token { user, token } => (user, token, "TOKEN"),
    };
    let secret = secret.expose();
    let dialogue = match login {
        _ if session.extensions.mechanisms().next().is_none() => {
            let offered = session.extensions.names();
            return Err(session.lacking(Snag::NoAuth, offered));
        }
        Login::Token { .. } if offers("XOAUTH2") => Dialogue {
            mechanism: "XOAUTH2",
            kind,
            initial: Some(encoded(&[
                "user=",
                user,
                "\x01auth=Bearer ",
                secret,
                "\x01\x01",
            ])),
            answers: vec![],
            give_in: "",
        },
        Login::Token { .. } if offers("OAUTHBEARER") => {
            let name = user.replace('=', "=3D").replace(',', "=2C");
            let port = server.port.to_string();
            Dialogue {
                mechanism: "OAUTHBEARER",
                kind,
                initial: Some(encoded(&[
                    "n,a=",
                    &name,
                    ",\x01host=",
                    &server.name,
                    "\x01port=",
                    &port,
                    "\x01auth=Bearer ",
                    secret,
                    "\x01\x01",
                ])),
                answers: vec![],
                give_in: "AQ==",
            }
        }
        Login::Password { .. } if offers("PLAIN") => Dialogue {
            mechanism: "PLAIN",
            kind,
            initial: Some(encoded(&["\0", user, "\0", secret])),
            answers: vec![],
            give_in: "*",
        },
        Login::Password { .. } if offers("LOGIN") => Dialogue {
            mechanism: "LOGIN",
            kind,
            initial: None,
            answers: vec![encoded(&[user]), encoded(&[secret])],
            give_in: "*",
        },
        Login::Token { .. } => {
            let offered = session.extensions.mechanism_names();
            return Err(session.lacking(Snag::NoToken, offered));
        }
        _ => {
            let offered = session.extensions.mechanism_names();
            return Err(session.lacking(Snag::NoPassword, offered));
        }
    };
    let mechanism = dialogue.mechanism;
    dialogue.run(session).map(|()| Some(mechanism))
}

/// Base64 of the parts; wiped, as they are, when it is dropped.
fn encoded(parts: &[&str]) -> Zeroizing<String> {
    Zeroizing::new(BASE64_STANDARD.encode(Zeroizing::new(parts.concat()).as_bytes()))
}

/// What is said in one login.
struct Dialogue {
    mechanism: &'static str,
    /// What the table of refusals calls the login.
    kind: &'static str,
    /// The initial response.
    initial: Option<Zeroizing<String>>,
    /// The responses to the challenges.
    answers: Vec<Zeroizing<String>>,
    /// The response to a challenge that says why the login fails, or that nobody expects.
    give_in: &'static str,
}

impl Dialogue {
    fn run(mut self, session: &mut Session) -> Result<(), Error> {
        let command = format!("AUTH {}", self.mechanism);
        let line = match self.initial.take() {
            Some(initial) if command.len() + 1 + initial.len() + 2 <= MAX_LINE => {
                Zeroizing::new(format!("{command} {}\r\n", *initial))
            }
            // too long for a command line: it goes on a line of its own after an empty challenge
            initial => {
                self.answers.extend(initial);
                Zeroizing::new(format!("{command}\r\n"))
            }
        };
        session.send(Step::Auth, line.as_bytes())?;
        for answer in &self.answers {
            let reply = session.read(Step::Auth)?;
            if reply.code != 334 {
                return self.judge(session, &reply, None);
            }
            let line = Zeroizing::new(format!("{}\r\n", **answer));
            session.send(Step::Auth, line.as_bytes())?;
        }
        let mut reply = session.read(Step::Auth)?;
        let mut json = None;
        let mut give_in = self.give_in;
        for _ in 0..=MAX_CANCELS {
            if reply.code != 334 {
                return self.judge(session, &reply, json);
            }
            json = json.or_else(|| challenge(session, reply.first()));
            session.send(Step::Auth, format!("{give_in}\r\n").as_bytes())?;
            give_in = "*";
            reply = session.read(Step::Auth)?;
        }
        match reply.code {
            334 => Err(session.broken(Step::Auth, Snag::Nonsense, None)),
            _ => self.judge(session, &reply, json),
        }
    }

    fn judge(&self, session: &Session, reply: &Raw, json: Option<String>) -> Result<(), Error> {
        match reply.class() {
            2 => Ok(()),
            4 | 5 => {
                let reply = session.shown(reply);
                Err(Error::Auth {
                    server: session.server.clone(),
                    refusal: refusal::of(&reply, Step::Auth, Some(self.kind)),
                    refused: AuthRefused {
                        mechanism: self.mechanism,
                        reply,
                        json,
                    },
                })
            }
            _ => Err(session.broken(Step::Auth, Snag::Nonsense, None)),
        }
    }
}

/// The text of a challenge, fit to be shown.
pub(super) fn challenge(session: &Session, text: &str) -> Option<String> {
    let shown = match LENIENT.decode(text.trim()) {
        Ok(bytes) => session.redactor.clean(&String::from_utf8_lossy(&bytes)),
        Err(_) => session.redactor.clean(text),
    };
    (!shown.is_empty()).then_some(shown)
}
