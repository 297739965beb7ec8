//! A mail server. The password stands in the private file.
//!
//! What Proxmox VE 9.2 does not know - how to log in with OAuth2 - stands in the two files of our own.
//! Keys of that kind which somebody put into Proxmox VE's own files are read there and stay there.

mod aside;
mod grant;
mod key;
mod keys;
mod mode;
mod password;

use serde::{Deserialize, Serialize};

use super::Error;
use super::entity::{Entity, Item, Kind, Origin};
use super::fault::{Flaw, Invalid};
use super::fields::{Fields, Rows};
use super::limits;
use super::section::Section;
use super::server;
use super::settings::sealed::Apply;
use super::settings::{replace, set, set_value};
use crate::Secret;
use aside::Aside;
use key::CLIENT_KEY;
use keys::EXT;
use mode::Port;
pub use mode::SmtpMode;

/// A mail server.
#[derive(Clone, Debug, Default, Serialize)]
#[serde(rename_all = "kebab-case")]
#[expect(missing_docs, reason = "the keys of the file")]
pub struct Smtp {
    pub name: String,
    pub server: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub port: Option<u16>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub mode: Option<SmtpMode>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub username: Option<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub mailto: Vec<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub mailto_user: Vec<String>,
    pub from_address: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub author: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub comment: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub disable: Option<bool>,
    /// `plain`, or the name of a provider.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub auth_method: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub oauth2_client_id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub oauth2_tenant_id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub oauth2_cloud: Option<String>,
    /// `refresh-token`; `client-credentials` or `jwt-bearer` for an application that acts for itself.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub oauth2_grant_type: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub oauth2_token_url: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub oauth2_authorize_url: Option<String>,
    /// Separated by blanks.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub oauth2_scopes: Option<String>,
    /// `basic`, `post` or `none`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub oauth2_client_auth: Option<String>,
    /// `RS256`, `PS256` or `ES256`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub oauth2_assertion_alg: Option<String>,
    /// The day on which the client secret ends, YYYY-MM-DD.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub oauth2_secret_expires: Option<String>,
    /// Who the provider is in its answers through the browser.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub oauth2_issuer: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub oauth2_device_url: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub oauth2_revoke_url: Option<String>,
    /// So many seconds before its end an access token is renewed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub oauth2_refresh_before: Option<u32>,
    pub origin: Origin,
    /// Whether there is a section in the private file; without it nothing can be sent.
    #[serde(skip)]
    pub has_private: bool,
    #[serde(skip)]
    pub password: Option<Secret>,
    /// The client secret, or a private key.
    #[serde(skip)]
    pub oauth2_client_secret: Option<Secret>,
    /// Whether the credential of before was deleted in this change.
    #[serde(skip)]
    pub(super) is_bare: bool,
    /// The client secrets of other settings.
    #[serde(skip)]
    pub(super) asides: Vec<Aside>,
    /// Keys of ours that were found in Proxmox VE's own files.
    #[serde(skip)]
    pub(super) guests: Vec<&'static str>,
}

/// What can be set.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields, default)]
#[expect(missing_docs, reason = "the parameters of the API")]
pub struct SmtpSettings {
    pub server: Option<String>,
    pub port: Option<u16>,
    pub mode: Option<SmtpMode>,
    pub username: Option<String>,
    pub password: Option<Secret>,
    pub mailto: Option<Vec<String>>,
    pub mailto_user: Option<Vec<String>>,
    pub from_address: Option<String>,
    pub author: Option<String>,
    pub comment: Option<String>,
    pub disable: Option<bool>,
    pub auth_method: Option<String>,
    pub oauth2_client_id: Option<String>,
    pub oauth2_client_secret: Option<Secret>,
    pub oauth2_client_key: Option<Secret>,
    pub oauth2_tenant_id: Option<String>,
    pub oauth2_cloud: Option<String>,
    pub oauth2_grant_type: Option<String>,
    pub oauth2_token_url: Option<String>,
    pub oauth2_authorize_url: Option<String>,
    pub oauth2_scopes: Option<String>,
    pub oauth2_client_auth: Option<String>,
    pub oauth2_assertion_alg: Option<String>,
    pub oauth2_secret_expires: Option<String>,
    pub oauth2_issuer: Option<String>,
    pub oauth2_device_url: Option<String>,
    pub oauth2_revoke_url: Option<String>,
    pub oauth2_refresh_before: Option<u32>,
}

