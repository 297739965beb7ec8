//! The keys of a login by OAuth2, which Proxmox VE 9.2 does not know: each with its value, for reading and
//! writing them alike.

use super::Smtp;
use crate::config::fields::Rows;

macro_rules! keys {
    ($($key:literal: $field:ident,)*) => {
        pub(super) const EXT: &[&str] = &[$($key),*];

        impl Smtp {
            pub(super) fn ext_text(&mut self) -> impl Iterator<Item = (&'static str, &mut Option<String>)> {
                [$(($key, &mut self.$field)),*].into_iter()
            }

            pub(super) fn ext_values(&self) -> impl Iterator<Item = (&'static str, &Option<String>)> {
                [$(($key, &self.$field)),*].into_iter()
            }
        }
    };
}

keys! {
    "auth-method": auth_method,
    "oauth2-client-id": oauth2_client_id,
    "oauth2-tenant-id": oauth2_tenant_id,
    "oauth2-cloud": oauth2_cloud,
    "oauth2-grant-type": oauth2_grant_type,
    "oauth2-token-url": oauth2_token_url,
    "oauth2-authorize-url": oauth2_authorize_url,
    "oauth2-scopes": oauth2_scopes,
    "oauth2-client-auth": oauth2_client_auth,
    "oauth2-assertion-alg": oauth2_assertion_alg,
    "oauth2-secret-expires": oauth2_secret_expires,
    "oauth2-issuer": oauth2_issuer,
    "oauth2-device-url": oauth2_device_url,
    "oauth2-revoke-url": oauth2_revoke_url,
}

impl Smtp {
    pub(super) fn ext_rows<'s>(&'s self, rows: &mut Rows<'s>, guests: bool) {
        for (key, value) in self.ext_values() {
            if self.guests.contains(&key) == guests {
                rows.text(key, value);
            }
        }
    }
}
