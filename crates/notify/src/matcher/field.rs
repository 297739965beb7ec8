//! The directive `match-field`: `exact:FIELD=VALUE,VALUE` or `regex:FIELD=PATTERN`.
//!
//! A pattern is checked when it is read and compiled when it is first tried: a daemon that only
//! lists thousands of matchers never pays for them.

use std::fmt;
use std::str::FromStr;
use std::sync::OnceLock;

use regex::{Regex, RegexBuilder};
use regex_syntax::ast;
use regex_syntax::hir::translate::Translator;

use crate::as_string::as_string;

/// The largest compiled pattern, in bytes; a hostile `\w{999}{999}` ends here.
const SIZE_LIMIT: usize = 10 * 1024 * 1024;
/// What a search may keep beside the pattern to run faster, in bytes.
const CACHE_LIMIT: usize = 2 * 1024 * 1024;
/// How deep groups and repetitions may nest.
const NEST_LIMIT: u32 = 250;

/// A test of one field of a notification.
#[derive(Clone, Debug)]
pub struct FieldMatch {
    field: String,
    test: Test,
}

#[derive(Clone, Debug)]
enum Test {
    Exact(Vec<String>),
    Pattern(Pattern),
}

#[derive(Clone, Debug)]
struct Pattern {
    text: String,
    compiled: OnceLock<Result<Regex, String>>,
}

impl FieldMatch {
    /// The name of the field.
    #[must_use]
    pub fn field(&self) -> &str {
        &self.field
    }

    /// Whether a notification whose field has this value passes; a missing field never does.
    ///
    /// # Errors
    /// The reason, if the pattern cannot be compiled within the size limit.
    pub fn matches(&self, value: Option<&str>) -> Result<bool, String> {
        match &self.test {
            Test::Exact(values) => {
                Ok(value.is_some_and(|value| values.iter().any(|allowed| allowed == value)))
            }
            Test::Pattern(pattern) => {
                let regex = pattern.compiled()?;
                Ok(value.is_some_and(|value| regex.is_match(value)))
            }
        }
    }

    /// Compiles the pattern, which reading it does not: for whoever is about to save it.
    ///
    /// # Errors
    /// The reason, if that is not possible within the size limit.
    pub fn compile(&self) -> Result<(), String> {
        match &self.test {
            Test::Exact(_) => Ok(()),
            Test::Pattern(pattern) => pattern.compiled().map(|_| ()),
        }
    }
}

impl Pattern {
    fn new(text: &str) -> Result<Self, String> {
        let tree = ast::parse::ParserBuilder::new()
            .nest_limit(NEST_LIMIT)
            .build()
            .parse(text)
            .map_err(|error| in_one_line(&error.to_string()))?;
        // what else can be wrong comes with flags and classes by name, and takes longer to find
        if ["(?", r"\p", r"\P"].iter().any(|mark| text.contains(mark)) {
            Translator::new()
                .translate(text, &tree)
                .map_err(|error| in_one_line(&error.to_string()))?;
        }
        Ok(Self {
            text: text.to_owned(),
            compiled: OnceLock::new(),
        })
    }

    fn compiled(&self) -> Result<&Regex, String> {
        self.compiled
            .get_or_init(|| {
                RegexBuilder::new(&self.text)
                    .size_limit(SIZE_LIMIT)
                    .dfa_size_limit(CACHE_LIMIT)
                    .nest_limit(NEST_LIMIT)
                    .build()
                    .map_err(|error| format!("invalid regex: {}", in_one_line(&error.to_string())))
            })
            .as_ref()
            .map_err(Clone::clone)
    }
}

/// The last line of a message that also draws the pattern and points into it.
fn in_one_line(message: &str) -> String {
    let last = message.lines().last().unwrap_or_default();
    let reason = last.strip_prefix("error: ").unwrap_or(last);
    reason.trim().trim_end_matches('.').to_owned()
}

impl FromStr for FieldMatch {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (kind, rest) = text
            .split_once(':')
            .ok_or_else(|| format!("'{text}' begins neither with exact: nor with regex:"))?;
        let (field, value) = rest
            .split_once('=')
            .ok_or_else(|| format!("'{text}' has no ="))?;
        if !is_safe_id(field) {
            return Err(format!("'{field}' is not a valid field name"));
        }
        let test = match kind {
            "exact" => Test::Exact(value.split(',').map(|v| v.trim().to_owned()).collect()),
            "regex" => Test::Pattern(
                Pattern::new(value).map_err(|reason| format!("invalid regex: {reason}"))?,
            ),
            _ => {
                return Err(format!(
                    "'{text}' begins neither with exact: nor with regex:"
                ));
            }
        };
        Ok(Self {
            field: field.to_owned(),
            test,
        })
    }
}

/// A letter, digit or underscore, then also dots and dashes.
fn is_safe_id(name: &str) -> bool {
    let word = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_';
    name.bytes().next().is_some_and(word)
        && name.bytes().all(|b| word(b) || matches!(b, b'.' | b'-'))
}

impl fmt::Display for FieldMatch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.test {
            Test::Exact(values) => write!(f, "exact:{}={}", self.field, values.join(",")),
            Test::Pattern(pattern) => write!(f, "regex:{}={}", self.field, pattern.text),
        }
    }
}

/// Equal if written equally; whether a pattern is compiled yet does not count.
impl PartialEq for FieldMatch {
    fn eq(&self, other: &Self) -> bool {
        self.field == other.field
            && match (&self.test, &other.test) {
                (Test::Exact(a), Test::Exact(b)) => a == b,
                (Test::Pattern(a), Test::Pattern(b)) => a.text == b.text,
                _ => false,
            }
    }
}

impl Eq for FieldMatch {}

as_string!(FieldMatch);
