//! What a provider takes from one mailbox, kept by all processes of this machine together: so many
//! connections at once, so many mails in a minute.
//!
//! A connection holds the lock of one of as many files; a holder's death frees it. One more file has
//! the moments of the last mails by the clock that only a restart sets back. Its lock is asked for
//! last, and nothing is waited for while it is held. What cannot be counted is sent nevertheless: the
//! server has the last word anyway.

mod minute;

use std::cell::RefCell;
use std::io;
use std::path::PathBuf;
use std::thread;
use std::time::Duration;

use super::Try;
use crate::cause::Cause;
use crate::deadline::Ends;
use crate::disk::{Disk, OwnersDisk, SystemDisk};
use crate::flock::FileLock;
use crate::message::Message;
use crate::oauth2::{Account, Limits};
use crate::outcome::{Failure, Outcome};
use crate::owner::Owner;
use crate::{Clock, Deadline, Host, token};
use minute::Minute;

/// Pauses between looks for a free connection: from this, doubled each time, to this.
const PAUSES: (Duration, Duration) = (Duration::from_millis(10), Duration::from_millis(200));
/// Nobody waits until less than this is left for the conversation.
const CONVERSATION: Duration = Duration::from_secs(5);
/// When to try again if all connections were in use: most conversations have ended by then.
const AGAIN: Duration = Duration::from_secs(10);

/// The limits of one mailbox.
pub(super) struct Pace<'a> {
    limits: Limits,
    provider: String,
    login: String,
    dir: PathBuf,
    owner: Option<Owner>,
    key: String,
    clock: &'a dyn Clock,
    /// Why it is not known how much was sent.
    fault: RefCell<Option<String>>,
}

/// Leave for one conversation, until it is dropped.
struct Leave {
    _connection: FileLock,
    minute: Minute,
    /// When it was given, as the minute's file has it.
    moment: u64,
}

/// What there is too much of.
#[derive(Clone, Copy)]
enum Full {
    Connections,
    /// The next mail may go after this pause.
    Minute(Duration),
}

impl<'a> Pace<'a> {
    /// The limits of this mailbox; `None` if its provider is not known to have any.
    pub(super) fn of(host: &Host, account: &Account, clock: &'a dyn Clock) -> Option<Self> {
        let login = account.identity.login.to_lowercase();
        let provider = account.identity.provider.clone();
        Some(Self {
            limits: account.provider.limits?,
            dir: host.run_dir().join("smtp"),
            owner: host.owner(),
            key: token::hash(&(&provider, &login)),
            provider,
            login,
            clock,
            fault: RefCell::new(None),
        })
    }

    /// Why the limits could not be kept, if so.
    pub(super) fn warning(&self) -> Option<String> {
        let fault = self.fault.borrow();
        fault.as_ref().map(|fault| {
            format!(
                "the rate limits of {} for {} are not kept: {fault}; make {} writable",
                self.provider,
                self.login,
                self.dir.display()
            )
        })
    }

    /// The ends of a conversation that begins now. One that had to wait for its turn leaves no time to a
    /// second try, which would have to wait again.
    pub(super) fn ends(this: Try) -> Ends {
        if this.whole().left() < Some(CONVERSATION * 2) {
            this.whole().into()
        } else {
            this.into()
        }
    }

    /// Runs a conversation once the limits allow it. One that failed counts as no mail.
    pub(super) fn run<T, E>(
        &self,
        deadline: Deadline,
        conversation: impl FnOnce() -> Result<T, E>,
    ) -> Result<Result<T, E>, Outcome> {
        let leave = self.leave(deadline)?;
        let result = conversation();
        if let (Err(_), Some(leave)) = (&result, leave) {
            let deadline = deadline.at_most(minute::WAIT);
            // one mail too many is remembered then: harmless
            let _ = leave.minute.take_back(leave.moment, deadline);
        }
        Ok(result)
    }

    /// Waits for leave as long as the deadline allows; none is needed where nothing can be counted.
    fn leave(&self, deadline: Deadline) -> Result<Option<Leave>, Outcome> {
        let mut pause = PAUSES.0;
        loop {
            let full = match self.try_leave(deadline) {
                Ok(Ok(leave)) => return Ok(Some(leave)),
                Ok(Err(full)) => full,
                Err(fault) => {
                    *self.fault.borrow_mut() = Some(fault.to_string());
                    return Ok(None);
                }
            };
            let wait = match full {
                Full::Connections => pause,
                Full::Minute(wait) => wait,
            };
            let left = deadline.left().unwrap_or_default();
            if left < wait + CONVERSATION {
                return Err(self.outcome(full));
            }
            thread::sleep(wait);
            pause = (pause * 2).min(PAUSES.1);
        }
    }

    fn try_leave(&self, deadline: Deadline) -> io::Result<Result<Leave, Full>> {
        OwnersDisk::new(&SystemDisk, self.owner).make_dir(&self.dir)?;
        let path = |what: &str| self.dir.join(format!("{}.{what}", self.key));
        for number in 1..=self.limits.connections {
            let Some(connection) = FileLock::take(&path(&number.to_string()), self.owner)? else {
                continue;
            };
            let minute = Minute::new(path("minute"), self.owner, self.limits.mails_a_minute);
            let taken = minute.take(self.clock, deadline.at_most(minute::WAIT))?;
            return Ok(match taken {
                Ok(moment) => Ok(Leave {
                    _connection: connection,
                    minute,
                    moment,
                }),
                Err(wait) => Err(Full::Minute(wait)),
            });
        }
        Ok(Err(Full::Connections))
    }

    fn outcome(&self, full: Full) -> Outcome {
        let Limits {
            connections,
            mails_a_minute,
        } = self.limits;
        let (provider, login) = (&self.provider, &self.login);
        let (limit, pause) = match full {
            Full::Connections => (format!("{connections} connections"), AGAIN),
            Full::Minute(pause) => (format!("{mails_a_minute} mails/min"), pause),
        };
        let why = format!("rate limit of {provider} reached for {login} ({limit}); not sent");
        let why = Message::new(why)
            .fix("send fewer notifications (matchers), or use a second mailbox if this lasts");
        let failure = Failure::new(Cause::Pausing, why);
        failure.pause(Some(pause)).outcome()
    }
}

#[cfg(test)]
mod tests;
