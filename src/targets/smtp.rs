//! SMTP targets. What Proxmox VE 9.2 does not know comes in one hash behind its own parameters.

#[perlmod::package(name = "PVE::RS::Notify", part)]
pub mod export {
    use notify::Secret;
    use notify::config::{Kind, SmtpMode, SmtpSettings};
    use serde::Deserialize;

    use crate::fault::Fault;
    use crate::object::{All, Object, One};

    /// The trailing hash.
    #[derive(Default, Deserialize)]
    #[serde(rename_all = "kebab-case", deny_unknown_fields)]
    pub struct More {
        auth_method: Option<String>,
        oauth2_client_id: Option<String>,
        oauth2_client_secret: Option<Secret>,
        oauth2_tenant_id: Option<String>,
        oauth2_cloud: Option<String>,
    }

    impl More {
        /// These settings and no others.
        fn settings(self) -> SmtpSettings {
            SmtpSettings {
                auth_method: self.auth_method,
                oauth2_client_id: self.oauth2_client_id,
                oauth2_client_secret: self.oauth2_client_secret,
                oauth2_tenant_id: self.oauth2_tenant_id,
                oauth2_cloud: self.oauth2_cloud,
                ..SmtpSettings::default()
            }
        }
    }

    /// All targets of this kind.
    #[export]
    pub fn get_smtp_endpoints(#[try_from_ref] this: &Object) -> All {
        this.all(Kind::Smtp)
    }

    /// One target; 404 if there is none of this name.
    #[export(serialize_error)]
    pub fn get_smtp_endpoint(#[try_from_ref] this: &Object, name: String) -> Result<One, Fault> {
        this.one(Kind::Smtp, name)
    }

    /// Adds a target.
    #[export(alias = "add_smtp", serialize_error)]
    #[allow(clippy::too_many_arguments)]
    pub fn add_smtp_endpoint(
        #[try_from_ref] this: &Object,
        name: &str,
        server: String,
        port: Option<u16>,
        mode: Option<SmtpMode>,
        username: Option<String>,
        password: Option<Secret>,
        mailto: Option<Vec<String>>,
        mailto_user: Option<Vec<String>>,
        from_address: String,
        author: Option<String>,
        comment: Option<String>,
        disable: Option<bool>,
        more: Option<More>,
    ) -> Result<(), Fault> {
        let settings = SmtpSettings {
            server: Some(server),
            port,
            mode,
            username,
            password,
            mailto,
            mailto_user,
            from_address: Some(from_address),
            author,
            comment,
            disable,
            ..more.unwrap_or_default().settings()
        };
        this.add(name, settings)
    }

    /// Changes a target: removes the settings named in `delete`, then takes over those given.
    #[export(alias = "update_smtp", serialize_error)]
    #[allow(clippy::too_many_arguments)]
    pub fn update_smtp_endpoint(
        #[try_from_ref] this: &Object,
        name: &str,
        server: Option<String>,
        port: Option<u16>,
        mode: Option<SmtpMode>,
        username: Option<String>,
        password: Option<Secret>,
        mailto: Option<Vec<String>>,
        mailto_user: Option<Vec<String>>,
        from_address: Option<String>,
        author: Option<String>,
        comment: Option<String>,
        disable: Option<bool>,
        delete: Option<Vec<String>>,
        digest: Option<&str>,
        more: Option<More>,
    ) -> Result<(), Fault> {
        let settings = SmtpSettings {
            server,
            port,
            mode,
            username,
            password,
            mailto,
            mailto_user,
            from_address,
            author,
            comment,
            disable,
            ..more.unwrap_or_default().settings()
        };
        this.update(name, settings, delete, digest)
    }

    /// Deletes a target that no matcher uses.
    #[export(serialize_error)]
    pub fn delete_smtp_endpoint(#[try_from_ref] this: &Object, name: &str) -> Result<(), Fault> {
        this.delete(Kind::Smtp, name)
    }
}
