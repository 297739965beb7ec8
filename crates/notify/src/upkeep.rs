//! The daily run: every grant that would end unused is used once, and every failed one tried again,
//! each separately. And how things stand with every target.

mod ending;
mod error;
mod run;
mod sweep;
mod told;

use std::cell::LazyCell;

use serde::Serialize;

use crate::advice::{AUTHORIZE, named};
use crate::clock::day_of;
use crate::config::{Config, Entity, Kind};
use crate::message::Message;
use crate::oauth2::{Account, Providers, is_key};
use crate::state::{self, Record, Standing, Told, Trouble};
use crate::token::{self, Keeper, is_due, record_of};
use crate::{Host, account};
pub(crate) use ending::Ending;
pub use error::Error;
pub use run::{Report, run};
pub use sweep::sweep;

/// So far the provider's clock may be from ours before a warning is due, in seconds.
const SKEW: u64 = 60;
const DAY: i64 = 86_400;

/// A target that logs in with OAuth2, and its account or what is wrong with its settings.
#[derive(Debug)]
pub struct Target {
    /// Its name.
    pub name: String,
    /// Its account.
    pub account: Result<Account, Error>,
    /// What the login would be for, and the parameter of its credential, where that was given for other settings.
    pub aside: Option<(Box<Account>, &'static str)>,
}

/// How things stand with a target.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Condition {
    /// Nothing has to be done.
    Ok,
    /// The provider was not asked for a token yet.
    Untested,
    /// The next daily run uses the grant.
    Due,
    /// The last refresh failed; a later one may succeed.
    Failing,
    /// A person has to consent again.
    AuthorizeAgain,
    /// Somebody has to mend the settings or the registration.
    Misconfigured,
}

impl Condition {
    /// Its cause and its fix, where nothing finer is known.
    fn in_words(self) -> (&'static str, &'static str) {
        match self {
            Self::Untested => (
                "the login was not tried yet",
                "send a test notification to the target",
            ),
            Self::Due => (
                "the login was not used for 20 hours",
                "refreshed automatically by the next daily run",
            ),
            Self::Ok | Self::Failing => (
                "the last refresh failed",
                "retried automatically with the next mail",
            ),
            Self::AuthorizeAgain => ("the authorization has ended", AUTHORIZE),
            Self::Misconfigured => (
                "the login is refused",
                "fix the settings, then send a test notification to the target",
            ),
        }
    }
}

/// How things stand with a target, since when, and what to do. Times are seconds since the epoch.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct Health {
    /// The target's name.
    pub name: String,
    /// How things stand.
    pub condition: Condition,
    /// When a person consented.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub consented: Option<i64>,
    /// When the provider last gave a token for the grant.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub last_refresh: Option<i64>,
    /// When mail was last sent, to the hour.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub last_send: Option<i64>,
    /// When the grant ends if it is not used before, where the provider says so.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub expected_end: Option<i64>,
    /// When the client secret, or the certificate of the key, ends, where that is known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub secret_expires: Option<i64>,
    /// Until when the provider asked to be left alone.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub retry_at: Option<i64>,
    /// The last error as one line, until something goes right.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub last_error: Option<String>,
    /// What happened then.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cause: Option<String>,
    /// When it happened.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub last_error_at: Option<i64>,
    /// What has to be done, and by whom.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cure: Option<String>,
    /// The other side's own words.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub details: Option<String>,
    /// Whether the last error is one line of an older version, with the other side's words in it.
    #[serde(skip)]
    pub(crate) is_one_line: bool,
    /// What the admins were told, as the record has it.
    #[serde(skip)]
    pub(crate) told: Option<Told>,
    /// What does no harm yet.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub warning: Option<String>,
    /// Its parts, one text each, without what will end.
    #[serde(skip)]
    warnings: Vec<String>,
    /// What will end.
    #[serde(skip)]
    pub(crate) endings: Vec<Ending>,
}

/// The targets of a configuration that log in with OAuth2.
#[must_use]
pub fn targets(host: &Host, config: &Config) -> Vec<Target> {
    targets_named(host, config, None)
}

/// Those of them that have one of these names, or all.
pub(crate) fn targets_named(host: &Host, config: &Config, only: Option<&[&str]>) -> Vec<Target> {
    let is_meant = |entity: &&Entity| only.is_none_or(|only| only.contains(&entity.name()));
    let providers = LazyCell::new(|| Providers::load(host));
    let of = |entity: &Entity| {
        let Entity::Smtp(smtp) = entity else {
            return None;
        };
        // settings that are torn must not be used, and secrets are not sent to the wrong place
        let account = match config.endpoint(&smtp.name) {
            Ok(_) => account::among(&providers, smtp)
                .map_err(Error::from)
                .transpose()?,
            Err(_) if matches!(smtp.auth_method.as_deref(), None | Some("plain")) => return None,
            Err(error) => Err(error.into()),
        };
        let name = smtp.name.clone();
        let credential = smtp.credential_aside().filter(|_| account.is_err());
        let aside = credential.and_then(|credential| {
            let account = account::without_secret(&providers, smtp).ok()??;
            Some((Box::new(account), credential))
        });
        Some(Target {
            name,
            account,
            aside,
        })
    };
    let entities = config.of_kind(Kind::Smtp);
    let entities = entities.into_iter().filter(is_meant);
    entities.filter_map(of).collect()
}

