//! Consents on another device, what a provider says about itself, and grants that are taken back.

#[perlmod::package(name = "PVE::RS::Notify", part)]
pub mod export {
    use notify::Secret;
    use notify::oauth2::Discovered;
    use notify::service::{Answered, DeviceAuthorization};
    use serde::Serialize;

    use crate::authorize::{Application, Redeemed};
    use crate::exception::Exception;
    use crate::object::Object;

    /// What a question comes to.
    #[derive(Serialize)]
    #[serde(rename_all = "kebab-case", tag = "status")]
    pub enum Polled {
        /// The person is not done.
        Pending {
            /// Seconds until the next question.
            interval: u32,
        },
        /// It is done; without `handle` the target has the token.
        Done(Redeemed),
    }

    /// What was done about a grant.
    #[derive(Serialize)]
    #[serde(rename_all = "kebab-case")]
    pub struct Revoked {
        at_provider: bool,
        warning: Option<String>,
    }

    /// Asks the provider for a code that a person enters on another device, for this user: `{ id, user-code,
    /// verification-uri, verification-uri-complete?, expires, interval }`. Takes up to 25 s.
    #[export(serialize_error)]
    pub fn authorize_smtp_oauth2_device(
        #[try_from_ref] this: &Object,
        application: Application,
        client_secret: Option<Secret>,
        by: &str,
    ) -> Result<DeviceAuthorization, Exception> {
        Ok(this.authorize_device(&application.consenting(), client_secret, by)?)
    }

    /// Asks whether the person is done: `{ status => 'pending', interval }`, or `{ status => 'done', handle,
    /// mailbox, warning }`. Takes up to 25 s.
    #[export(serialize_error)]
    pub fn poll_smtp_oauth2_device(
        #[try_from_ref] this: &Object,
        id: Secret,
        name: Option<&str>,
        client_secret: Option<Secret>,
        by: &str,
    ) -> Result<Polled, Exception> {
        Ok(match this.poll_device(&id, name, client_secret, by)? {
            Answered::Pending(interval) => Polled::Pending { interval },
            Answered::Done(redeemed) => Polled::Done((*redeemed).into()),
        })
    }

    /// Asks a provider where its endpoints are: `{ issuer, authorize-url, token-url, device-url?, revoke-url?,
    /// scopes-supported, sends-iss }`. Takes up to 20 s.
    #[export(serialize_error)]
    pub fn discover_smtp_oauth2(
        #[try_from_ref] this: &Object,
        issuer: &str,
    ) -> Result<Discovered, Exception> {
        Ok(this.discover(issuer)?)
    }

    /// Ends a consent of this user that was begun: by the `state` of a page, the `id` of a device or a handle.
    /// Whether there was one. Takes up to 25 s.
    #[export(serialize_error)]
    pub fn cancel_smtp_oauth2(
        #[try_from_ref] this: &Object,
        value: Secret,
        by: &str,
    ) -> Result<bool, Exception> {
        Ok(this.cancel_authorization(&value, by)?)
    }

    /// Takes the grant of a target back, and removes its tokens: `{ at-provider, warning }`. Takes up to 25 s.
    #[export(serialize_error)]
    pub fn revoke_smtp_oauth2(
        #[try_from_ref] this: &Object,
        name: &str,
        here_only: Option<bool>,
        by: &str,
    ) -> Result<Revoked, Exception> {
        let revoked = this.revoke(name, here_only.unwrap_or(false), by)?;
        Ok(Revoked {
            at_provider: revoked.at_provider,
            warning: revoked.warning.map(|warning| warning.to_string()),
        })
    }
}
