//! The mail server that a grant was given for.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::Other;

/// Where tokens are sent to log in, and how the way there is protected. A grant is used for exactly
/// this server and no other.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Peer {
    /// Its name, as in the settings.
    pub server: String,
    /// Its port.
    pub port: u16,
    /// The word for the mode.
    pub mode: String,
    /// Keys of a later version.
    #[serde(flatten)]
    pub other: Other,
}

impl Peer {
    /// The server whatever its port and mode: who may see what was given for it.
    #[must_use]
    pub fn host(&self) -> String {
        self.server.trim_end_matches('.').to_lowercase()
    }
}

impl PartialEq for Peer {
    /// By what this version knows, as [`super::Identity`].
    fn eq(&self, other: &Self) -> bool {
        (&self.server, self.port, &self.mode) == (&other.server, other.port, &other.mode)
    }
}

impl Eq for Peer {}

impl fmt::Display for Peer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            server, port, mode, ..
        } = self;
        write!(f, "{server}:{port} ({mode})")
    }
}
