//! A consent on another device (RFC 8628): a code that a person enters there, and the questions whether that is
//! done.

use std::time::Duration;

use ::oauth2::url::Url;
use serde::Deserialize;
use serde_json::Value;

use super::custom::canonical;
use super::exchange::{Consented, consented};
use super::form::Form;
use super::{Account, Asking, Error, GOOGLE, explain, reply};
use crate::cause::Oddity;
use crate::net::Trip;
use crate::{Deadline, Secret};

/// The grant type of section 3.4.
const GRANT_TYPE: &str = "urn:ietf:params:oauth:grant-type:device_code";
/// Seconds between two questions where the provider says nothing (section 3.2).
const INTERVAL: u32 = 5;
/// So many seconds more after each `slow_down` (section 3.5).
const SLOWER: u32 = 5;
/// The longest life of a code, and the longest pause between two questions, in seconds.
const LONGEST: u32 = 900;
/// The longest code that a person is shown, in bytes.
const SHOWN: usize = 64;

/// A consent on another device that has begun.
#[derive(Debug)]
pub(crate) struct Device {
    pub(crate) device_code: Secret,
    pub(crate) user_code: String,
    pub(crate) verification_uri: String,
    pub(crate) verification_uri_complete: Option<String>,
    /// Seconds.
    pub(crate) expires_in: u32,
    /// Seconds between two questions.
    pub(crate) interval: u32,
}

/// What a question comes to.
#[derive(Debug)]
pub(crate) enum Polled {
    /// The person is not done; so many seconds until the next question.
    Pending(u32),
    /// It is done.
    Granted(Box<Consented>),
}

/// What the provider answers to the beginning.
#[derive(Deserialize)]
struct Answer {
    device_code: Option<Secret>,
    user_code: Option<String>,
    // Google's name for it is older than the RFC
    #[serde(alias = "verification_url")]
    verification_uri: Option<String>,
    verification_uri_complete: Option<String>,
    expires_in: Option<Value>,
    interval: Option<Value>,
}

/// Asks for a code.
pub(crate) fn begin(trip: &Trip, account: &Account, deadline: Deadline) -> Result<Device, Error> {
    let url = device_url(account)?;
    let form = Form {
        account,
        kind: Asking::Code,
        url: &url,
        parameters: &[("scope", &account.provider.scopes.join(" "))],
        secret: None,
    };
    let of_url = |error: Error| error.of_endpoint(&account.provider, "oauth2-device-url");
    let response = form
        .send(trip, deadline, reply::check_status)
        .map_err(|refusal| of_url(*refusal.error).of_device())?;
    let odd = || of_url(explain::odd(&account.provider.name, Oddity::NotJson));
    let answer: Answer = serde_json::from_slice(response.body()).map_err(|_| odd())?;
    answer.judged().ok_or_else(odd)
}

/// Asks whether the person is done.
pub(crate) fn poll(
    trip: &Trip,
    account: &Account,
    (device_code, interval): (&Secret, u32),
    deadline: Deadline,
) -> Result<Polled, Error> {
    let url = account.token_url()?;
    let form = Form {
        account,
        kind: Asking::Code,
        url: &url,
        parameters: &[
            ("grant_type", GRANT_TYPE),
            ("device_code", device_code.expose()),
        ],
        secret: Some(device_code),
    };
    match form.send(trip, deadline, reply::check) {
        Ok(response) => {
            let tokens = serde_json::from_slice(response.body())
                .map_err(|_| explain::odd(&account.provider.name, Oddity::NotJson))?;
            Ok(Polled::Granted(Box::new(consented(
                tokens,
                &account.provider,
            )?)))
        }
        Err(refusal) => match refusal.error.word().as_str() {
            "authorization_pending" => Ok(Polled::Pending(interval)),
            "slow_down" => Ok(Polled::Pending((interval + SLOWER).min(LONGEST))),
            _ => Err(refusal.error.of_device()),
        },
    }
}

