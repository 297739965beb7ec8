//! What is kept of one OAuth2 target, and its form on disk: one JSON object.
//!
//! A record says which version wrote it and which is the oldest that may rewrite it. Keys that this
//! version does not know are kept, so that a record of a later version survives. Reading is strict:
//! a key twice, another type, anything behind the object or a wrong checksum makes it unreadable;
//! without the checksum a damaged key would look like a key of a later version.

use std::collections::BTreeMap;
use std::fmt;

use serde::de::{Error as _, MapAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::{Map, Value};
use zeroize::Zeroizing;

use super::parts::Other;
use super::{
    Change, ClientAuths, Error, GrantEnd, Identity, Orphaned, Peer, Refused, Standing, Told,
    Trouble, Warned,
};
use crate::hash::sha256;
use crate::{Secret, disk};

/// The key of the checksum: SHA-256 over all other keys and values, the keys in order.
const CHECK: &str = "check";
/// The version that this software writes.
const VERSION: u32 = 1;

/// A record. Times are seconds since the epoch.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Record {
    version: u32,
    /// The oldest version that may rewrite it.
    compatible: u32,
    /// Tells a target from one of the same name before or after it.
    pub id: String,
    /// Counts the writes.
    pub generation: u64,
    /// Tells an access token from every other.
    pub token_id: String,
    /// Whose tokens these are.
    pub identity: Identity,
    /// The only mail server they may be sent to; none in a record of before this was kept, until its
    /// next use.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub peer: Option<Peer>,
    /// The grant.
    #[serde(serialize_with = "exposed", skip_serializing_if = "Option::is_none")]
    pub refresh_token: Option<Secret>,
    /// The one before it.
    #[serde(serialize_with = "exposed", skip_serializing_if = "Option::is_none")]
    pub previous_refresh_token: Option<Secret>,
    /// The access token obtained last.
    #[serde(serialize_with = "exposed", skip_serializing_if = "Option::is_none")]
    pub access_token: Option<Secret>,
    /// The life of the access token in seconds, from the moment it was obtained.
    pub life: u32,
    /// The node that obtained it, whose clock `obtained` is from.
    pub obtained_by: String,
    /// When the access token was obtained.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub obtained: Option<i64>,
    /// When a person consented.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub consented: Option<i64>,
    /// When the provider last gave a token for the grant.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub refreshed: Option<i64>,
    /// When mail was last sent with it; exact to the hour.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sent: Option<i64>,
    /// The last change.
    pub changed: Change,
    /// How things stand.
    pub standing: Standing,
    /// What the admins were told of it.
    #[serde(flatten)]
    pub told: Told,
    /// What went wrong last, until something goes right.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub trouble: Option<Trouble>,
    /// Since when the settings are others than it was made for, where that was noticed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub outdated: Option<i64>,
    /// That there is no target for it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub orphaned: Option<Orphaned>,
    /// How the mail server refused the login, until mail is sent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub refused: Option<Refused>,
    /// Whether a notification, too, asks again after the failure: it may pass although nobody acts.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub may_pass: bool,
    /// Refreshes that failed since one succeeded.
    pub failures: u32,
    /// When the provider was last asked.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tried: Option<i64>,
    /// Until when the provider asked to be left alone, after the last try.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub wait_until: Option<i64>,
    /// An earlier version's own pause; of no use any more.
    #[serde(rename = "retry-at", default, skip_serializing)]
    _pause: Option<i64>,
    /// A fingerprint of the settings that were used, to notice that somebody mended them.
    pub settings: String,
    /// How the application logs in at the provider, where that is a setting or was found out.
    #[serde(default, skip_serializing_if = "ClientAuths::is_empty")]
    pub client_auth: ClientAuths,
    /// A fingerprint of the scopes that were asked for.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub asked_scopes: String,
    /// How many seconds the provider's clock was ahead of the node's.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub clock_skew: Option<i64>,
    /// When the grant ends whatever becomes of it, where the provider said so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub grant_ends: Option<GrantEnd>,
    /// The client secret before the present one, until that has worked.
    #[serde(
        default,
        serialize_with = "exposed",
        skip_serializing_if = "Option::is_none"
    )]
    pub previous_secret: Option<Secret>,
    /// Since when the provider refuses the present secret, and the one before it is used.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub secret_refused: Option<i64>,
    /// When the provider was found to say that the client secret has ended.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub secret_ended: Option<i64>,
    /// What was told of things that will end, by what they are.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub warned: BTreeMap<String, Warned>,
    /// The record of a person's grant, while an application acts for itself in its place.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub aside: Option<Box<Record>>,
    /// Keys of a later version.
    #[serde(flatten)]
    other: Other,
}

impl Record {
    /// The first record of a target.
    ///
    /// # Errors
    /// [`Error::Random`].
    pub fn new(identity: Identity) -> Result<Self, Error> {
        Ok(Self {
            version: VERSION,
            compatible: VERSION,
            id: super::random()?,
            identity,
            ..Self::default()
        })
    }

