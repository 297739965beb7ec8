//! The tokens of OAuth2 targets: kept alive, looked at, and changed with their targets.

#[perlmod::package(name = "PVE::RS::Notify", part)]
pub mod export {
    use std::collections::BTreeMap;
    use std::time::Duration;

    use notify::config::{Config, Entity, Kind};
    use notify::deliver::{Level, LogLine};
    use notify::oauth2::Account;
    use notify::token::{BUDGET, Keeper};
    use notify::upkeep::{self, Health};
    use notify::{Deadline, Host};
    use serde::Serialize;

    use crate::fault::Fault;
    use crate::object::{Grant, Object};
    use crate::send::export::{TOKENS, with_sender};

    /// The longest run over all targets.
    const LONGEST_RUN: Duration = Duration::from_secs(600);
    /// How long telling of what has failed may take.
    const ALERT_BUDGET: Duration = Duration::from_secs(60);

    /// What a run did.
    #[derive(Serialize)]
    pub struct Run {
        targets: Vec<Kept>,
        log: Vec<LogLine>,
    }

    /// What it did for one target.
    #[derive(Serialize)]
    pub struct Kept {
        target: String,
        /// Whether the provider was asked and has answered well.
        refreshed: bool,
        #[serde(skip_serializing_if = "Option::is_none")]
        error: Option<String>,
        health: Health,
    }

    fn keeper(host: &Host) -> Keeper<'_> {
        Keeper::new(host, &TOKENS)
    }

    /// Uses every grant that would end unused and tries every failed one again, each by itself; then
    /// tells the admins, over the other targets, of those that have stopped working, and removes what
    /// is kept of targets that are gone for a month. Returns `{ targets, log }`. Takes up to 25 s for
    /// each target, 600 s in all, 60 s for the telling and 25 s for the removing.
    #[export]
    pub fn refresh_oauth2_state(#[try_from_ref] this: &Object) -> Run {
        let config = this.config();
        let keeper = keeper(this.host());
        let targets = upkeep::targets(this.host(), &config);
        let deadline = Deadline::after(LONGEST_RUN);
        let reports = upkeep::run(&keeper, targets, deadline);
        let mut health: BTreeMap<_, _> = upkeep::targets(this.host(), &config)
            .iter()
            .map(|target| (target.name.clone(), keeper.health(target)))
            .collect();
        let unsettled = keeper.unsettled(health.values());
        let alerts = with_sender(this.host(), |sender| {
            let deadline = Deadline::after(ALERT_BUDGET);
            sender.alert(&config, Some(&unsettled), deadline)
        });
        let targets = reports.into_iter().filter_map(|report| {
            Some(Kept {
                refreshed: matches!(report.result, Ok(true)),
                error: report.result.err().map(|error| error.to_string()),
                health: health.remove(&report.target)?,
                target: report.target,
            })
        });
        let targets = targets.collect();
        let mut log = alerts.log;
        log.extend(swept(&keeper, &config));
        Run { targets, log }
    }

    /// Removes what has been left of targets that are gone.
    fn swept(keeper: &Keeper<'_>, config: &Config) -> Vec<LogLine> {
        let line = |swept| match swept {
            Ok(name) => LogLine {
                level: Level::Info,
                text: format!("removed what was kept of target '{name}': it is gone for a month"),
            },
            Err(error) => LogLine {
                level: Level::Warning,
                text: notify::Error::to_string(&error),
            },
        };
        let swept = upkeep::sweep(keeper, config, Deadline::after(BUDGET));
        swept.into_iter().map(line).collect()
    }

    /// How things stand with every target that logs in with OAuth2, by name. Asks nobody.
    #[export]
    pub fn get_oauth2_status(#[try_from_ref] this: &Object) -> BTreeMap<String, Health> {
        let keeper = keeper(this.host());
        let targets = upkeep::targets(this.host(), &this.config());
        let status = targets
            .iter()
            .map(|target| (target.name.clone(), keeper.health(target)));
        status.collect()
    }

    /// Does to the grants what the changes of their targets mean: to be called by a user's name once
    /// the files are written, without their lock. Takes up to 25 s.
    #[export(serialize_error)]
    pub fn apply_oauth2_changes(#[try_from_ref] this: &Object, by: &str) -> Result<(), Fault> {
        let deadline = Deadline::after(BUDGET);
        let mut result = Ok(());
        for grant in this.take_grants() {
            let done = apply(this, grant, by, deadline);
            result = result.and(done);
        }
        Ok(result?)
    }

    fn account(this: &Object, target: &str) -> Result<Option<Account>, notify::Error> {
        match this.config().get(Kind::Smtp, target)? {
            Entity::Smtp(smtp) => Account::of(this.host(), smtp),
            _ => Ok(None),
        }
    }

    fn apply(
        this: &Object,
        grant: Grant,
        by: &str,
        deadline: Deadline,
    ) -> Result<(), notify::Error> {
        let keeper = keeper(this.host());
        match grant {
            Grant::Given(target, token) => match account(this, &target)? {
                Some(account) => keeper.consent(&account, &token, by, deadline),
                None => Ok(()),
            },
            Grant::Outdated(target) if keeper.keeps(&target) => {
                let reason = "the target's server, provider, application or login was changed";
                keeper.set_aside(&target, reason, by, deadline)
            }
            // settings that lack something else are none of this
            Grant::Renewed(target) if keeper.keeps(&target) => match account(this, &target) {
                Ok(Some(account)) if account.identity.app_only => {
                    keeper.accept(&account, by, deadline)
                }
                _ => Ok(()),
            },
            Grant::Gone(target) if keeper.keeps(&target) => keeper.forget(&target, deadline),
            Grant::Outdated(_) | Grant::Renewed(_) | Grant::Gone(_) => Ok(()),
        }
    }
}
