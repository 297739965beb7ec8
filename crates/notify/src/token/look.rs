//! What a record says about a wish: a token, a reason to wait, or the need to ask the provider.

use super::error::Pause;
use super::objection::{has_new_secret, is_for_another_server};
use super::{AccessToken, Error, Keeper, record_of};
use crate::disk::Stamp;
use crate::hash::hmac;
use crate::hex::hex;
use crate::oauth2::{Account, CUSTOM, ClientAuth};
use crate::state::{Record, Standing};

/// A grant is used when it was not used for so long, in seconds: 20 h.
const IDLE: i64 = 20 * 3600;
/// The longest time that a provider may ask to be left alone, in seconds, and the longest that a
/// notification heeds: a mail that is not sent is lost.
pub(super) const LONGEST_WISH: i64 = 3600;
const LONGEST_WISH_FOR_MAIL: i64 = 300;
/// After a temporary failure a notification asks once the last try is so old, in seconds; what somebody
/// waits for, or what happens once a day, asks after the second of these.
const RETRY: i64 = super::RETRY as i64;
const RETRY_BY_WILL: i64 = 5;
/// A token is not renewed on request if it is younger, in seconds.
const YOUNG: i64 = 60;

/// What is wanted.
#[derive(Clone, Copy, Debug)]
pub(super) enum Want<'a> {
    /// A token that is good for a while.
    Token,
    /// Another token than this one.
    Newer(&'a AccessToken),
    /// That the grant does not end unused.
    Upkeep,
}

impl Want<'_> {
    pub(super) fn is_token(self) -> bool {
        matches!(self, Self::Token)
    }

    /// On whose behalf a record is changed.
    pub(super) fn by(self) -> &'static str {
        match self {
            Self::Token | Self::Newer(_) => "delivery",
            Self::Upkeep => "upkeep",
        }
    }
}

/// What can be done.
#[derive(Debug)]
pub(super) enum Look {
    /// This token.
    Token(AccessToken),
    /// Nothing is due.
    Rest,
    /// The provider must not be asked now; a token that still lives may be used.
    Wait {
        alive: Option<AccessToken>,
        error: Error,
    },
    /// The provider has to be asked.
    Ask { alive: Option<AccessToken> },
}

