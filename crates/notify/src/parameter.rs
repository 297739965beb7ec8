//! A parameter of a call that cannot be used.

use std::fmt;

use crate::message::Message;

/// Which one, and why; nothing was sent or changed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Parameter {
    /// Its name in the API, for instance `tenant-id`.
    pub name: &'static str,
    /// What is wrong with it, as the end of a sentence that begins with the name. The value is not
    /// quoted, unless it can be no secret.
    pub reason: String,
    /// What fixes it, where the reason does not say so.
    pub fix: Option<String>,
}

impl Parameter {
    pub(crate) fn new(name: &'static str, reason: impl Into<String>) -> Self {
        Self {
            name,
            reason: reason.into(),
            fix: None,
        }
    }

    /// One that this `auth-method` needs and that is not there.
    pub(crate) fn missing(name: &'static str, method: &str) -> Self {
        let reason = format!("is missing (needed with auth-method '{method}')");
        Self::new(name, reason)
    }

    /// One that has only these values, of which this is none.
    pub(crate) fn unknown(name: &'static str, value: &str, valid: &[&str]) -> Self {
        let is_word = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-';
        let named = match value.len() {
            1..=64 if value.bytes().all(is_word) => format!("unknown value '{value}'"),
            _ => "unknown value".to_owned(),
        };
        let valid = match valid {
            [rest @ .., last] if !rest.is_empty() => format!("{} or {last}", rest.join(", ")),
            valid => valid.concat(),
        };
        Self::new(name, format!("{named}; use {valid}"))
    }

    /// The same with what fixes it.
    #[must_use]
    pub(crate) fn fix(mut self, fix: impl Into<String>) -> Self {
        self.fix = Some(fix.into());
        self
    }

    /// The same with the name that a setting of a target has as a parameter of a call.
    #[must_use]
    pub(crate) fn of_call(mut self) -> Self {
        self.name = self.name.strip_prefix("oauth2-").unwrap_or(self.name);
        self
    }

    /// What a person is told.
    #[must_use]
    pub fn message(&self) -> Message {
        Message {
            fix: self.fix.clone(),
            ..Message::new(&*self.reason).about(self.name)
        }
    }
}

impl fmt::Display for Parameter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.message().fmt(f)
    }
}

impl std::error::Error for Parameter {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_unknown_value_is_named_with_the_valid_ones_unless_it_may_be_a_secret() {
        let text =
            |value: &str, valid: &[&str]| Parameter::unknown("mode", value, valid).to_string();
        assert_eq!(
            text("ssl", &["a", "b", "c"]),
            "mode: unknown value 'ssl'; use a, b or c"
        );
        assert_eq!(
            text("ssl", &["a", "b"]),
            "mode: unknown value 'ssl'; use a or b"
        );
        assert_eq!(text("ssl", &["a"]), "mode: unknown value 'ssl'; use a");
        for value in ["", "S3cret", "a b", "a\nb", &"a".repeat(65)] {
            assert_eq!(text(value, &["a"]), "mode: unknown value; use a", "{value}");
        }
    }

    #[test]
    fn a_missing_one_is_told_with_the_method_and_what_fixes_it() {
        let missing = Parameter::missing("username", "google-oauth2");
        let text = "username: is missing (needed with auth-method 'google-oauth2')";
        assert_eq!(missing.to_string(), text);
        assert_eq!(missing.fix("set it").to_string(), format!("{text}; set it"));
    }
}