impl SmtpSettings {
    /// Whether there is something to log in with at the provider; an empty text only deletes what is there.
    pub(crate) fn gives_credential(&self) -> bool {
        let all = [&self.oauth2_client_secret, &self.oauth2_client_key];
        all.into_iter()
            .any(|given| given.as_ref().is_some_and(|given| !is_empty(given)))
    }
}

fn is_empty(secret: &Secret) -> bool {
    secret.expose().is_empty()
}

/// Proxmox VE's own.
const KEYS: [&str; 10] = [
    "server",
    "port",
    "mode",
    "username",
    "mailto",
    "mailto-user",
    "from-address",
    "author",
    "comment",
    "disable",
];
/// Stands in the ext file alone.
const REFRESH_BEFORE: &str = "oauth2-refresh-before";
const CLIENT_SECRET: &str = "oauth2-client-secret";

impl Smtp {
    /// What an admin should know of the settings although they work: a password goes out without
    /// encryption where the admin chose that.
    #[must_use]
    pub fn warning(&self) -> Option<&'static str> {
        let shows_password = self.mode == Some(SmtpMode::Insecure)
            && self.username.is_some()
            && self.password.is_some()
            && matches!(self.auth_method.as_deref(), None | Some("plain"));
        shows_password.then_some(
            "the password is sent without TLS (mode insecure); set mode to starttls or tls",
        )
    }
}

impl Item for Smtp {
    const KIND: Kind = Kind::Smtp;

    fn read(section: &Section<'_>) -> Result<Self, Flaw> {
        let fields = Fields::new(section, &[&KEYS[..], EXT].concat())?;
        let mut item = Self {
            name: section.name.to_owned(),
            server: fields.required("server")?,
            port: fields.one::<Port>("port")?.map(|Port(port)| port),
            mode: fields.one("mode")?,
            username: fields.one("username")?,
            mailto: fields.many("mailto")?,
            mailto_user: fields.many("mailto-user")?,
            from_address: fields.required("from-address")?,
            author: fields.one("author")?,
            comment: fields.one("comment")?,
            disable: fields.flag("disable")?,
            ..Self::default()
        };
        let mut guests = Vec::new();
        for (key, value) in item.ext_text() {
            *value = fields.one(key)?;
            if value.is_some() {
                guests.push(key);
            }
        }
        item.guests = guests;
        item.check().map_err(|invalid| fields.locate(invalid))?;
        Ok(item)
    }

    fn check(&self) -> Result<(), Invalid> {
        limits::text("server", Some(&self.server))?;
        limits::text("username", self.username.as_ref())?;
        limits::recipients("mailto", &self.mailto)?;
        limits::recipients("mailto-user", &self.mailto_user)?;
        limits::text("from-address", Some(&self.from_address))?;
        limits::text("author", self.author.as_ref())?;
        limits::comment(self.comment.as_ref())?;
        limits::word("auth-method", self.auth_method.as_ref())?;
        limits::text("oauth2-client-id", self.oauth2_client_id.as_ref())?;
        limits::text("oauth2-tenant-id", self.oauth2_tenant_id.as_ref())?;
        limits::word("oauth2-cloud", self.oauth2_cloud.as_ref())?;
        limits::word("oauth2-grant-type", self.oauth2_grant_type.as_ref())?;
        limits::text("oauth2-token-url", self.oauth2_token_url.as_ref())?;
        limits::text("oauth2-authorize-url", self.oauth2_authorize_url.as_ref())?;
        limits::text("oauth2-scopes", self.oauth2_scopes.as_ref())?;
        limits::word("oauth2-client-auth", self.oauth2_client_auth.as_ref())?;
        limits::text("oauth2-assertion-alg", self.oauth2_assertion_alg.as_ref())?;
        limits::day("oauth2-secret-expires", self.oauth2_secret_expires.as_ref())?;
        limits::text("oauth2-issuer", self.oauth2_issuer.as_ref())?;
        limits::text("oauth2-device-url", self.oauth2_device_url.as_ref())?;
        limits::text("oauth2-revoke-url", self.oauth2_revoke_url.as_ref())?;
        limits::seconds(REFRESH_BEFORE, self.oauth2_refresh_before, 60..=3600)?;
        limits::secret("password", self.password.as_ref())?;
        limits::secret(CLIENT_SECRET, self.oauth2_client_secret.as_ref())
    }

