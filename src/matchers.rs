//! Matchers.

#[perlmod::package(name = "PVE::RS::Notify", part)]
pub mod export {
    use notify::config::{Kind, MatcherSettings};

    use crate::exception::Exception;
    use crate::object::Object;
    use crate::shown::{All, One};

    /// All matchers.
    #[export]
    pub fn get_matchers(#[try_from_ref] this: &Object) -> All {
        All::of(this, Kind::Matcher)
    }

    /// One matcher; 404 if there is none of this name.
    #[export(serialize_error)]
    pub fn get_matcher(#[try_from_ref] this: &Object, name: String) -> Result<One, Exception> {
        One::of(this, Kind::Matcher, name)
    }

    /// Adds a matcher.
    #[export(serialize_error)]
    #[allow(clippy::too_many_arguments)]
    pub fn add_matcher(
        #[try_from_ref] this: &Object,
        name: &str,
        target: Option<Vec<String>>,
        match_severity: Option<Vec<String>>,
        match_field: Option<Vec<String>>,
        match_calendar: Option<Vec<String>>,
        mode: Option<String>,
        invert_match: Option<bool>,
        comment: Option<String>,
        disable: Option<bool>,
    ) -> Result<(), Exception> {
        let settings = MatcherSettings {
            target,
            match_severity,
            match_field,
            match_calendar,
            mode,
            invert_match,
            comment,
            disable,
        };
        Ok(this.add(name, settings)?)
    }

    /// Changes a matcher: removes the settings named in `delete`, then takes over those given.
    #[export(serialize_error)]
    #[allow(clippy::too_many_arguments)]
    pub fn update_matcher(
        #[try_from_ref] this: &Object,
        name: &str,
        target: Option<Vec<String>>,
        match_severity: Option<Vec<String>>,
        match_field: Option<Vec<String>>,
        match_calendar: Option<Vec<String>>,
        mode: Option<String>,
        invert_match: Option<bool>,
        comment: Option<String>,
        disable: Option<bool>,
        delete: Option<Vec<String>>,
        digest: Option<&str>,
    ) -> Result<(), Exception> {
        let settings = MatcherSettings {
            target,
            match_severity,
            match_field,
            match_calendar,
            mode,
            invert_match,
            comment,
            disable,
        };
        Ok(this.update(name, settings, &delete.unwrap_or_default(), digest)?)
    }

    /// Deletes a matcher; a builtin one comes back at the next reading.
    #[export(serialize_error)]
    pub fn delete_matcher(#[try_from_ref] this: &Object, name: &str) -> Result<(), Exception> {
        Ok(this.delete(Kind::Matcher, name)?)
    }
}
