//! Sendmail targets.

#[perlmod::package(name = "PVE::RS::Notify", part)]
pub mod export {
    use notify::config::{Kind, SendmailSettings};

    use crate::exception::Exception;
    use crate::object::Object;
    use crate::shown::{All, One};

    /// All targets of this kind.
    #[export]
    pub fn get_sendmail_endpoints(#[try_from_ref] this: &Object) -> All {
        All::of(this, Kind::Sendmail)
    }

    /// One target; 404 if there is none of this name.
    #[export(serialize_error)]
    pub fn get_sendmail_endpoint(
        #[try_from_ref] this: &Object,
        name: String,
    ) -> Result<One, Exception> {
        One::of(this, Kind::Sendmail, name)
    }

    /// Adds a target.
    #[export(alias = "add_sendmail", serialize_error)]
    #[allow(clippy::too_many_arguments)]
    pub fn add_sendmail_endpoint(
        #[try_from_ref] this: &Object,
        name: &str,
        mailto: Option<Vec<String>>,
        mailto_user: Option<Vec<String>>,
        from_address: Option<String>,
        author: Option<String>,
        comment: Option<String>,
        disable: Option<bool>,
    ) -> Result<(), Exception> {
        let settings = SendmailSettings {
            mailto,
            mailto_user,
            from_address,
            author,
            comment,
            disable,
        };
        Ok(this.add(name, settings)?)
    }

    /// Changes a target: removes the settings named in `delete`, then takes over those given.
    #[export(alias = "update_sendmail", serialize_error)]
    #[allow(clippy::too_many_arguments)]
    pub fn update_sendmail_endpoint(
        #[try_from_ref] this: &Object,
        name: &str,
        mailto: Option<Vec<String>>,
        mailto_user: Option<Vec<String>>,
        from_address: Option<String>,
        author: Option<String>,
        comment: Option<String>,
        disable: Option<bool>,
        delete: Option<Vec<String>>,
        digest: Option<&str>,
    ) -> Result<(), Exception> {
        let settings = SendmailSettings {
            mailto,
            mailto_user,
            from_address,
            author,
            comment,
            disable,
        };
        Ok(this.update(name, settings, &delete.unwrap_or_default(), digest)?)
    }

    /// Deletes a target that no matcher uses; a builtin one comes back at the next reading.
    #[export(serialize_error)]
    pub fn delete_sendmail_endpoint(
        #[try_from_ref] this: &Object,
        name: &str,
    ) -> Result<(), Exception> {
        Ok(this.delete(Kind::Sendmail, name)?)
    }
}
