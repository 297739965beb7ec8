//! How the way to a mail server is protected, and its port, as they stand in files.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize};

/// How the way to the server is protected.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum SmtpMode {
    /// Not at all; port 25.
    Insecure,
    /// TLS after a greeting in the clear; port 587.
    Starttls,
    /// TLS from the start; port 465.
    #[default]
    Tls,
}

impl SmtpMode {
    /// The port where none is set.
    #[must_use]
    pub fn default_port(self) -> u16 {
        match self {
            Self::Insecure => 25,
            Self::Starttls => 587,
            Self::Tls => 465,
        }
    }

    /// The word in files and in the API.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Insecure => "insecure",
            Self::Starttls => "starttls",
            Self::Tls => "tls",
        }
    }
}

impl FromStr for SmtpMode {
    type Err = &'static str;

    fn from_str(word: &str) -> Result<Self, Self::Err> {
        [Self::Insecure, Self::Starttls, Self::Tls]
            .into_iter()
            .find(|mode| mode.as_str() == word)
            .ok_or("must be one of insecure, starttls, tls")
    }
}

impl fmt::Display for SmtpMode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl<'de> Deserialize<'de> for SmtpMode {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let word = String::deserialize(deserializer)?;
        word.parse().map_err(serde::de::Error::custom)
    }
}

/// A port as it stands in a file.
pub(super) struct Port(pub(super) u16);

impl FromStr for Port {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        text.parse()
            .map(Self)
            .map_err(|_| "must be a number from 0 to 65535")
    }
}