    /// Reads a record.
    ///
    /// # Errors
    /// What is wrong, as the end of a sentence; `None` if a later version forbids to touch it.
    pub(super) fn parse(bytes: &[u8]) -> Result<Self, Option<&'static str>> {
        if bytes.is_empty() {
            return Err(Some("it is empty"));
        }
        if bytes.len() as u64 > disk::MAX {
            return Err(Some("it has more than 1048552 bytes"));
        }
        let text = std::str::from_utf8(bytes).map_err(|_| Some("it is not UTF-8"))?;
        let Single(mut map) = serde_json::from_str(text)
            .map_err(|_| Some("it is not a JSON object, has a key twice or is incomplete"))?;
        let check = map.remove(CHECK);
        if check.as_ref().and_then(Value::as_str) != Some(checksum(&map).as_str()) {
            return Err(Some("its checksum is wrong"));
        }
        if map.get("compatible").and_then(Value::as_u64) > Some(VERSION.into()) {
            return Err(None);
        }
        let record: Self = serde_json::from_value(Value::Object(map))
            .map_err(|_| Some("a key is missing or has the wrong type"))?;
        if record.version == 0 || record.id.is_empty() {
            return Err(Some("it has no version or no id"));
        }
        let is_sound = |record: &Self| record.tokens().all(is_token);
        if !is_sound(&record) || !record.aside.as_deref().is_none_or(is_sound) {
            return Err(Some("a token in it has characters that no token has"));
        }
        Ok(record)
    }

    fn tokens(&self) -> impl Iterator<Item = &Secret> {
        let tokens = [
            &self.refresh_token,
            &self.previous_refresh_token,
            &self.access_token,
        ];
        tokens.into_iter().flatten()
    }

    /// The form on disk.
    pub(super) fn to_bytes(&self) -> Zeroizing<Vec<u8>> {
        // maps with string keys only: nothing that JSON cannot say
        let mut value = serde_json::to_value(self).unwrap_or_default();
        if let Value::Object(map) = &mut value {
            map.insert(CHECK.to_owned(), checksum(map).into());
        }
        let mut bytes = Zeroizing::new(serde_json::to_vec_pretty(&value).unwrap_or_default());
        bytes.push(b'\n');
        bytes
    }
}

fn is_token(token: &Secret) -> bool {
    let text = token.expose();
    !text.is_empty() && text.bytes().all(|byte| (0x20..=0x7e).contains(&byte))
}

fn checksum(map: &Map<String, Value>) -> String {
    let ordered: BTreeMap<_, _> = map.iter().collect();
    let bytes = Zeroizing::new(serde_json::to_vec(&ordered).unwrap_or_default());
    crate::hex::hex(&sha256(&bytes))
}

fn exposed<S: Serializer>(secret: &Option<Secret>, serializer: S) -> Result<S::Ok, S::Error> {
    secret.as_ref().map(Secret::expose).serialize(serializer)
}

/// An object in which no key comes twice.
struct Single(Map<String, Value>);

impl<'de> Deserialize<'de> for Single {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Keys;
        impl<'de> Visitor<'de> for Keys {
            type Value = Single;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut access: A) -> Result<Single, A::Error> {
                let mut map = Map::new();
                while let Some((key, value)) = access.next_entry::<String, Value>()? {
                    if map.insert(key, value).is_some() {
                        return Err(A::Error::custom("a key twice"));
                    }
                }
                Ok(Single(map))
            }
        }
        deserializer.deserialize_map(Keys)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn record() -> Record {
        let mut record = Record::new(Identity::default()).unwrap();
        record.refresh_token = Some(Secret::new("canary"));
        record
    }

    #[test]
    fn what_is_written_is_read_and_debug_shows_no_token() {
        let record = record();
        let read = Record::parse(&record.to_bytes()).unwrap();
        assert_eq!(read.to_bytes(), record.to_bytes());
        assert_eq!(read.refresh_token.as_ref().unwrap().expose(), "canary");
        assert!(!format!("{read:?}").contains("canary"));
    }

    #[test]
    fn keys_of_a_later_version_survive() {
        let seal = |value: &mut Value| {
            let map = value.as_object_mut().unwrap();
            map.remove(CHECK);
            map.insert(CHECK.to_owned(), checksum(map).into());
        };
        let mut value: Value = serde_json::from_slice(&record().to_bytes()).unwrap();
        value["version"] = 7.into();
        value["colour"] = serde_json::json!({"of": ["the", 1]});
        seal(&mut value);
        let read = Record::parse(value.to_string().as_bytes()).unwrap();
        let again: Value = serde_json::from_slice(&read.to_bytes()).unwrap();
        assert_eq!(again, value);
        value["compatible"] = 2.into();
        seal(&mut value);
        assert_eq!(
            Record::parse(value.to_string().as_bytes()).unwrap_err(),
            None
        );
    }
}