/// Where codes are given.
pub(crate) fn device_url(account: &Account) -> Result<Url, Error> {
    let provider = &account.provider;
    let Some(url) = &provider.device_url else {
        let reason = match provider.name.as_str() {
            GOOGLE => "cannot be used with a device code: Google does not allow it for mail",
            _ => "cannot be used with a device code: the provider has no device endpoint",
        };
        return Err(crate::Parameter::new("auth-method", reason)
            .fix("use the consent page instead")
            .into());
    };
    account.of_tenant(url)
}

impl Answer {
    fn judged(self) -> Option<Device> {
        // a person reads them: nothing that looks like something else
        let is_code = |code: &String| {
            (1..=SHOWN).contains(&code.len()) && code.bytes().all(|byte| byte.is_ascii_graphic())
        };
        let page = |url: Option<String>| canonical(&url?).ok();
        let user_code = self.user_code.filter(is_code)?;
        let verification_uri = page(self.verification_uri)?;
        let device_code = self
            .device_code
            .filter(|code| reply::is_token(code.expose()))?;
        let life = seconds(self.expires_in.as_ref()).unwrap_or(LONGEST);
        let interval = seconds(self.interval.as_ref()).unwrap_or(INTERVAL);
        Some(Device {
            device_code,
            user_code,
            verification_uri,
            verification_uri_complete: page(self.verification_uri_complete),
            expires_in: life.clamp(1, LONGEST),
            interval: interval.clamp(1, LONGEST),
        })
    }
}

/// A number of seconds, also as a text.
fn seconds(value: Option<&Value>) -> Option<u32> {
    match value? {
        Value::Number(number) => number.as_u64().and_then(|number| number.try_into().ok()),
        Value::String(text) => text.parse().ok(),
        _ => None,
    }
}

/// How long a question may take.
pub(crate) const ASK: Duration = Duration::from_secs(20);

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn judged(answer: &Value) -> Option<Device> {
        serde_json::from_value::<Answer>(answer.clone())
            .ok()?
            .judged()
    }

    #[test]
    fn an_answer_is_taken_as_the_rfc_says_and_bounded() {
        let good = json!({
            "device_code": "cAnArY", "user_code": "WDJB-MJHT",
            "verification_uri": "https://example.org/device",
        });
        let with = |more: Value| {
            let mut answer = good.clone();
            let map = answer.as_object_mut().unwrap();
            map.extend(more.as_object().unwrap().clone());
            judged(&answer)
        };
        let plain = with(json!({})).unwrap();
        assert_eq!((plain.expires_in, plain.interval), (900, 5));
        assert!(!format!("{plain:?}").contains("cAnArY"));
        for (more, expires_in, interval) in [
            (json!({"expires_in": 300, "interval": 7}), 300, 7),
            (json!({"expires_in": "300", "interval": "7"}), 300, 7),
            (json!({"expires_in": 1, "interval": 0}), 1, 1),
            (
                json!({"expires_in": 1_000_000, "interval": 1_000_000}),
                900,
                900,
            ),
            (json!({"expires_in": -1, "interval": null}), 900, 5),
        ] {
            let device = with(more.clone()).unwrap();
            assert_eq!(
                (device.expires_in, device.interval),
                (expires_in, interval),
                "{more}"
            );
        }
        let google = json!({"device_code": "x", "user_code": "y", "verification_url": "https://example.org/device"});
        assert!(judged(&google).is_some());
        for more in [
            json!({"device_code": ""}),
            json!({"device_code": "a\nb"}),
            json!({"user_code": ""}),
            json!({"user_code": "\u{1b}[2J"}),
            json!({"user_code": "AB\u{202e}CD"}),
            json!({"user_code": "AB CD"}),
            json!({"user_code": "x".repeat(65)}),
            json!({"verification_uri": "javascript:alert(1)"}),
            json!({"verification_uri": "http://example.org/"}),
            json!({"verification_uri": null}),
        ] {
            assert!(with(more.clone()).is_none(), "{more}");
        }
        let odd = with(json!({"verification_uri": "https://example.org/\u{202e}x"})).unwrap();
        assert_eq!(odd.verification_uri, "https://example.org/%E2%80%AEx");
        let odd = with(json!({"verification_uri_complete": "file:///etc/passwd"})).unwrap();
        assert_eq!(odd.verification_uri_complete, None);
    }
}