    fn public(&self) -> Rows<'_> {
        let mut rows = Rows::default();
        rows.text("server", [&self.server]);
        rows.show("port", self.port);
        rows.show("mode", self.mode);
        rows.text("username", &self.username);
        rows.text("mailto", &self.mailto);
        rows.text("mailto-user", &self.mailto_user);
        rows.text("from-address", [&self.from_address]);
        rows.text("author", &self.author);
        rows.text("comment", &self.comment);
        rows.show("disable", self.disable);
        self.ext_rows(&mut rows, true);
        rows
    }

    fn read_private(&mut self, section: &Section<'_>) -> Result<(), Flaw> {
        let fields = Fields::private(section, &["password", CLIENT_SECRET])?;
        let (password, client) = (fields.secret("password")?, fields.secret(CLIENT_SECRET)?);
        limits::secret("password", password.as_ref()).map_err(|fault| fields.locate(fault))?;
        limits::secret(CLIENT_SECRET, client.as_ref()).map_err(|fault| fields.locate(fault))?;
        if client.is_some() {
            self.guests.push(CLIENT_SECRET);
            self.oauth2_client_secret = client;
        }
        self.password = password;
        self.has_private = true;
        Ok(())
    }

    fn private(&self) -> Option<Rows<'_>> {
        let mut rows = Rows::default();
        rows.secret("password", self.password.as_ref());
        if self.guests.contains(&CLIENT_SECRET) {
            rows.secret(CLIENT_SECRET, self.oauth2_client_secret.as_ref());
        }
        self.has_private.then_some(rows)
    }

    fn read_ext(&mut self, section: &Section<'_>) -> Result<(), Flaw> {
        let mut keys = EXT.to_vec();
        keys.push(REFRESH_BEFORE);
        let fields = Fields::new(section, &keys)?;
        let mut item = self.clone();
        item.oauth2_refresh_before = fields.one(REFRESH_BEFORE)?;
        for (key, value) in item.ext_text() {
            let read = fields.one(key)?;
            if !self.guests.contains(&key) {
                *value = read;
            }
        }
        item.check().map_err(|invalid| fields.locate(invalid))?;
        *self = item;
        Ok(())
    }

    fn ext(&self) -> Option<Rows<'_>> {
        let mut rows = Rows::default();
        self.ext_rows(&mut rows, false);
        rows.show(REFRESH_BEFORE, self.oauth2_refresh_before);
        rows.filled()
    }

    fn read_private_ext(&mut self, section: &Section<'_>) -> Result<(), Flaw> {
        let keys = [CLIENT_SECRET, CLIENT_KEY, aside::KEY, aside::KEY_OF_KEYS];
        let fields = Fields::private(section, &keys)?;
        let client = key::read(&fields)?;
        self.asides = aside::read(&fields)?;
        if !self.guests.contains(&CLIENT_SECRET) {
            self.oauth2_client_secret = client;
        }
        Ok(())
    }

    // the one of other settings cannot meet these
    fn bound_private_ext(&self) -> Option<Rows<'_>> {
        let mut rows = Rows::default();
        if !self.guests.contains(&CLIENT_SECRET) {
            key::write(&mut rows, self.client_secret());
        }
        rows.filled()
    }

    fn private_ext(&self) -> Option<Rows<'_>> {
        let mut rows = Rows::default();
        if !self.guests.contains(&CLIENT_SECRET) {
            key::write(&mut rows, self.oauth2_client_secret.as_ref());
        }
        aside::write(self, &mut rows);
        rows.filled()
    }

    fn peer(&self) -> Vec<String> {
        let mut peer = vec![
            self.server.clone(),
            self.port.map(|port| port.to_string()).unwrap_or_default(),
            self.mode.map(|mode| mode.to_string()).unwrap_or_default(),
            self.username.clone().unwrap_or_default(),
        ];
        for (key, value) in self.ext_values() {
            if self.guests.contains(&key) {
                peer.push(value.clone().unwrap_or_default());
            }
        }
        peer
    }
}

impl Apply for SmtpSettings {
    type Of = Smtp;

    fn blank(name: &str) -> Smtp {
        Smtp {
            name: name.to_owned(),
            has_private: true,
            ..Smtp::default()
        }
    }

    fn find(entity: &Entity) -> Option<&Smtp> {
        match entity {
            Entity::Smtp(item) => Some(item),
            _ => None,
        }
    }

