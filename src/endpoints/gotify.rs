//! Gotify targets.

#[perlmod::package(name = "PVE::RS::Notify", part)]
pub mod export {
    use notify::Secret;
    use notify::config::{GotifySettings, Kind};

    use crate::exception::Exception;
    use crate::object::Object;
    use crate::shown::{All, One};

    /// All targets of this kind.
    #[export]
    pub fn get_gotify_endpoints(#[try_from_ref] this: &Object) -> All {
        All::of(this, Kind::Gotify)
    }

    /// One target; 404 if there is none of this name.
    #[export(serialize_error)]
    pub fn get_gotify_endpoint(
        #[try_from_ref] this: &Object,
        name: String,
    ) -> Result<One, Exception> {
        One::of(this, Kind::Gotify, name)
    }

    /// Adds a target.
    #[export(alias = "add_gotify", serialize_error)]
    #[allow(clippy::too_many_arguments)]
    pub fn add_gotify_endpoint(
        #[try_from_ref] this: &Object,
        name: &str,
        server: String,
        token: Secret,
        comment: Option<String>,
        disable: Option<bool>,
    ) -> Result<(), Exception> {
        let settings = GotifySettings {
            server: Some(server),
            token: Some(token),
            comment,
            disable,
        };
        Ok(this.add(name, settings)?)
    }

    /// Changes a target: removes the settings named in `delete`, then takes over those given.
    #[export(alias = "update_gotify", serialize_error)]
    #[allow(clippy::too_many_arguments)]
    pub fn update_gotify_endpoint(
        #[try_from_ref] this: &Object,
        name: &str,
        server: Option<String>,
        token: Option<Secret>,
        comment: Option<String>,
        disable: Option<bool>,
        delete: Option<Vec<String>>,
        digest: Option<&str>,
    ) -> Result<(), Exception> {
        let settings = GotifySettings {
            server,
            token,
            comment,
            disable,
        };
        Ok(this.update(name, settings, &delete.unwrap_or_default(), digest)?)
    }

    /// Deletes a target that no matcher uses; a builtin one comes back at the next reading.
    #[export(serialize_error)]
    pub fn delete_gotify_endpoint(
        #[try_from_ref] this: &Object,
        name: &str,
    ) -> Result<(), Exception> {
        Ok(this.delete(Kind::Gotify, name)?)
    }
}
