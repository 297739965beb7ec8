//! `sandbox.json`: what a running sandbox tells those who may read its folder.

use std::collections::BTreeMap;
use std::path::Path;

use serde::{Deserialize, Serialize};

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Published {
    pub url: String,
    pub pid: u32,
    /// The endpoints of the provider that speaks like Google.
    pub authorize_url: String,
    pub token_url: String,
    /// All providers, in the form of the standalone host's `oauth2-providers.json`.
    pub providers: BTreeMap<String, ProviderEntry>,
    pub clients: Vec<Client>,
    pub users: Vec<User>,
    pub smtp: Smtp,
    pub control_url: String,
    /// Goes into `Authorization: Bearer` at the control URL.
    pub control_token: String,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct ProviderEntry {
    pub authorize_url: String,
    pub token_url: String,
    pub scopes: Vec<String>,
    pub client_auth: String,
    pub tenant: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub issuer: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tokeninfo_url: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub revoke_url: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub device_url: Option<String>,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Client {
    /// The provider's name, a key of `providers`.
    pub provider: String,
    pub client_id: String,
    pub client_secret: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tenant_id: Option<String>,
    pub redirect_uris: Vec<String>,
}

/// Where the mail server listens; the users are those of the providers.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Smtp {
    pub host: String,
    pub port_starttls: u16,
    pub port_tls: u16,
    pub port_clear: u16,
}

#[derive(Serialize, Deserialize)]
pub struct User {
    pub login: String,
    pub password: String,
}

impl Published {
    const FILE: &str = "sandbox.json";

    pub fn read(dir: &Path) -> Result<Self, String> {
        let path = dir.join(Self::FILE);
        let fail = |error: &dyn std::fmt::Display| format!("{}: {error}", path.display());
        let text = std::fs::read_to_string(&path).map_err(|e| fail(&e))?;
        serde_json::from_str(&text).map_err(|e| fail(&e))
    }

    pub fn write(&self, dir: &Path) -> Result<(), String> {
        let text = serde_json::to_string_pretty(self).map_err(|error| error.to_string())?;
        crate::pki::write(&dir.join(Self::FILE), (text + "\n").as_bytes())
    }
}