    fn delete(item: &mut Smtp, key: &str) -> bool {
        match key {
            "port" => item.port = None,
            "mode" => item.mode = None,
            "username" => item.username = None,
            "password" => {
                item.password = None;
                item.has_private = true;
            }
            "mailto" => item.mailto.clear(),
            "mailto-user" => item.mailto_user.clear(),
            "author" => item.author = None,
            "comment" => item.comment = None,
            "disable" => item.disable = None,
            CLIENT_SECRET | CLIENT_KEY => item.delete_credential(key),
            REFRESH_BEFORE => item.oauth2_refresh_before = None,
            _ => {
                let own = item.ext_text().find(|(name, _)| *name == key);
                return own.map(|(_, value)| *value = None).is_some();
            }
        }
        true
    }

    fn apply(self, item: &mut Smtp) -> Result<(), Error> {
        // that is the end of another one
        if self.gives_credential() && self.oauth2_secret_expires.is_none() {
            item.oauth2_secret_expires = None;
        }
        let server = self.server.filter(|server| !server.is_empty());
        replace(
            &mut item.server,
            server.as_deref().map(server::parse).transpose()?,
        );
        set_value(&mut item.port, self.port);
        set_value(&mut item.mode, self.mode);
        set(&mut item.username, self.username);
        replace(&mut item.mailto, self.mailto);
        replace(&mut item.mailto_user, self.mailto_user);
        replace(&mut item.from_address, self.from_address);
        set(&mut item.author, self.author);
        set(&mut item.comment, self.comment);
        set_value(&mut item.disable, self.disable);
        set(&mut item.auth_method, self.auth_method);
        set(&mut item.oauth2_client_id, self.oauth2_client_id);
        set(&mut item.oauth2_tenant_id, self.oauth2_tenant_id);
        set(&mut item.oauth2_cloud, self.oauth2_cloud);
        set(&mut item.oauth2_grant_type, self.oauth2_grant_type);
        set(&mut item.oauth2_token_url, self.oauth2_token_url);
        set(&mut item.oauth2_authorize_url, self.oauth2_authorize_url);
        set(&mut item.oauth2_scopes, self.oauth2_scopes);
        set(&mut item.oauth2_client_auth, self.oauth2_client_auth);
        set(&mut item.oauth2_assertion_alg, self.oauth2_assertion_alg);
        set(&mut item.oauth2_secret_expires, self.oauth2_secret_expires);
        set(&mut item.oauth2_issuer, self.oauth2_issuer);
        set(&mut item.oauth2_device_url, self.oauth2_device_url);
        set(&mut item.oauth2_revoke_url, self.oauth2_revoke_url);
        set_value(&mut item.oauth2_refresh_before, self.oauth2_refresh_before);
        item.has_private |= self.password.is_some()
            || self.oauth2_client_secret.is_some()
            || self.oauth2_client_key.is_some();
        if let Some(password) = self.password {
            item.password = Some(password).filter(|password| !password.expose().is_empty());
        }
        item.take_credential(self.oauth2_client_secret, self.oauth2_client_key)
    }

    fn complete(item: &Smtp) -> Result<(), Error> {
        if item.mailto.is_empty() && item.mailto_user.is_empty() {
            return Err(super::Error::NoRecipient);
        }
        Ok(())
    }

    fn gives_credentials(&self) -> bool {
        self.gives_credential()
    }

    fn check_deleted(old: &Smtp, item: &Smtp, delete: &[String]) -> Result<(), Error> {
        grant::check_deleted(old, item, delete)
    }

    fn settle(old: Option<&Smtp>, item: &mut Smtp, given: bool) -> Result<(), Error> {
        grant::settle(old, item, given)
    }

    fn renews_secrets(&self, item: &Smtp, delete: &[String]) -> bool {
        let renews = |old: &Option<Secret>, is_new: bool, key: &str| {
            old.is_none() || is_new || delete.iter().any(|name| name == key)
        };
        let (key, given) = match item.has_key() {
            true => (CLIENT_KEY, &self.oauth2_client_key),
            false => (CLIENT_SECRET, &self.oauth2_client_secret),
        };
        let is_new = self.gives_credential() || given.as_ref().is_some_and(is_empty);
        renews(&item.password, self.password.is_some(), "password")
            && renews(&item.oauth2_client_secret, is_new, key)
    }
}

impl From<Smtp> for Entity {
    fn from(item: Smtp) -> Self {
        Self::Smtp(item)
    }
}