impl Keeper<'_> {
    /// Judges a record.
    pub(super) fn judge(
        &self,
        account: &Account,
        record: Option<&Record>,
        want: Want<'_>,
        stamp: Option<Stamp>,
    ) -> Look {
        let Some(record) = record else {
            return match (account.identity.app_only, want) {
                (true, Want::Upkeep) => Look::Rest,
                (true, _) => Look::Ask { alive: None },
                (false, _) => wait(self.no_grant(account)),
            };
        };
        let record = record_of(account, record);
        if let Some(error) = self.objection(account, record) {
            return wait(error);
        }
        if record.identity != account.identity || is_for_another_server(account, record) {
            return Look::Ask { alive: None };
        }
        let uptime = self.clock.uptime();
        let copy = self.own_copy(account, record);
        let alive = copy
            .as_ref()
            .filter(|copy| copy.is_alive(uptime))
            .map(super::age::LocalCopy::token);
        match want {
            Want::Token => {
                if let Some(copy) = copy.filter(|copy| copy.is_fresh(account, uptime)) {
                    self.remember(account, &copy, stamp);
                    return Look::Token(copy.token());
                }
            }
            Want::Newer(refused) if !refused.is_of(record) => {
                if let Some(token) = alive {
                    return Look::Token(token);
                }
            }
            Want::Newer(_) => {}
            Want::Upkeep if !is_due(record, self.clock.now()) => return Look::Rest,
            Want::Upkeep => {}
        }
        let alive = alive.filter(|_| want.is_token());
        match self.obstacle(account, record, want) {
            Some(error) => Look::Wait { alive, error },
            None => Look::Ask { alive },
        }
    }

    /// Why the provider must not be asked.
    fn obstacle(&self, account: &Account, record: &Record, want: Want<'_>) -> Option<Error> {
        let target = account.target.clone();
        let now = self.clock.now();
        if record.standing != Standing::Usable && !has_other_settings(account, record) {
            let last = record.trouble.clone().unwrap_or_default();
            if let Some(pause) = self.pause(record, want) {
                let reason = last.reason();
                return Some(match (pause, &record.standing) {
                    (Pause::Lasting, Standing::AuthorizeAgain) => Error::Ended { target, reason },
                    (pause, _) => Error::Waiting {
                        target,
                        pause,
                        last: Box::new(last),
                    },
                });
            }
        }
        let age = record.obtained.map(|moment| now.saturating_sub(moment));
        let young = age.is_some_and(|age| (0..YOUNG).contains(&age));
        (matches!(want, Want::Newer(_)) && young).then_some(Error::StillRefused { target })
    }

    /// Why the provider is left alone after a failure.
    fn pause(&self, record: &Record, want: Want<'_>) -> Option<Pause> {
        let now = self.clock.now();
        let left = |until: i64| u32::try_from(until.saturating_sub(now)).unwrap_or(0);
        let by_will = self.by_will || matches!(want, Want::Upkeep);
        let lasts = !record.may_pass
            && matches!(
                record.standing,
                Standing::AuthorizeAgain | Standing::Misconfigured
            );
        if lasts && !by_will {
            return Some(Pause::Lasting);
        }
        // one in the future, and a wish that is longer: a clock was set
        let tried = record.tried.filter(|tried| *tried <= now)?;
        let is_wish = |until: &i64| (1..=LONGEST_WISH).contains(&until.saturating_sub(now));
        if let Some(until) = record.wait_until.filter(is_wish) {
            let heeded = match by_will {
                true => until,
                false => until.min(tried.saturating_add(LONGEST_WISH_FOR_MAIL)),
            };
            if heeded > now {
                // the whole minute that it ends in
                let until = self.clock.local(until.saturating_add(59));
                let (hour, minute) = until.map_or((0, 0), |until| (until.hour, until.minute));
                return Some(Pause::Wished {
                    until: format!("{hour:02}:{minute:02}"),
                    seconds: left(heeded),
                });
            }
        }
        let retry = match by_will {
            true => RETRY_BY_WILL,
            false => RETRY,
        };
        let ago = now.saturating_sub(tried);
        (0..retry).contains(&ago).then(|| Pause::Recent {
            ago: u32::try_from(ago).unwrap_or(0),
            seconds: left(tried.saturating_add(retry)),
        })
    }

    pub(crate) fn no_grant(&self, account: &Account) -> Error {
        let unreadable = self.store().unreadable(&account.target);
        Error::NoGrant {
            target: account.target.clone(),
            unreadable: unreadable.unwrap_or_default().pop(),
        }
    }
}

/// Whether somebody has changed the settings since the last try.
fn has_other_settings(account: &Account, record: &Record) -> bool {
    has_new_secret(account, record)
        || record.client_auth.set != set_client_auth(account)
        || (!record.asked_scopes.is_empty() && record.asked_scopes != scopes(account))
}

fn wait(error: Error) -> Look {
    Look::Wait { alive: None, error }
}

/// Whether a grant should be used so that it does not end unused, or a retry is due.
pub(crate) fn is_due(record: &Record, now: i64) -> bool {
    let retry = match record.standing {
        Standing::Usable => false,
        Standing::Failing
        | Standing::Misconfigured
        | Standing::AuthorizeAgain
        | Standing::Later(_) => true,
    };
    let idle = match record.refreshed.max(record.consented) {
        // a moment in the future: a clock was set
        Some(moment) => !(-LONGEST_WISH..IDLE).contains(&now.saturating_sub(moment)),
        None => true,
    };
    retry || (idle && !record.identity.app_only)
}

/// How the settings say that the application logs in, where that can be set.
pub(super) fn set_client_auth(account: &Account) -> Option<String> {
    match account.provider.client_auth? {
        ClientAuth::Assertion(alg) => Some(format!("private-key-jwt {}", alg.name())),
        way if account.provider.name == CUSTOM => Some(way.name().to_owned()),
        _ => None,
    }
}

/// What tells the scopes that are asked for from others.
pub(super) fn scopes(account: &Account) -> String {
    let provider = &account.provider;
    super::hash(match account.identity.app_only {
        true => &provider.app_scopes,
        false => &provider.scopes,
    })
}

/// What tells the settings that a failure belongs to from others, without telling them.
pub(super) fn fingerprint(account: &Account, record: &Record) -> String {
    let tag = hmac(
        record.id.as_bytes(),
        account.client_secret.expose().as_bytes(),
    );
    hex(tag.get(..8).unwrap_or_default())
}
