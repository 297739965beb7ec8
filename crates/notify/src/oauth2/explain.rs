//! Turns a refusal into advice: the finest reason that a table knows, then the provider's own words.

use serde_json::Value;

use super::reply::Answer;
use super::{Asked, Provider};
use crate::advice::{self, Advice, Oddity};
use crate::redact::Redactor;
use crate::{Error, Secret};

/// An answer that is none, or that lacks something.
pub(super) fn odd(provider: &str, oddity: Oddity) -> Error {
    let provider = provider.to_owned();
    Error::Answer {
        provider,
        advice: oddity.advice(),
        said: None,
        retry_after: None,
    }
}

/// An answer by which the provider asks for a pause of so many seconds.
pub(super) fn busy(provider: &Provider, oddity: Oddity, retry_after: Option<u32>) -> Error {
    let provider = provider.name.clone();
    Error::Answer {
        provider,
        advice: oddity.advice(),
        said: None,
        retry_after,
    }
}

/// An answer with an `error`.
pub(super) fn refusal(
    asked: &Asked<'_>,
    answer: &Answer,
    status: u16,
    retry_after: Option<u32>,
) -> Error {
    let code = text(answer.error.as_ref());
    let subtype = text(answer.error_subtype.as_ref());
    let description = text(answer.error_description.as_ref());
    let advice = advice::for_google(&subtype)
        .or_else(|| numbers(answer, &description).find_map(advice::for_aadsts))
        .or_else(|| advice::for_google(&code))
        .or_else(|| advice::for_oauth2(&code))
        .unwrap_or_else(|| by_status(status));

    let mut said = code;
    for (before, words, after) in [(" (", subtype, ")"), (": ", description, "")] {
        if !words.is_empty() {
            said.extend([before, words.as_str(), after]);
        }
    }
    let secrets: Vec<&Secret> = asked
        .secrets
        .iter()
        .copied()
        .chain(answer.tokens())
        .collect();
    let said = Redactor::new(asked.client_id, &secrets).clean(&said);
    let said = (!said.is_empty()).then_some(said);
    Error::Answer {
        provider: asked.provider.name.clone(),
        advice,
        said,
        retry_after,
    }
}

/// The text of a field; objects, as some providers put under `error`, as JSON.
pub(super) fn text(value: Option<&Value>) -> String {
    match value {
        None | Some(Value::Null) => String::new(),
        Some(Value::String(text)) => text.clone(),
        Some(other) => other.to_string(),
    }
}

/// Microsoft's numbers: from `error_codes`, then from the description.
fn numbers(answer: &Answer, description: &str) -> impl Iterator<Item = u32> {
    let listed = answer
        .error_codes
        .as_ref()
        .and_then(Value::as_array)
        .into_iter()
        .flatten();
    let listed = listed
        .filter_map(Value::as_u64)
        .filter_map(|number| u32::try_from(number).ok());
    let described = description.split("AADSTS").skip(1).filter_map(|rest| {
        rest.split(|c: char| !c.is_ascii_digit())
            .next()
            .and_then(|digits| digits.parse().ok())
    });
    listed.chain(described)
}

/// For a code that no table knows.
fn by_status(status: u16) -> &'static Advice {
    match status {
        429 => Oddity::TooManyRequests.advice(),
        504 => Oddity::GatewayTimeout.advice(),
        500.. => Oddity::ServerStatus.advice(),
        _ => Oddity::UnknownError.advice(),
    }
}
