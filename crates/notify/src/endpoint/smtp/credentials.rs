//! What to log in with: nothing, a password, or an access token. A server that refuses the token gets a
//! renewed one once; a second refusal is the answer.

use std::cell::RefCell;
use std::time::Duration;

use lettre::address::Envelope;

use super::Try;
use super::pace::Pace;
use crate::Deadline;
use crate::account;
use crate::advice;
use crate::cause::Cause;
use crate::config::Smtp;
use crate::deadline::Ends;
use crate::message::Message;
use crate::net::Trip;
use crate::oauth2::Account;
use crate::outcome::{Failure, Outcome};
use crate::smtp::{self, Login, Server};
use crate::token::{self, AccessToken, Keeper};
use crate::verdict::Verdict;

/// What to log in with.
pub(super) enum Credentials<'a> {
    /// The same at each try.
    Fixed(Login),
    /// What the provider gives.
    OAuth2(Box<Granted<'a>>),
}

/// Access tokens of one target.
pub(super) struct Granted<'a> {
    keeper: &'a Keeper<'a>,
    account: Account,
    /// The provider's limits, where it has any.
    pace: Option<Pace<'a>>,
    /// The token that was refused, once there is one.
    refused: RefCell<Option<AccessToken>>,
}

type Sent = Vec<(String, Outcome)>;

impl<'a> Credentials<'a> {
    /// Those of a target, or what is wrong with its settings.
    pub(super) fn of(trip: &Trip, item: &Smtp, keeper: &'a Keeper<'a>) -> Result<Self, Message> {
        let host = trip.host();
        if let Some(account) = account::of(host, item).map_err(|error| error.message())? {
            return Ok(Self::OAuth2(Box::new(Granted {
                keeper,
                pace: Pace::of(host, &account, keeper.clock()),
                account,
                refused: RefCell::new(None),
            })));
        }
        password(item).map(Self::Fixed)
    }

    /// What is wrong although mails could go out.
    pub(super) fn warning(&self) -> Option<String> {
        match self {
            Self::Fixed(_) => None,
            Self::OAuth2(granted) => granted.pace.as_ref()?.warning(),
        }
    }

    /// Hands a message in.
    pub(super) fn submit(
        &self,
        trip: &Trip,
        server: &Server,
        envelope: &Envelope,
        message: &smtp::Body,
        this: Try,
    ) -> Result<Sent, Outcome> {
        let with = |login: &Login, ends: Ends| {
            smtp::submit_on(trip, server, login, envelope, message, ends)
        };
        match self {
            Self::Fixed(login) => with(login, this.into()).map_err(|error| error.outcome()),
            Self::OAuth2(granted) => granted.submit(with, this),
        }
    }
}

/// The login of a target without OAuth2, or what is wrong with its settings.
pub(crate) fn password(item: &Smtp) -> Result<Login, Message> {
    match (&item.username, &item.password) {
        (Some(user), Some(password)) => Ok(Login::Password {
            user: user.clone(),
            password: password.clone(),
        }),
        (Some(_), None) => Err(Message::new("username is set but no password was provided")
            .fix("set password, or delete username")),
        (None, _) => Ok(Login::None),
    }
}

impl Granted<'_> {
    fn submit(
        &self,
        with: impl Fn(&Login, Ends) -> Result<Sent, smtp::Error>,
        this: Try,
    ) -> Result<Sent, Outcome> {
        // a token request that is given up may cost the grant, and the limits are waited for in turn
        let deadline = this.whole();
        let token = self
            .keeper
            .access_token(&self.account, deadline)
            .map_err(|error| outcome(&error, &self.account.target))?;
        let with = |token: &AccessToken| {
            let login = self.login(token);
            match &self.pace {
                Some(pace) => pace.run(deadline, || with(&login, Pace::ends(this))),
                None => Ok(with(&login, this.into())),
            }
        };
        let sent = match with(&token)? {
            Err(error) if self.may_renew(&error) => {
                *self.refused.borrow_mut() = Some(token.clone());
                match self.keeper.renewed(&self.account, &token, deadline) {
                    Ok(token) => with(&token)?,
                    // what the server said tells more
                    Err(token::Error::StillRefused { .. }) => Err(error),
                    Err(error) => return Err(outcome(&error, &self.account.target)),
                }
            }
            sent => sent,
        };
        self.note(&sent, deadline);
        sent.map_err(|error| error.outcome())
    }

    /// Keeps what it says about the login, for the target's status and whoever is told of it. The mail has
    /// its outcome, whether that can be kept or not.
    fn note(&self, sent: &Result<Sent, smtp::Error>, deadline: Deadline) {
        let (keeper, account) = (self.keeper, &self.account);
        let _ = match sent {
            Ok(sent) if sent.iter().any(|(_, outcome)| *outcome == Outcome::Sent) => {
                keeper.sent(account, deadline)
            }
            Ok(_) => keeper.logged_in(account, deadline),
            Err(error) if error.ends_login() => keeper.refused(account, error, deadline),
            Err(error) if error.is_after_login() => keeper.logged_in(account, deadline),
            Err(_) => Ok(()),
        };
    }

    fn login(&self, token: &AccessToken) -> Login {
        Login::Token {
            user: self.account.identity.login.clone(),
            token: token.token.clone(),
        }
    }

    /// Whether another token may help, and none was fetched for this mail yet.
    fn may_renew(&self, error: &smtp::Error) -> bool {
        error.is_of_token() && self.refused.borrow().is_none()
    }
}

/// What it means for the mail that there is no token. A provider that was asked in vain is not asked
/// again for this mail; one that was not asked now may be after a pause.
fn outcome(error: &token::Error, target: &str) -> Outcome {
    let pause = match error {
        token::Error::Provider(error) => Some(error.retry_after().unwrap_or(token::RETRY)),
        error => error.retry_after(),
    };
    let pause = pause.map(|seconds| Duration::from_secs(seconds.into()));
    // what became of the token may be open, but the mail has not gone out
    let cause = match error.cause() {
        cause if cause.verdict() == Verdict::Unknown => Cause::Pausing,
        cause => cause,
    };
    let mut message = error.message();
    message.fix = message.fix.map(|fix| advice::named(&fix, target));
    Failure::new(cause, message).pause(pause).outcome()
}
