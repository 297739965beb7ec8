//! What mail servers say to a target's tokens: that mail was sent, and that the login was refused.

use super::refresh::trouble;
use super::{Error, Keeper};
use crate::oauth2::Account;
use crate::state::{Record, Refused, Standing, Told, Trouble};
use crate::{Deadline, smtp};

/// A sending is put down so often at most, and the same refusal too, in seconds.
const OFTEN: i64 = 3600;

impl Keeper<'_> {
    /// Puts down that mail was sent, to the hour; a refusal of before is over.
    ///
    /// # Errors
    /// [`Error::State`].
    pub fn sent(&self, account: &Account, deadline: Deadline) -> Result<(), Error> {
        let is_news = |record: &Record, now: i64| {
            // a record of before takes over which server it is for
            record.peer.is_none() || record.refused.is_some() || !is_recent(record.sent, now)
        };
        self.note_mail(account, "send", deadline, is_news, |record, now| {
            record.sent = Some(now);
            record.peer.get_or_insert_with(|| account.peer.clone());
            forget_refusal(record);
        })
    }

    /// Puts down that the server has accepted the login, whatever became of the mail: a refusal of before
    /// is over.
    ///
    /// # Errors
    /// [`Error::State`].
    pub fn logged_in(&self, account: &Account, deadline: Deadline) -> Result<(), Error> {
        let is_news = |record: &Record, _| record.refused.is_some();
        self.note_mail(account, "login", deadline, is_news, |record, _| {
            forget_refusal(record);
        })
    }

    /// Puts down that the server has refused the login for good, unless it does so all the time.
    ///
    /// # Errors
    /// [`Error::State`].
    pub fn refused(
        &self,
        account: &Account,
        refusal: &smtp::Error,
        deadline: Deadline,
    ) -> Result<(), Error> {
        let message = refusal.message();
        let is = Some(format!("{:?}", refusal.cause()));
        let is_news = |record: &Record, now: i64| {
            record
                .refused
                .as_ref()
                .is_none_or(|Refused { trouble, .. }| {
                    trouble.is != is || !is_recent(Some(trouble.at), now)
                })
        };
        self.note_mail(account, "refusal", deadline, is_news, |record, now| {
            record.refused = Some(Refused {
                standing: if refusal.is_of_old_token() {
                    Standing::Failing
                } else {
                    Standing::Misconfigured
                },
                trouble: Trouble {
                    is: is.clone(),
                    ..trouble(refusal.code(), &message, now)
                },
                ..Refused::default()
            });
        })
    }

    /// Reads first, so that most mails need no lock.
    fn note_mail(
        &self,
        account: &Account,
        why: &str,
        deadline: Deadline,
        is_news: impl Fn(&Record, i64) -> bool,
        note: impl FnOnce(&mut Record, i64),
    ) -> Result<(), Error> {
        let target = account.target.as_str();
        match self.store().read(target)? {
            Some(record) if is_news(&record, self.clock.now()) => {
                self.change(target, why, "delivery", deadline, |record, now| {
                    let is_news = is_news(record, now);
                    if is_news {
                        note(record, now);
                    }
                    is_news
                })
            }
            _ => Ok(()),
        }
    }
}

fn forget_refusal(record: &mut Record) {
    if record.refused.take().is_some() && record.standing == Standing::Usable {
        record.told = Told::default();
    }
}

fn is_recent(moment: Option<i64>, now: i64) -> bool {
    let age = moment.map(|moment| now.saturating_sub(moment));
    age.is_some_and(|age| (0..OFTEN).contains(&age))
}