impl Keeper<'_> {
    /// How things stand with a target. Asks nobody and changes nothing.
    #[must_use]
    pub fn health(&self, target: &Target) -> Health {
        let health = run::alone(&target.name, || Ok(self.examine(target)));
        let health = health.unwrap_or_else(|error| {
            Health::new(&target.name).but(Condition::Failing, &error.message())
        });
        health.completed()
    }

    /// The same message with the setting that has put the client secret aside, where the record tells it.
    fn told_of_aside(
        &self,
        target: &Target,
        record: &Result<Option<Record>, state::Error>,
        message: Message,
    ) -> Message {
        let (Some((account, credential)), Ok(Some(record))) = (&target.aside, record) else {
            return message;
        };
        let Some(changed) = token::difference(account, record_of(account, record)) else {
            return message;
        };
        let setting = changed.setting().unwrap_or_default();
        message
            .fix(format!("set {setting} back, or set {credential} again"))
            .details(changed.message().details)
    }

    fn examine(&self, target: &Target) -> Health {
        let now = self.clock().now();
        let read = self.store().read(&target.name);
        let mut health = Health::new(&target.name);
        if let Ok(Some(record)) = &read {
            health.tell(record);
        }
        let account = match &target.account {
            Ok(account) => account,
            Err(error) => {
                let why = self.told_of_aside(target, &read, error.message());
                return health.but(Condition::Misconfigured, &why).since(&read);
            }
        };
        let record = read.as_ref().ok().cloned().flatten();
        let record = record.as_ref().map(|record| record_of(account, record));
        match read {
            Err(error @ state::Error::Corrupt { .. }) => {
                health.but(Condition::AuthorizeAgain, &error.message())
            }
            Err(error) => health.but(Condition::Failing, &error.message()),
            Ok(None) if account.identity.app_only => health.untested(),
            Ok(None) => {
                let error = self.no_grant(account);
                health.but(Condition::AuthorizeAgain, &error.message())
            }
            Ok(Some(record)) => match self.objection(account, record_of(account, &record)) {
                Some(error) => {
                    let condition = match error {
                        token::Error::ServerChanged { app_only: true, .. }
                        | token::Error::SettingsChanged { app_only: true, .. } => {
                            Condition::Misconfigured
                        }
                        _ => Condition::AuthorizeAgain,
                    };
                    health
                        .but(condition, &error.message())
                        .since(&Ok(Some(record)))
                }
                None => {
                    health.judge(record_of(account, &record), account, now);
                    health
                }
            },
        }
        .ending(account, record, now)
    }
}

impl Health {
    fn new(name: &str) -> Self {
        Self {
            name: name.to_owned(),
            condition: Condition::Ok,
            consented: None,
            last_refresh: None,
            last_send: None,
            expected_end: None,
            secret_expires: None,
            retry_at: None,
            last_error: None,
            last_error_at: None,
            cause: None,
            cure: None,
            details: None,
            is_one_line: false,
            told: None,
            warning: None,
            warnings: Vec::new(),
            endings: Vec::new(),
        }
    }

    fn but(mut self, condition: Condition, why: &Message) -> Self {
        self.condition = condition;
        self.last_error = Some(why.to_string());
        self.last_error_at = None;
        self.cause = Some(why.headline());
        self.cure.clone_from(&why.fix);
        self.details = why.shown_details();
        self.is_one_line = false;
        self
    }

    /// The same without the other side's words: for somebody who may not change the target.
    #[must_use]
    pub fn without_details(mut self) -> Self {
        if self.is_one_line {
            self.cause = Some(self.condition.in_words().0.to_owned());
        }
        if self.details.take().is_some() || self.is_one_line {
            let parts = [&self.cause, &self.cure].into_iter().flatten();
            let parts: Vec<&str> = parts.map(String::as_str).collect();
            self.last_error = Some(parts.join("; "));
        }
        self
    }

    /// What somebody should know who has just changed the settings.
    pub(crate) fn warning_of_change(&self) -> Option<String> {
        let error = self.last_error.as_ref()?;
        let about = format!("target '{}': ", self.name);
        let error = error.strip_prefix(&about).unwrap_or(error);
        Some(format!("{about}{error}"))
    }

    fn untested(mut self) -> Self {
        self.condition = Condition::Untested;
        self
    }

