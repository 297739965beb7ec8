//! SMTP targets. What Proxmox VE 9.2 does not know comes in one hash behind its own parameters.

#[perlmod::package(name = "PVE::RS::Notify", part)]
pub mod export {
    use notify::Secret;
    use notify::config::{Kind, SmtpMode, SmtpSettings};
    use serde::Deserialize;

    use crate::exception::Exception;
    use crate::object::Object;
    use crate::shown::{All, One};

    /// The trailing hash.
    #[derive(Default, Deserialize)]
    #[serde(rename_all = "kebab-case", deny_unknown_fields)]
    pub struct More {
        auth_method: Option<String>,
        oauth2_client_id: Option<String>,
        oauth2_client_secret: Option<Secret>,
        oauth2_client_key: Option<Secret>,
        oauth2_tenant_id: Option<String>,
        oauth2_cloud: Option<String>,
        oauth2_grant_type: Option<String>,
        oauth2_token_url: Option<String>,
        oauth2_authorize_url: Option<String>,
        oauth2_scopes: Option<String>,
        oauth2_client_auth: Option<String>,
        oauth2_assertion_alg: Option<String>,
        oauth2_secret_expires: Option<String>,
        oauth2_issuer: Option<String>,
        oauth2_device_url: Option<String>,
        oauth2_revoke_url: Option<String>,
        oauth2_refresh_before: Option<u32>,
        /// No setting: it goes where the tokens are kept.
        oauth2_refresh_token: Option<Secret>,
    }

    impl More {
        /// These settings and no others.
        fn settings(self) -> SmtpSettings {
            SmtpSettings {
                auth_method: self.auth_method,
                oauth2_client_id: self.oauth2_client_id,
                oauth2_client_secret: self.oauth2_client_secret,
                oauth2_client_key: self.oauth2_client_key,
                oauth2_tenant_id: self.oauth2_tenant_id,
                oauth2_cloud: self.oauth2_cloud,
                oauth2_grant_type: self.oauth2_grant_type,
                oauth2_token_url: self.oauth2_token_url,
                oauth2_authorize_url: self.oauth2_authorize_url,
                oauth2_scopes: self.oauth2_scopes,
                oauth2_client_auth: self.oauth2_client_auth,
                oauth2_assertion_alg: self.oauth2_assertion_alg,
                oauth2_secret_expires: self.oauth2_secret_expires,
                oauth2_issuer: self.oauth2_issuer,
                oauth2_device_url: self.oauth2_device_url,
                oauth2_revoke_url: self.oauth2_revoke_url,
                oauth2_refresh_before: self.oauth2_refresh_before,
                ..SmtpSettings::default()
            }
        }
    }

    /// All targets of this kind.
    #[export]
    pub fn get_smtp_endpoints(#[try_from_ref] this: &Object) -> All {
        All::of(this, Kind::Smtp)
    }

    /// One target; 404 if there is none of this name.
    #[export(serialize_error)]
    pub fn get_smtp_endpoint(
        #[try_from_ref] this: &Object,
        name: String,
    ) -> Result<One, Exception> {
        One::of(this, Kind::Smtp, name)
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
    ) -> Result<(), Exception> {
        let mut more = more.unwrap_or_default();
        let token = more.oauth2_refresh_token.take();
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
            ..more.settings()
        };
        Ok(this.add_smtp(name, settings, token)?)
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
    ) -> Result<(), Exception> {
        let mut more = more.unwrap_or_default();
        let token = more.oauth2_refresh_token.take();
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
            ..more.settings()
        };
        Ok(this.update_smtp(name, settings, token, delete.unwrap_or_default(), digest)?)
    }

    /// Deletes a target that no matcher uses.
    #[export(serialize_error)]
    pub fn delete_smtp_endpoint(
        #[try_from_ref] this: &Object,
        name: &str,
    ) -> Result<(), Exception> {
        Ok(this.delete(Kind::Smtp, name)?)
    }
}
