//! A consent on another device: begun here, asked about until the person is done.

use serde::Serialize;

use super::authorize::{Consenting, Resolved, of_call, target_of};
use super::redeem::{Redeemed, check_name, check_unchanged, consenting};
use super::{CALL_BUDGET, Service};
use crate::net::Trip;
use crate::oauth2::{self, Account, Polled, check_device, device};
use crate::pending::{Pending, Waiting, What};
use crate::{Deadline, Error, Parameter, Secret, random, secret, state};

/// The name of the parameter that tells one from another.
const ID: &str = "id";

/// A consent on another device that has begun.
#[derive(Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct DeviceAuthorization {
    /// What the questions are asked with; not the provider's device code.
    #[serde(serialize_with = "secret::exposed")]
    pub id: Secret,
    /// What the person enters.
    pub user_code: String,
    /// Where.
    pub verification_uri: String,
    /// The same with the code in it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub verification_uri_complete: Option<String>,
    /// When it ends, in seconds since the epoch.
    pub expires: i64,
    /// Seconds until the first question, and between two.
    pub interval: u32,
}

/// What a question comes to.
#[derive(Debug)]
pub enum Answered {
    /// The person is not done; so many seconds until the next question.
    Pending(u32),
    /// It is done.
    Done(Box<Redeemed>),
}

impl Service {
    /// Asks the provider for a code that a person enters on another device. 25 seconds at most.
    ///
    /// # Errors
    /// As [`Service::authorize`]; [`Error::OAuth2`] for a provider that has no such codes, or refuses.
    pub fn authorize_device(
        &self,
        consenting: &Consenting,
        client_secret: Option<Secret>,
        by: &str,
    ) -> Result<DeviceAuthorization, Error> {
        let deadline = Deadline::after(CALL_BUDGET);
        let resolved = self.resolve(consenting)?.with_secret(client_secret);
        let account = &resolved.account;
        check_device(account).map_err(|error| of_call(error, consenting))?;
        let pending = Pending::new(&self.host);
        let of = (account.identity.clone(), resolved.application.clone());
        let target = target_of(consenting, account);
        let room = |until, what| Waiting::new(by, until, target.clone(), of.clone(), what);
        let nothing = What::Device {
            device_code: Secret::new(""),
            interval: 0,
            next: 0,
        };
        pending.prove_room(&room(pending.end(), nothing), deadline)?;
        let trip = Trip::new(&self.host);
        let begun = device::begin(&trip, account, deadline.at_most(device::ASK))
            .map_err(|error| of_call(error, consenting))?;
        let id = random::value().map_err(|_| state::Error::Random)?;
        let expires = pending.end_after(begun.expires_in.into());
        let what = What::Device {
            device_code: begun.device_code,
            interval: begun.interval,
            next: after(pending.now(), begun.interval),
        };
        pending.put(&id, &room(expires, what), deadline)?;
        Ok(DeviceAuthorization {
            id,
            user_code: begun.user_code,
            verification_uri: begun.verification_uri,
            verification_uri_complete: begun.verification_uri_complete,
            expires,
            interval: begun.interval,
        })
    }

