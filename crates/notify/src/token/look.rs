//! What a record says about a wish: a token, a reason to wait, or the need to ask the provider.

use super::objection::{has_new_secret, is_for_another_server};
use super::{AccessToken, Error, Keeper, record_of};
use crate::disk::Stamp;
use crate::hash::hmac;
use crate::hex::hex;
use crate::oauth2::Account;
use crate::state::{Record, Standing, Trouble};

/// A grant is used when it was not used for so long, in seconds: 20 h.
const IDLE: i64 = 20 * 3600;
/// The longest pause after a failure, in seconds.
pub(super) const LONGEST_PAUSE: i64 = 3600;
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
        let trouble = record.trouble.as_ref();
        let reason = || trouble.map(|trouble| trouble.message.clone());
        let renewed = account.identity.app_only && has_new_secret(account, record);
        if record.standing == Standing::AuthorizeAgain && !renewed {
            let reason = trouble.map(Trouble::reason).unwrap_or_default();
            return Some(Error::Ended { target, reason });
        }
        let mended = record.settings != fingerprint(account, record);
        let pause = record
            .retry_at
            .map_or(0, |moment| moment.saturating_sub(now));
        // a longer one is no pause of ours: a clock was set
        if !mended && (1..=LONGEST_PAUSE).contains(&pause) {
            return Some(Error::Waiting {
                target,
                seconds: u32::try_from(pause).unwrap_or(0),
                reason: reason().unwrap_or_default(),
                code: trouble.map_or(502, |trouble| trouble.code),
                refused: record.standing == Standing::Misconfigured,
            });
        }
        let age = record.obtained.map(|moment| now.saturating_sub(moment));
        let young = age.is_some_and(|age| (0..YOUNG).contains(&age));
        (matches!(want, Want::Newer(_)) && young).then_some(Error::StillRefused { target })
    }

    pub(crate) fn no_grant(&self, account: &Account) -> Error {
        let unreadable = self.store().unreadable(&account.target);
        Error::NoGrant {
            target: account.target.clone(),
            unreadable: unreadable.unwrap_or_default().pop(),
        }
    }
}

fn wait(error: Error) -> Look {
    Look::Wait { alive: None, error }
}

/// Whether a grant should be used so that it does not end unused, or a retry is due.
pub(crate) fn is_due(record: &Record, now: i64) -> bool {
    let retry = match record.standing {
        Standing::Usable => false,
        Standing::Failing | Standing::Misconfigured | Standing::Later(_) => true,
        Standing::AuthorizeAgain => return false,
    };
    let idle = match record.refreshed {
        // a moment in the future: a clock was set
        Some(moment) => !(-LONGEST_PAUSE..IDLE).contains(&now.saturating_sub(moment)),
        None => true,
    };
    retry || (idle && !record.identity.app_only)
}

/// What tells the settings that a failure belongs to from others, without telling them.
pub(super) fn fingerprint(account: &Account, record: &Record) -> String {
    let tag = hmac(
        record.id.as_bytes(),
        account.client_secret.expose().as_bytes(),
    );
    hex(tag.get(..8).unwrap_or_default())
}
