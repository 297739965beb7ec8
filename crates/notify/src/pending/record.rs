//! What is kept of one consent or token, and its form on disk: one JSON object.

use serde::{Deserialize, Serialize};
use serde_json::Value;
use zeroize::Zeroizing;

use crate::oauth2::Application;
use crate::state::Identity;
use crate::{Secret, secret};

/// The version that this software writes and reads.
const VERSION: u32 = 1;

/// A consent that was begun, or a token that no target has yet. Times are seconds since the epoch.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Waiting {
    version: u32,
    /// The user or API token who began it, in full: nobody else can go on with it.
    pub by: String,
    /// When it ends.
    pub until: i64,
    /// The target that it is for, where it is for one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub target: Option<String>,
    /// The host of the target's mail server, which alone gets them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub server: Option<String>,
    /// Whose tokens these will be, or are; without a login where none was named.
    pub identity: Identity,
    /// The application.
    pub application: Application,
    /// What is waited for.
    #[serde(flatten)]
    pub what: What,
}

/// What is waited for.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(
    rename_all = "kebab-case",
    rename_all_fields = "kebab-case",
    tag = "kind"
)]
pub enum What {
    /// A code from the consent page.
    Code {
        /// The redirect URI that the page was opened with.
        redirect_uri: String,
        /// The PKCE verifier.
        #[serde(serialize_with = "secret::exposed")]
        verifier: Secret,
    },
    /// A person on another device.
    Device {
        /// What the provider knows it by.
        #[serde(serialize_with = "secret::exposed")]
        device_code: Secret,
        /// Seconds between two questions.
        interval: u32,
        /// Before this the provider is not asked again.
        next: i64,
    },
    /// A target for a token: what a handle stands for.
    Token {
        /// The token.
        #[serde(serialize_with = "secret::exposed")]
        refresh_token: Secret,
        /// What the provider calls the mailbox that consented, where that is known; the best name first.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        mailboxes: Vec<String>,
    },
}

impl Waiting {
    /// A record; of a target by its name and the host of its mail server.
    #[must_use]
    pub fn new(
        by: &str,
        until: i64,
        target: Option<(String, String)>,
        (identity, application): (Identity, Application),
        what: What,
    ) -> Self {
        let (target, server) = target.unzip();
        Self {
            version: VERSION,
            by: by.to_owned(),
            until,
            target,
            server,
            identity,
            application,
            what,
        }
    }

    /// What has become of it.
    #[must_use]
    pub fn become_of(&self, until: i64, what: What) -> Self {
        let of = (self.identity.clone(), self.application.clone());
        let target = self.target.clone().zip(self.server.clone());
        Self::new(&self.by, until, target, of, what)
    }

    /// Reads one; `None` for anything else, a record of a later version too.
    pub(super) fn parse(bytes: &[u8]) -> Option<Self> {
        let waiting: Self = serde_json::from_slice(bytes).ok()?;
        (waiting.version == VERSION).then_some(waiting)
    }

    /// The form on disk.
    pub(super) fn to_bytes(&self) -> Zeroizing<Vec<u8>> {
        // maps with string keys only: nothing that JSON cannot say
        Zeroizing::new(serde_json::to_vec(self).unwrap_or_default())
    }
}

/// When a record ends and whose it is, also of a later version.
pub(super) fn owner_and_end(bytes: &[u8]) -> Option<(String, i64)> {
    let value: Value = serde_json::from_slice(bytes).ok()?;
    let by = value.get("by")?.as_str()?.to_owned();
    Some((by, value.get("until")?.as_i64()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read_and_debug_shows_no_secret() {
        for what in [
            What::Code {
                redirect_uri: "http://localhost/".to_owned(),
                verifier: Secret::new("canary"),
            },
            What::Token {
                refresh_token: Secret::new("canary"),
                mailboxes: Vec::new(),
            },
        ] {
            let of = (Identity::default(), Application::default());
            let waiting = Waiting::new("root@pam", 7, None, of, what);
            let bytes = waiting.to_bytes();
            let read = Waiting::parse(&bytes).unwrap();
            assert_eq!(read.to_bytes(), bytes);
            assert!(!format!("{read:?}").contains("canary"));
            assert_eq!(owner_and_end(&bytes), Some(("root@pam".to_owned(), 7)));
            let later = String::from_utf8(bytes.to_vec()).unwrap();
            let later = later.replace("\"version\":1", "\"version\":2");
            assert!(Waiting::parse(later.as_bytes()).is_none());
            assert!(owner_and_end(later.as_bytes()).is_some());
        }
        for bytes in [&b""[..], b"{}", b"[]", b"\xff", b"{\"by\":1,\"until\":2}"] {
            assert!(Waiting::parse(bytes).is_none());
            assert!(owner_and_end(bytes).is_none());
        }
    }
}
