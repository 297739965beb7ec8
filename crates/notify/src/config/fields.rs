//! Typed reading and writing of a section's properties.
//!
//! Reading names the line of what is wrong; writing refuses what could not be read again.

use std::fmt::Display;
use std::str::FromStr;

use super::fault::{Flaw, Invalid};
use super::section::{Property, Section};
use crate::Secret;

/// The properties of one section.
pub(super) struct Fields<'s, 'a> {
    line: usize,
    properties: &'s [Property<'a>],
}

impl<'s, 'a> Fields<'s, 'a> {
    /// Refuses a line without value and keys that the section must not have.
    pub(super) fn new(section: &'s Section<'a>, keys: &[&str]) -> Result<Self, Flaw> {
        Self::checked(section, keys, |key| format!("unknown property '{key}'"))
    }

    /// The same for a file with secrets, where an unknown key may be a secret gone astray.
    pub(super) fn private(section: &'s Section<'a>, keys: &[&str]) -> Result<Self, Flaw> {
        Self::checked(section, keys, |_| "unknown property".to_owned())
    }

    /// What can be made out of a section that is refused.
    pub(super) fn any(section: &'s Section<'a>) -> Self {
        Self {
            line: section.line,
            properties: &section.properties,
        }
    }

    fn checked(
        section: &'s Section<'a>,
        keys: &[&str],
        reason: fn(&str) -> String,
    ) -> Result<Self, Flaw> {
        if let Some(flaw) = &section.flaw {
            return Err(flaw.clone());
        }
        if let Some(unknown) = section.properties.iter().find(|p| !keys.contains(&p.key)) {
            return Err(Flaw::new(unknown.line, reason(unknown.key)));
        }
        Ok(Self::any(section))
    }

    fn all(&self, key: &str) -> impl Iterator<Item = &'s Property<'a>> {
        self.properties.iter().filter(move |p| p.key == key)
    }

    fn single(&self, key: &str) -> Result<Option<&'s Property<'a>>, Flaw> {
        let mut all = self.all(key);
        let first = all.next();
        match all.next() {
            Some(second) => Err(Flaw::new(
                second.line,
                format!("duplicate property '{key}'"),
            )),
            None => Ok(first),
        }
    }

    /// An optional property of any type that can be read from text.
    pub(super) fn one<T: FromStr>(&self, key: &str) -> Result<Option<T>, Flaw>
    where
        T::Err: Display,
    {
        self.single(key)?.map(|p| parse(key, p)).transpose()
    }

    /// The same, but it must be there.
    pub(super) fn required(&self, key: &str) -> Result<String, Flaw> {
        self.one(key)?.ok_or_else(|| {
            Flaw::new(
                self.line,
                format!("property '{key}' is missing and it is not optional."),
            )
        })
    }

    /// 1, on, yes, true, or 0, off, no, false in any case.
    pub(super) fn flag(&self, key: &str) -> Result<Option<bool>, Flaw> {
        let Some(property) = self.single(key)? else {
            return Ok(None);
        };
        let is = |words: [&str; 4]| words.iter().any(|w| property.value.eq_ignore_ascii_case(w));
        if is(["1", "on", "yes", "true"]) {
            Ok(Some(true))
        } else if is(["0", "off", "no", "false"]) {
            Ok(Some(false))
        } else {
            Err(Flaw::new(
                property.line,
                format!("{key}: not a boolean value"),
            ))
        }
    }

    /// An optional secret.
    pub(super) fn secret(&self, key: &str) -> Result<Option<Secret>, Flaw> {
        Ok(self.single(key)?.map(|p| Secret::new(p.value)))
    }

    /// All values of a key that may be repeated.
    pub(super) fn many<T: FromStr>(&self, key: &str) -> Result<Vec<T>, Flaw>
    where
        T::Err: Display,
    {
        self.all(key).map(|p| parse(key, p)).collect()
    }

    /// The line of an invalid value.
    pub(super) fn locate(&self, invalid: Invalid) -> Flaw {
        let line = self
            .all(invalid.key)
            .nth(invalid.index)
            .map_or(self.line, |p| p.line);
        Flaw::new(line, format!("{}: {}", invalid.key, invalid.reason))
    }
}

fn parse<T: FromStr>(key: &str, property: &Property<'_>) -> Result<T, Flaw>
where
    T::Err: Display,
{
    // what is read must be possible to write
    if let Some(reason) = unwritable(property.value) {
        return Err(Flaw::new(property.line, format!("{key}: {reason}")));
    }
    property
        .value
        .parse()
        .map_err(|error: T::Err| Flaw::new(property.line, format!("{key}: {error}")))
}

/// The properties of a section to be written.
#[derive(Default)]
pub(super) struct Rows<'e>(Vec<(&'static str, Text<'e>)>);

/// A value to be written.
enum Text<'e> {
    Lent(&'e str),
    Own(String),
}

impl Text<'_> {
    fn as_str(&self) -> &str {
        match self {
            Self::Lent(text) => text,
            Self::Own(text) => text,
        }
    }
}

impl<'e> Rows<'e> {
    /// A property that is text anyway.
    pub(super) fn text(&mut self, key: &'static str, value: impl IntoIterator<Item = &'e String>) {
        self.0
            .extend(value.into_iter().map(|value| (key, Text::Lent(value))));
    }

    /// A secret property.
    pub(super) fn secret(&mut self, key: &'static str, value: Option<&'e Secret>) {
        self.0
            .extend(value.map(|value| (key, Text::Lent(value.expose()))));
    }

    /// A property that is a part of a text.
    pub(super) fn lend(&mut self, key: &'static str, value: &'e str) {
        self.0.push((key, Text::Lent(value)));
    }

    /// A property of another type.
    pub(super) fn show<T: ToString>(
        &mut self,
        key: &'static str,
        values: impl IntoIterator<Item = T>,
    ) {
        self.0.extend(
            values
                .into_iter()
                .map(|value| (key, Text::Own(value.to_string()))),
        );
    }

    /// Nothing, if there is no property.
    pub(super) fn filled(self) -> Option<Self> {
        (!self.0.is_empty()).then_some(self)
    }

    /// Appends the section to a file, with an empty line before it where it is not the first.
    ///
    /// # Errors
    /// The property that could not be read again as it is.
    pub(super) fn append(
        mut self,
        kind: &str,
        name: &str,
        file: &mut String,
    ) -> Result<(), String> {
        self.0.sort_by_key(|(key, _)| *key);
        if !file.is_empty() {
            file.push('\n');
        }
        file.extend([kind, ": ", name, "\n"]);
        for (key, value) in &self.0 {
            let value = value.as_str();
            if let Some(reason) = unwritable(value) {
                return Err(format!("{key}: {reason}"));
            }
            file.extend(["\t", key, " ", value, "\n"]);
        }
        Ok(())
    }
}

/// Why a value would not come back from a file as it is.
pub(super) fn unwritable(value: &str) -> Option<&'static str> {
    if value.is_empty() {
        Some("must not be empty")
    } else if value.contains(char::is_control) {
        Some("must not contain control characters")
    } else if value.trim().len() != value.len() {
        Some("must not begin or end with whitespace")
    } else {
        None
    }
}
