//! The parts of a record. Each keeps the keys and words of a later version, as the record itself does.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value;

/// Keys of a later version, and what they say.
pub type Other = BTreeMap<String, Value>;

/// Whose tokens they are. A grant is used for exactly this and nothing else.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Identity {
    /// The provider's name.
    pub provider: String,
    /// The national cloud, empty for the worldwide one.
    #[serde(default)]
    pub cloud: String,
    /// Where tokens come from.
    pub token_url: String,
    /// The tenant, empty where there are none.
    #[serde(default)]
    pub tenant: String,
    /// The application's id.
    pub client: String,
    /// The mailbox; a Google or Microsoft account name.
    pub login: String,
    /// Whether the application acts for itself, without a person's consent.
    #[serde(default)]
    pub app_only: bool,
    /// Keys of a later version.
    #[serde(flatten)]
    pub other: Other,
}

impl Identity {
    /// The setting in which another one differs, with both values; the one that an administrator has
    /// changed rather than what follows from it.
    #[must_use]
    pub fn difference<'a>(&'a self, other: &'a Self) -> Option<(&'static str, [&'a str; 2])> {
        let grant_type = |identity: &Self| match identity.app_only {
            true if identity.provider == "google-oauth2" => "jwt-bearer",
            true => "client-credentials",
            false => "refresh-token",
        };
        let pairs = [
            ("auth-method", [&*self.provider, &*other.provider]),
            ("oauth2-cloud", [&self.cloud, &other.cloud]),
            ("oauth2-tenant-id", [&self.tenant, &other.tenant]),
            ("oauth2-token-url", [&self.token_url, &other.token_url]),
            ("oauth2-client-id", [&self.client, &other.client]),
            ("username", [&self.login, &other.login]),
            ("oauth2-grant-type", [grant_type(self), grant_type(other)]),
        ];
        pairs.into_iter().find(|(_, [a, b])| a != b)
    }
}

impl PartialEq for Identity {
    /// By what this version knows: a later one that adds what matters forbids older ones to touch the
    /// record.
    fn eq(&self, other: &Self) -> bool {
        let Self {
            provider,
            cloud,
            token_url,
            tenant,
            client,
            login,
            app_only,
            other: _,
        } = self;
        *provider == other.provider
            && worldwide(cloud) == worldwide(&other.cloud)
            && *token_url == other.token_url
            && *tenant == other.tenant
            && *client == other.client
            && *login == other.login
            && *app_only == other.app_only
    }
}

/// The worldwide cloud has no name here, though a record of before may have one.
fn worldwide(cloud: &str) -> &str {
    if cloud == "global" { "" } else { cloud }
}

impl Eq for Identity {}

/// How things stand with a grant.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Standing {
    /// Nothing speaks against it.
    #[default]
    Usable,
    /// The last refresh failed; a later one may succeed.
    Failing,
    /// The provider refuses for a reason in the settings or the registration.
    Misconfigured,
    /// It has ended: a person has to consent again.
    AuthorizeAgain,
    /// What a later version says: kept, and taken for a failure. What must not be used is not left to
    /// a word alone.
    #[serde(untagged)]
    Later(String),
}

/// The last thing that went wrong.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Trouble {
    /// When, in seconds since the epoch.
    pub at: i64,
    /// The HTTP-like code.
    pub code: u16,
    /// What happened, who has to act, what to do, as one line.
    pub message: String,
    /// What happened.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cause: Option<String>,
    /// Who has to act and what to do, where that is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cure: Option<String>,
    /// The other side's own words.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub details: Option<String>,
    /// The cause as this software calls it, to tell the same trouble from another.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub is: Option<String>,
    /// Keys of a later version.
    #[serde(flatten)]
    pub other: Other,
}

impl Trouble {
    /// What happened, and the other side's own words, without what would have fixed it then.
    #[must_use]
    pub(crate) fn reason(&self) -> String {
        let cause = self.cause.as_ref().unwrap_or(&self.message);
        match &self.details {
            Some(details) => format!("{cause}; {details}"),
            None => cause.clone(),
        }
    }
}

/// A login that the mail server refused for good.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Refused {
    /// What that means.
    pub standing: Standing,
    /// What it said.
    pub trouble: Trouble,
    /// Keys of a later version.
    #[serde(flatten)]
    pub other: Other,
}

/// How the application logs in at the token endpoint, by the words of `oauth2-client-auth`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct ClientAuths {
    /// What the settings said when the provider was asked last.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub set: Option<String>,
    /// What has worked with a refresh token. Some providers want another way for each kind of request.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub refresh: Option<String>,
    /// What has worked for the application itself.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub client_credentials: Option<String>,
    /// Keys of a later version.
    #[serde(flatten)]
    pub other: Other,
}

impl ClientAuths {
    /// What has worked.
    #[must_use]
    pub fn worked(&self, app_only: bool) -> Option<&str> {
        match app_only {
            true => self.client_credentials.as_deref(),
            false => self.refresh.as_deref(),
        }
    }

    /// Keeps what has worked.
    pub fn keep(&mut self, app_only: bool, name: &str) {
        let kept = match app_only {
            true => &mut self.client_credentials,
            false => &mut self.refresh,
        };
        *kept = Some(name.to_owned());
    }

    pub(super) fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

/// How long there has been no target for a record.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Orphaned {
    /// When somebody looked last, in seconds since the epoch.
    pub at: i64,
    /// How often somebody has looked, about once a day.
    pub looks: u32,
    /// Keys of a later version.
    #[serde(flatten)]
    pub other: Other,
}

/// What the admins were told.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Told {
    /// The standing that they were told of, until something goes right.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub alerted: Option<Standing>,
    /// Since when somebody tells it, in seconds since the epoch, until that is done.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub telling: Option<i64>,
}

/// When a grant ends, by the words of its provider.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct GrantEnd {
    /// In seconds since the epoch.
    pub at: i64,
    /// When the provider first said so.
    pub since: i64,
    /// Whether a later answer has said the same: a life that begins again with each answer never ends so.
    #[serde(default)]
    pub is_fixed: bool,
    /// Keys of a later version.
    #[serde(flatten)]
    pub other: Other,
}

impl GrantEnd {
    /// So far two answers may be apart that mean the same end, in seconds.
    const APART: i64 = 120;
    /// An answer that is so much later tells one end from another, in seconds.
    const LATER: i64 = 600;

    /// What is known once an answer of now has said this.
    #[must_use]
    pub fn told(before: Option<Self>, at: i64, now: i64) -> Self {
        let same = before.filter(|before| (before.at - at).abs() <= Self::APART);
        match same {
            Some(before) => Self {
                is_fixed: before.is_fixed || now.saturating_sub(before.since) >= Self::LATER,
                ..before
            },
            None => Self {
                at,
                since: now,
                ..Self::default()
            },
        }
    }
}

/// What the admins were told of something that will end.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Warned {
    /// When it ends, in seconds since the epoch.
    pub end: i64,
    /// They were told when it was at most so many days away.
    pub days: u16,
    /// Keys of a later version.
    #[serde(flatten)]
    pub other: Other,
}

/// Who changed the record last, when and why.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Change {
    /// When, in seconds since the epoch.
    pub at: i64,
    /// On which node.
    pub node: String,
    /// Why: `consent`, `refresh`, `failure`, `settings`, `send`, `login`, `refusal`, `alert`, `target`,
    /// `revocation`.
    pub why: String,
    /// On whose behalf: a user, or the part of this software that asked.
    pub by: String,
    /// Keys of a later version.
    #[serde(flatten)]
    pub other: Other,
}
