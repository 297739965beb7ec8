//! A header or a secret of a webhook: `name=NAME,value=BASE64`.

use std::fmt;
use std::str::FromStr;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::fields::unwritable;
use crate::Secret;

/// A name with an optional value, which is kept base64 encoded.
#[derive(Clone, Debug)]
pub struct Pair {
    /// The name.
    pub name: String,
    /// The value, base64 encoded; `Debug` does not show it.
    pub value: Option<Secret>,
}

impl Pair {
    /// The value, decoded; empty where there is none, `None` where it is not valid base64.
    #[must_use]
    pub fn decoded(&self) -> Option<Secret> {
        let bytes = match &self.value {
            Some(value) => STANDARD.decode(value.expose()).ok()?,
            None => Vec::new(),
        };
        String::from_utf8(bytes).ok().map(Secret::new)
    }

    pub(super) fn is_base64(&self) -> bool {
        self.value
            .as_ref()
            .is_none_or(|value| is_base64(value.expose()))
    }

    pub(super) fn has_value(&self) -> bool {
        self.value
            .as_ref()
            .is_some_and(|value| !value.expose().is_empty())
    }
}

pub(super) fn is_base64(text: &str) -> bool {
    STANDARD.decode(text).is_ok()
}

impl FromStr for Pair {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let (mut name, mut value) = (None, None);
        for part in text.split(',') {
            match part.trim().split_once('=') {
                Some(("name", given)) if name.is_none() => name = Some(given.to_owned()),
                Some(("value", given)) if value.is_none() => value = Some(Secret::new(given)),
                _ => return Err("must be of the form name=NAME,value=BASE64"),
            }
        }
        match name {
            Some(name) if unwritable(&name).is_none() => Ok(Self { name, value }),
            _ => Err("needs a name"),
        }
    }
}

impl fmt::Display for Pair {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "name={}", self.name)?;
        match &self.value {
            Some(value) => write!(f, ",value={}", value.expose()),
            None => Ok(()),
        }
    }
}

impl<'de> Deserialize<'de> for Pair {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = Secret::deserialize(deserializer)?;
        text.expose().parse().map_err(serde::de::Error::custom)
    }
}

/// Headers: with their values.
pub(super) fn whole<S: Serializer>(pairs: &[Pair], serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_seq(pairs.iter().map(ToString::to_string))
}

/// Secrets: only their names.
pub(super) fn names<S: Serializer>(pairs: &[Pair], serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_seq(pairs.iter().map(|pair| format!("name={}", pair.name)))
}

/// The method of a webhook's request.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
#[expect(missing_docs, reason = "RFC 9110 section 9.3")]
pub enum HttpMethod {
    #[default]
    Post,
    Put,
    Get,
}

impl HttpMethod {
    /// The word in files and in the API.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Post => "post",
            Self::Put => "put",
            Self::Get => "get",
        }
    }
}

impl FromStr for HttpMethod {
    type Err = &'static str;

    fn from_str(word: &str) -> Result<Self, Self::Err> {
        [Self::Post, Self::Put, Self::Get]
            .into_iter()
            .find(|method| method.as_str() == word)
            .ok_or("must be one of post, put, get")
    }
}

impl<'de> Deserialize<'de> for HttpMethod {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let word = String::deserialize(deserializer)?;
        word.parse().map_err(serde::de::Error::custom)
    }
}
