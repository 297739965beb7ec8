//! The tokens of OAuth2 targets: kept alive, looked at, and changed with their targets.

#[perlmod::package(name = "PVE::RS::Notify", part)]
pub mod export {
    use std::collections::BTreeMap;

    use notify::service::Run;
    use notify::upkeep::Health;

    use crate::exception::Exception;
    use crate::object::Object;

    /// Uses every grant that would end unused and tries every failed one again, each by itself; then
    /// tells the admins, over the other targets, of those that have stopped working, and removes what
    /// is kept of targets that are gone for a month. Returns `{ targets, log }`. Takes up to 25 s for
    /// each target, 600 s in all, 60 s for the telling and 25 s for the removing.
    #[export]
    pub fn refresh_oauth2_state(#[try_from_ref] this: &Object) -> Run {
        this.refresh()
    }

    /// How things stand with every target that logs in with OAuth2, by name; on demand without the words of
    /// the other side. Asks nobody.
    #[export]
    pub fn get_oauth2_status(
        #[try_from_ref] this: &Object,
        without_details: Option<bool>,
    ) -> BTreeMap<String, Health> {
        let status = this.status().into_iter();
        match without_details {
            Some(true) => status
                .map(|(name, health)| (name, health.without_details()))
                .collect(),
            _ => status.collect(),
        }
    }

    /// Does to the grants what the changes of their targets mean: to be called by a user's name once
    /// the files are written, without their lock. Returns a list of what he should know. Takes up to 25 s.
    #[export(serialize_error)]
    pub fn apply_oauth2_changes(
        #[try_from_ref] this: &Object,
        by: &str,
    ) -> Result<Vec<String>, Exception> {
        Ok(this.apply_changes(by)?)
    }

    /// Dies where the changes would show a secret to another host for which it was not entered again: for a
    /// caller who may not do that, before the files are written.
    #[export(serialize_error)]
    pub fn check_moved_secrets(#[try_from_ref] this: &Object) -> Result<(), Exception> {
        Ok(this.check_moved_secrets()?)
    }
}
