//! The only place where an error of the core becomes what Perl sees: a hash `{ code, message, why?, errors?,
//! without-details?, log? }`, which the API turns into an exception with that HTTP status and those parameters.

use std::collections::BTreeMap;

use notify::Parameter;
use notify::deliver::LogLine;
use notify::message::Message;
use serde::Serialize;

/// What a failed call throws.
#[derive(Debug, Serialize)]
#[serde(transparent)]
pub struct Exception(Box<Thrown>);

#[derive(Debug, Serialize)]
struct Thrown {
    code: u16,
    /// One line.
    message: String,
    /// The same in its parts, where there are several: `{ cause, fix?, details? }`.
    #[serde(skip_serializing_if = "is_single")]
    why: Message,
    /// The parameters that are to blame, with what is wrong with them.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    errors: BTreeMap<&'static str, String>,
    /// The line for whom the other side's words are no concern of.
    #[serde(rename = "without-details", skip_serializing_if = "Option::is_none")]
    without_details: Option<String>,
    /// Lines for the log, `{ level, text }`.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    log: Vec<LogLine>,
}

impl Exception {
    fn new(code: u16, why: Message) -> Self {
        Self(Box::new(Thrown {
            code,
            message: why.to_string(),
            why,
            errors: BTreeMap::new(),
            without_details: None,
            log: Vec::new(),
        }))
    }

    /// A fault of the caller: HTTP status 400.
    pub fn bad_request(message: impl Into<String>) -> Self {
        Self::new(400, Message::new(message))
    }

    /// A fault of this machine: HTTP status 500.
    pub fn internal(message: impl Into<String>) -> Self {
        Self::new(500, Message::new(message))
    }

    /// What Perl handed in is of no use: HTTP status 400.
    pub fn unusable(error: &perlmod::Error) -> Self {
        Self::bad_request(bare(error))
    }

    /// Perl's side of this machine failed: HTTP status 500.
    pub fn of_perl(error: &perlmod::Error) -> Self {
        Self::internal(bare(error))
    }
}

fn is_single(message: &Message) -> bool {
    message.fix.is_none() && message.details.is_none()
}

/// An error of the binding layer without the word that it begins with.
fn bare(error: &perlmod::Error) -> String {
    let text = error.to_string();
    text.strip_prefix("error: ").unwrap_or(&text).to_owned()
}

impl From<Parameter> for Exception {
    fn from(parameter: Parameter) -> Self {
        notify::Error::from(parameter).into()
    }
}

impl From<notify::Error> for Exception {
    fn from(error: notify::Error) -> Self {
        let mut exception = Self::new(error.code(), error.message());
        if let Some(Parameter { name, reason, .. }) = error.parameter() {
            exception.0.errors.insert(name, reason.clone());
        }
        let without_details = error.message_without_details().to_string();
        exception.0.without_details =
            Some(without_details).filter(|text| *text != exception.0.message);
        exception.0.log = error.log().to_vec();
        exception
    }
}

impl From<notify::config::Error> for Exception {
    fn from(error: notify::config::Error) -> Self {
        notify::Error::from(error).into()
    }
}