    /// A cause and a fix for each condition, where what went wrong had none.
    fn completed(mut self) -> Self {
        let endings = self.endings.iter().map(|ending| ending.message.to_string());
        let warnings: Vec<String> = self.warnings.iter().cloned().chain(endings).collect();
        self.warning = (!warnings.is_empty()).then(|| warnings.join("; "));
        if self.condition == Condition::Ok {
            return self;
        }
        let (cause, fix) = self.condition.in_words();
        let cause = self.last_error.as_deref().unwrap_or(cause);
        self.cause.get_or_insert_with(|| cause.to_owned());
        self.cure.get_or_insert_with(|| fix.to_owned());
        for text in [&mut self.cure, &mut self.last_error].into_iter().flatten() {
            *text = named(text, &self.name);
        }
        self
    }

    /// Since when the settings are others than those of the record, where it says so.
    fn since(mut self, record: &Result<Option<Record>, state::Error>) -> Self {
        if let Ok(Some(record)) = record {
            self.last_error_at = record.outdated;
        }
        self
    }

    fn blame(&mut self, trouble: &Trouble) {
        self.last_error = Some(trouble.message.clone());
        self.last_error_at = Some(trouble.at);
        self.cause.clone_from(&trouble.cause);
        self.cure.clone_from(&trouble.cure);
        self.details.clone_from(&trouble.details);
        self.is_one_line = trouble.cause.is_none();
    }

    fn tell(&mut self, record: &Record) {
        self.consented = record.consented;
        self.last_refresh = record.refreshed;
        self.last_send = record.sent;
        self.told = Some(record.told.clone());
        if let Some(trouble) = &record.trouble {
            self.blame(trouble);
        }
    }

    fn judge(&mut self, record: &Record, account: &Account, now: i64) {
        self.retry_at = record.wait_until.filter(|until| *until > now);
        self.condition = match &record.standing {
            Standing::Usable if is_due(record, now) => Condition::Due,
            Standing::Usable if record.refreshed.is_none() => Condition::Untested,
            Standing::Usable => Condition::Ok,
            Standing::Failing => Condition::Failing,
            Standing::Later(word) => {
                let word = word.escape_debug();
                if self.last_error.is_none() {
                    let cause =
                        format!("record written by a newer version (unknown state '{word}')");
                    let message = Message::new(cause).fix("update this node");
                    self.last_error = Some(message.to_string());
                    self.cause = Some(message.headline());
                    self.cure = message.fix;
                }
                Condition::Failing
            }
            Standing::Misconfigured => Condition::Misconfigured,
            Standing::AuthorizeAgain => Condition::AuthorizeAgain,
        };
        let is_usable = record.standing == Standing::Usable;
        if let (true, Some(refused)) = (is_usable, &record.refused) {
            self.condition = match refused.standing {
                Standing::Misconfigured => Condition::Misconfigured,
                _ => Condition::Failing,
            };
            self.blame(&refused.trouble);
        }
        let used = record.refreshed.max(record.consented);
        if let (Some(days), Some(used)) = (account.provider.idle_days, used) {
            let ends = self.condition != Condition::AuthorizeAgain && !account.identity.app_only;
            let life = i64::from(days) * DAY;
            self.expected_end = Some(used.saturating_add(life)).filter(|_| ends);
        }
        self.warnings.extend(clock_warning(record));
        self.warnings.extend(secret_warning(record, account));
    }

    /// The same with what will end.
    fn ending(mut self, account: &Account, record: Option<&Record>, now: i64) -> Self {
        self.secret_expires = ending::of_secret(account, record);
        let is_over = self.condition == Condition::AuthorizeAgain || account.identity.app_only;
        self.endings = ending::soon(account, record, (self.expected_end, is_over), now);
        let grant = record.and_then(ending::of_grant);
        if let Some(end) = grant.filter(|_| !is_over) {
            self.expected_end = self.expected_end.into_iter().chain([end]).min();
        }
        self
    }
}

fn secret_warning(record: &Record, account: &Account) -> Option<String> {
    let since = record.secret_refused?;
    record.previous_secret.as_ref()?;
    let (what, setting) = match is_key(&account.client_secret) {
        true => ("private key", "oauth2-client-key"),
        false => ("client secret", "oauth2-client-secret"),
    };
    Some(format!(
        "the provider refuses the {what} since {}, and the previous one is used; set {setting} again",
        day_of(since)
    ))
}

fn clock_warning(record: &Record) -> Option<String> {
    let skew = record.clock_skew?;
    let way = if skew > 0 { "behind" } else { "ahead of" };
    (skew.unsigned_abs() > SKEW).then(|| {
        format!(
            "the clock of {} is {} s {way} the provider's; check its time synchronization",
            record.obtained_by,
            skew.unsigned_abs()
        )
    })
}
