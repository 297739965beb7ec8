//! The keys of a login by OAuth2, which Proxmox VE 9.2 does not know: each with its value, for reading and
//! writing them alike.

use super::Smtp;
use crate::config::fields::Rows;

pub(super) const EXT: [&str; 9] = [
    "auth-method",
    "oauth2-client-id",
    "oauth2-tenant-id",
    "oauth2-cloud",
    "oauth2-grant-type",
    "oauth2-token-url",
    "oauth2-authorize-url",
    "oauth2-scopes",
    "oauth2-client-auth",
];

impl Smtp {
    pub(super) fn ext_text(&mut self) -> [(&'static str, &mut Option<String>); 9] {
        let [
            method,
            client,
            tenant,
            cloud,
            grant,
            token,
            authorize,
            scopes,
            auth,
        ] = EXT;
        [
            (method, &mut self.auth_method),
            (client, &mut self.oauth2_client_id),
            (tenant, &mut self.oauth2_tenant_id),
            (cloud, &mut self.oauth2_cloud),
            (grant, &mut self.oauth2_grant_type),
            (token, &mut self.oauth2_token_url),
            (authorize, &mut self.oauth2_authorize_url),
            (scopes, &mut self.oauth2_scopes),
            (auth, &mut self.oauth2_client_auth),
        ]
    }

    pub(super) fn ext_values(&self) -> [(&'static str, &Option<String>); 9] {
        let [
            method,
            client,
            tenant,
            cloud,
            grant,
            token,
            authorize,
            scopes,
            auth,
        ] = EXT;
        [
            (method, &self.auth_method),
            (client, &self.oauth2_client_id),
            (tenant, &self.oauth2_tenant_id),
            (cloud, &self.oauth2_cloud),
            (grant, &self.oauth2_grant_type),
            (token, &self.oauth2_token_url),
            (authorize, &self.oauth2_authorize_url),
            (scopes, &self.oauth2_scopes),
            (auth, &self.oauth2_client_auth),
        ]
    }

    pub(super) fn ext_rows<'s>(&'s self, rows: &mut Rows<'s>, guests: bool) {
        for (key, value) in self.ext_values() {
            if self.guests.contains(&key) == guests {
                rows.text(key, value);
            }
        }
    }
}
