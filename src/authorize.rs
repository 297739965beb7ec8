//! Consents that begin and end on this machine: no refresh token and no verifier goes through a browser.

use notify::service::{self, Consenting};
use serde::{Deserialize, Serialize};

/// What a consent is for: a target by `name`, else an application by its parameters.
#[derive(Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Application {
    name: Option<String>,
    username: Option<String>,
    auth_method: Option<String>,
    client_id: Option<String>,
    tenant_id: Option<String>,
    cloud: Option<String>,
    token_url: Option<String>,
    authorize_url: Option<String>,
    scopes: Option<String>,
    client_auth: Option<String>,
    issuer: Option<String>,
    device_url: Option<String>,
    revoke_url: Option<String>,
}

impl Application {
    /// The same for the core.
    pub fn consenting(self) -> Consenting {
        match self.name {
            Some(name) => Consenting::Target(name),
            None => Consenting::Application {
                application: Box::new(notify::oauth2::Application {
                    auth_method: self.auth_method.unwrap_or_default(),
                    client_id: self.client_id.unwrap_or_default(),
                    tenant_id: self.tenant_id,
                    cloud: self.cloud,
                    token_url: self.token_url,
                    authorize_url: self.authorize_url,
                    scopes: self.scopes,
                    client_auth: self.client_auth,
                    issuer: self.issuer,
                    device_url: self.device_url,
                    revoke_url: self.revoke_url,
                }),
                username: self.username,
            },
        }
    }
}

/// What has come of a consent; without `handle` the target has the token.
#[derive(Serialize)]
pub struct Redeemed {
    handle: Option<String>,
    mailbox: Option<String>,
    warning: Option<String>,
}

impl From<service::Redeemed> for Redeemed {
    fn from(redeemed: service::Redeemed) -> Self {
        Self {
            handle: redeemed.handle.map(|handle| handle.expose().to_owned()),
            mailbox: redeemed.mailbox,
            warning: redeemed
                .warning
                .or(redeemed.unstored)
                .map(|warning| warning.to_string()),
        }
    }
}

#[perlmod::package(name = "PVE::RS::Notify", part)]
pub mod export {
    use notify::Secret;
    use notify::service::{Authorization, Held, Redeem};
    use serde::Deserialize;

    use super::{Application, Redeemed};
    use crate::exception::Exception;
    use crate::object::Object;

    /// The answer to a consent; what it repeats of the beginning must be the same.
    #[derive(Deserialize)]
    #[serde(rename_all = "kebab-case", deny_unknown_fields)]
    pub struct End {
        state: Secret,
        authorization_code: Secret,
        name: Option<String>,
        client_secret: Option<Secret>,
        auth_method: Option<String>,
        client_id: Option<String>,
        tenant_id: Option<String>,
        redirect_uri: Option<String>,
        token_url: Option<String>,
        scopes: Option<String>,
        client_auth: Option<String>,
    }

    impl From<End> for Redeem {
        fn from(end: End) -> Self {
            let given = [
                ("auth-method", end.auth_method),
                ("client-id", end.client_id),
                ("tenant-id", end.tenant_id),
                ("redirect-uri", end.redirect_uri),
                ("token-url", end.token_url),
                ("scopes", end.scopes),
                ("client-auth", end.client_auth),
            ];
            Self {
                state: end.state,
                answer: end.authorization_code,
                name: end.name,
                client_secret: end.client_secret,
                given: given
                    .into_iter()
                    .filter_map(|(name, value)| Some((name, value?)))
                    .collect(),
            }
        }
    }

    /// Begins a consent for this user: `{ url, state, expires, redirect-uri, redirect-uris, scopes }`. Takes
    /// up to 25 s, for a lock.
    #[export(serialize_error)]
    pub fn authorize_smtp_oauth2(
        #[try_from_ref] this: &Object,
        application: Application,
        redirect_uri: Option<&str>,
        by: &str,
    ) -> Result<Authorization, Exception> {
        Ok(this.authorize(&application.consenting(), redirect_uri, by)?)
    }

    /// Redeems the answer to a consent of this user: `{ handle, mailbox, warning }`. Takes up to 25 s.
    #[export(serialize_error)]
    pub fn redeem_smtp_oauth2(
        #[try_from_ref] this: &Object,
        end: End,
        by: &str,
    ) -> Result<Redeemed, Exception> {
        Ok(this.redeem(&end.into(), by)?.into())
    }

    /// What a handle of this user stands for: `{ expires, name?, mailbox?, warning? }`.
    #[export(serialize_error)]
    pub fn get_smtp_oauth2_handle(
        #[try_from_ref] this: &Object,
        handle: Secret,
        by: &str,
    ) -> Result<Held, Exception> {
        Ok(this.held(&handle, by)?)
    }

    /// Dies where a change comes with a handle that is not this user's, or is for other settings: before the
    /// files are written. The handle stays good.
    #[export(serialize_error)]
    pub fn check_oauth2_handles(#[try_from_ref] this: &Object, by: &str) -> Result<(), Exception> {
        Ok(this.check_handles(by)?)
    }
}
