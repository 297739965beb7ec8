//! A grant is taken back: at the provider where it has a way for that, and here in any case.

use super::{CALL_BUDGET, Service};
use crate::message::Message;
use crate::net::Trip;
use crate::oauth2::{self, MICROSOFT};
use crate::{Deadline, Error, Parameter};

/// What was done.
#[derive(Debug)]
pub struct Revoked {
    /// Whether the provider was told.
    pub at_provider: bool,
    /// What is left to do there.
    pub warning: Option<Message>,
}

impl Service {
    /// Takes all grants of a target back, also those that wait aside, and removes its tokens: the record keeps its
    /// dates. `here_only`: without asking the provider. 25 seconds at most.
    ///
    /// # Errors
    /// [`Error::OAuth2`] where the provider does not do it: then the tokens are kept. [`Error::Token`] for the
    /// record; [`Error::Config`] where there is no such target, or none that logs in so.
    pub fn revoke(&self, name: &str, here_only: bool, by: &str) -> Result<Revoked, Error> {
        let deadline = Deadline::after(CALL_BUDGET);
        let account = self.of_target(name)?.account;
        if account.identity.app_only {
            let reason = "is a target without authorization by a user (app-only)";
            return Err(Parameter::new("name", reason)
                .fix("delete the client secret or key at the provider instead")
                .into());
        }
        let trip = Trip::new(&self.host);
        let end = deadline.at_most(oauth2::BUDGET);
        let at_provider =
            self.keeper()
                .revoke(&account, by, deadline, |token| match here_only {
                    true => Ok(false),
                    false => oauth2::revoke(&trip, &account, token, end),
                })?;
        Ok(Revoked {
            at_provider,
            warning: (!at_provider).then(|| left_to_do(&account.provider.name)),
        })
    }
}

/// What only a person can do.
fn left_to_do(provider: &str) -> Message {
    let message = Message::new("the provider was not told: it still accepts the refresh token");
    match provider {
        MICROSOFT => message.fix(
            "mailbox owner: revoke the application under \"My Apps\"; or delete its client secret in Entra",
        ),
        _ => message.fix("revoke the application on the account page of the provider"),
    }
}