    /// Asks whether the person is done, unless that was asked too short a time ago. Then it goes as with
    /// [`Service::redeem`]. 25 seconds at most.
    ///
    /// # Errors
    /// As [`Service::redeem`]. Where the provider says that nothing will come of it, `id` is used up.
    pub fn poll_device(
        &self,
        id: &Secret,
        name: Option<&str>,
        client_secret: Option<Secret>,
        by: &str,
    ) -> Result<Answered, Error> {
        let deadline = Deadline::after(CALL_BUDGET);
        let pending = Pending::new(&self.host);
        let waiting = pending.look(ID, id, by)?;
        check_name(name, &waiting)?;
        let consenting = consenting(&waiting);
        let resolved = self.resolve(&consenting)?.with_secret(client_secret);
        check_unchanged(ID, &resolved, &waiting)?;
        // another call that comes meanwhile finds that it was asked
        let now = pending.now();
        let mut due = false;
        let waiting =
            pending.change((ID, id), by, deadline, |waiting| match &mut waiting.what {
                What::Device { interval, next, .. } => {
                    due = now >= *next;
                    if due {
                        *next = after(now, *interval);
                    }
                    due
                }
                _ => false,
            })?;
        let What::Device {
            device_code,
            interval,
            next,
        } = &waiting.what
        else {
            return Err(Parameter::new(ID, "is not of a device code").into());
        };
        if !due {
            let left = u32::try_from(next.saturating_sub(now)).unwrap_or(*interval);
            return Ok(Answered::Pending(left));
        }
        if let Some(name) = name {
            self.keeper().prove(name, deadline)?;
        }
        pending.prove(&waiting)?;
        let account: &Account = &resolved.account;
        let trip = Trip::new(&self.host);
        let end = deadline.at_most(device::ASK);
        match device::poll(&trip, account, (device_code, *interval), end) {
            Ok(Polled::Pending(pause)) => {
                if pause != *interval {
                    pending.change((ID, id), by, deadline, |waiting| {
                        slower(waiting, pause, now)
                    })?;
                }
                Ok(Answered::Pending(pause))
            }
            Ok(Polled::Granted(consented)) => {
                let taken = pending.take(ID, id, by)?;
                self.settle(&resolved, taken, (*consented, name), by, (&trip, deadline))
                    .map(|redeemed| Answered::Done(Box::new(redeemed)))
            }
            Err(error) => {
                if error.is_final() {
                    let _ = pending.cancel(id, by, deadline);
                }
                Err(of_call(error, &consenting).into())
            }
        }
    }

    /// Ends a consent on another device of this user: nobody goes on with it. One that the person has given
    /// meanwhile is taken back: whether the provider has a way for that, and none where nothing was given.
    /// 25 seconds at most.
    ///
    /// # Errors
    /// As [`Service::poll_device`].
    pub fn cancel_device(
        &self,
        id: &Secret,
        client_secret: Option<Secret>,
        by: &str,
    ) -> Result<Option<bool>, Error> {
        let deadline = Deadline::after(CALL_BUDGET);
        let taken = Pending::new(&self.host).take(ID, id, by)?;
        let What::Device { device_code, .. } = &taken.waiting.what else {
            return Err(Parameter::new(ID, "is not of a device code").into());
        };
        let resolved = self.resolve(&consenting(&taken.waiting))?;
        let account = resolved.with_secret(client_secret).account;
        let trip = Trip::new(&self.host);
        let end = deadline.at_most(device::ASK);
        match device::poll(&trip, &account, (device_code, 0), end) {
            Ok(Polled::Granted(consented)) => {
                let end = deadline.at_most(oauth2::BUDGET);
                let is_back = oauth2::revoke(&trip, &account, &consented.refresh_token, end)?;
                Ok(Some(is_back))
            }
            // nothing comes of it
            Ok(Polled::Pending(_)) | Err(_) => Ok(None),
        }
    }
}

/// So many seconds later, counted from the end of this one: nobody asks too early by a part of a second.
fn after(now: i64, seconds: u32) -> i64 {
    now.saturating_add(i64::from(seconds) + 1)
}

/// The provider asks for more time between two questions.
fn slower(waiting: &mut Waiting, pause: u32, now: i64) -> bool {
    if let What::Device { interval, next, .. } = &mut waiting.what {
        *interval = pause;
        *next = after(now, pause);
    }
    true
}

impl Resolved {
    /// The same with the secret of an application that is no target's yet.
    pub(super) fn with_secret(mut self, secret: Option<Secret>) -> Self {
        if let (true, Some(secret)) = (self.account.target.is_empty(), secret) {
            self.account.client_secret = secret;
        }
        self
    }
}
