//! A matcher's entry: what it asks is [`Rules`], this adds its name, targets and switches.

use serde::{Deserialize, Serialize, Serializer};

use super::Error;
use super::entity::{Entity, Item, Kind, Origin};
use super::fault::{Flaw, Invalid};
use super::fields::{Fields, Rows};
use super::limits;
use super::section::Section;
use super::settings::sealed::Apply;
use super::settings::{replace, set, set_value};
use crate::matcher::{CalendarMatch, Candidate, FieldMatch, Mode, Rules, SeverityMatch};

/// A matcher.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Matcher {
    /// Its name.
    pub name: String,
    /// What it asks of a notification.
    pub rules: Rules,
    /// Where what it lets pass goes.
    pub target: Vec<String>,
    /// `mode`, if it is set; `rules` has the value that counts.
    pub mode: Option<Mode>,
    /// `invert-match`, if it is set; `rules` has the value that counts.
    pub invert_match: Option<bool>,
    /// Words for the admin.
    pub comment: Option<String>,
    /// Whether it is switched off.
    pub disable: Option<bool>,
    /// Where it comes from.
    pub origin: Origin,
}

/// What the API answers.
#[derive(Serialize)]
#[serde(rename_all = "kebab-case")]
struct Answer<'a> {
    name: &'a str,
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    match_field: &'a [FieldMatch],
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    match_severity: &'a [SeverityMatch],
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    match_calendar: &'a [CalendarMatch],
    #[serde(skip_serializing_if = "Option::is_none")]
    mode: Option<Mode>,
    #[serde(skip_serializing_if = "Option::is_none")]
    invert_match: Option<bool>,
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    target: &'a [String],
    #[serde(skip_serializing_if = "Option::is_none")]
    comment: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    disable: Option<bool>,
    origin: Origin,
}

impl Serialize for Matcher {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let answer = Answer {
            name: &self.name,
            match_field: &self.rules.field,
            match_severity: &self.rules.severity,
            match_calendar: &self.rules.calendar,
            mode: self.mode,
            invert_match: self.invert_match,
            target: &self.target,
            comment: self.comment.as_deref(),
            disable: self.disable,
            origin: self.origin,
        };
        answer.serialize(serializer)
    }
}

/// What can be set.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields, default)]
#[expect(missing_docs, reason = "the parameters of the API")]
pub struct MatcherSettings {
    pub target: Option<Vec<String>>,
    pub match_severity: Option<Vec<String>>,
    pub match_field: Option<Vec<String>>,
    pub match_calendar: Option<Vec<String>>,
    pub mode: Option<String>,
    pub invert_match: Option<bool>,
    pub comment: Option<String>,
    pub disable: Option<bool>,
}

const KEYS: [&str; 8] = [
    "match-field",
    "match-severity",
    "match-calendar",
    "mode",
    "invert-match",
    "target",
    "comment",
    "disable",
];

impl Matcher {
    /// As far as routing goes.
    #[must_use]
    pub fn candidate(&self) -> Candidate<'_> {
        Candidate {
            name: &self.name,
            rules: &self.rules,
            targets: &self.target,
            disable: self.disable.unwrap_or_default(),
        }
    }

    fn settle(&mut self) {
        self.rules.mode = self.mode.unwrap_or_default();
        self.rules.invert = self.invert_match.unwrap_or_default();
    }
}

impl Item for Matcher {
    const KIND: Kind = Kind::Matcher;

    fn read(section: &Section<'_>) -> Result<Self, Flaw> {
        let fields = Fields::new(section, &KEYS)?;
        let mut item = Self {
            name: section.name.to_owned(),
            rules: Rules {
                severity: fields.many("match-severity")?,
                field: fields.many("match-field")?,
                calendar: fields.many("match-calendar")?,
                ..Rules::default()
            },
            target: fields.many("target")?,
            mode: fields.one("mode")?,
            invert_match: fields.flag("invert-match")?,
            comment: fields.one("comment")?,
            disable: fields.flag("disable")?,
            origin: Origin::default(),
        };
        item.settle();
        item.check().map_err(|invalid| fields.locate(invalid))?;
        for (index, target) in item.target.iter().enumerate() {
            if !limits::is_name(target) {
                return Err(fields.locate(Invalid::new("target", index, limits::NAME)));
            }
        }
        Ok(item)
    }

    fn check(&self) -> Result<(), Invalid> {
        limits::comment(self.comment.as_ref())
    }

    fn public(&self) -> Rows<'_> {
        let mut rows = Rows::default();
        rows.show("match-field", &self.rules.field);
        rows.show("match-severity", &self.rules.severity);
        rows.show("match-calendar", &self.rules.calendar);
        rows.show("mode", self.mode);
        rows.show("invert-match", self.invert_match);
        rows.text("target", &self.target);
        rows.text("comment", &self.comment);
        rows.show("disable", self.disable);
        rows
    }
}

/// Reads directives that the API handed in.
fn directives<T: std::str::FromStr<Err = String>>(
    key: &'static str,
    to: &mut Vec<T>,
    given: Option<Vec<String>>,
) -> Result<(), Error> {
    let Some(given) = given else { return Ok(()) };
    let mut parsed = Vec::with_capacity(given.len());
    for (index, text) in given.iter().enumerate() {
        limits::nth_text(key, index, Some(text))?;
        parsed.push(text.parse().map_err(|e: String| Error::parameter(key, e))?);
    }
    *to = parsed;
    Ok(())
}

impl Apply for MatcherSettings {
    type Of = Matcher;

    fn blank(name: &str) -> Matcher {
        Matcher {
            name: name.to_owned(),
            ..Matcher::default()
        }
    }

    fn find(entity: &Entity) -> Option<&Matcher> {
        match entity {
            Entity::Matcher(item) => Some(item),
            _ => None,
        }
    }

    fn delete(item: &mut Matcher, key: &str) -> bool {
        match key {
            "match-field" => item.rules.field.clear(),
            "match-severity" => item.rules.severity.clear(),
            "match-calendar" => item.rules.calendar.clear(),
            "mode" => item.mode = None,
            "invert-match" => item.invert_match = None,
            "target" => item.target.clear(),
            "comment" => item.comment = None,
            "disable" => item.disable = None,
            _ => return false,
        }
        item.settle();
        true
    }

    fn apply(self, item: &mut Matcher) -> Result<(), Error> {
        directives(
            "match-severity",
            &mut item.rules.severity,
            self.match_severity,
        )?;
        directives("match-field", &mut item.rules.field, self.match_field)?;
        directives(
            "match-calendar",
            &mut item.rules.calendar,
            self.match_calendar,
        )?;
        for field in &item.rules.field {
            field
                .compile()
                .map_err(|reason| Error::parameter("match-field", reason))?;
        }
        if let Some(mode) = self.mode.filter(|mode| !mode.is_empty()) {
            let mode = mode
                .parse()
                .map_err(|e: String| Error::parameter("mode", e))?;
            item.mode = Some(mode);
        }
        set_value(&mut item.invert_match, self.invert_match);
        replace(&mut item.target, self.target);
        set(&mut item.comment, self.comment);
        set_value(&mut item.disable, self.disable);
        item.settle();
        Ok(())
    }

    fn targets(&self) -> &[String] {
        self.target.as_deref().unwrap_or_default()
    }
}

impl From<Matcher> for Entity {
    fn from(item: Matcher) -> Self {
        Self::Matcher(item)
    }
}
