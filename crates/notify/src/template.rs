//! Mail templates: from a template's name and data to a subject, a plain text and an HTML text.
//!
//! A template is up to three files, `NAME-subject.txt.hbs`, `NAME-body.txt.hbs` and
//! `NAME-body.html.hbs`, in the admin's folder, which comes first, or in the vendor's. A file that is
//! broken or fails counts as missing; after the folders come the texts of the library itself, for the
//! messages that it sends. For HTML the plain text stands in. Whatever was passed over
//! for a fault is reported to the caller as a [`Problem`], never swallowed.

mod bounds;
mod builtin;
mod cache;
mod engine;
mod file;
mod helpers;
mod html;
mod nesting;
pub mod webhook;

use std::fmt;
use std::path::{Path, PathBuf};

use serde_json::Value;

use crate::{Clock, Host};
use cache::Cache;
use engine::Syntax;

/// The parts of a message that have a template of their own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Part {
    /// One line.
    Subject,
    /// Plain text.
    Text,
    /// An HTML document.
    Html,
}

impl Part {
    fn suffix(self) -> &'static str {
        match self {
            Self::Subject => "-subject.txt.hbs",
            Self::Text => "-body.txt.hbs",
            Self::Html => "-body.html.hbs",
        }
    }

    fn syntax(self) -> Syntax {
        match self {
            Self::Subject | Self::Text => Syntax::Text,
            Self::Html => Syntax::Html,
        }
    }
}

/// A template, or a helper in it, that could not be used.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// The file.
    pub path: PathBuf,
    /// What is wrong with it.
    pub reason: String,
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.path.display(), self.reason)
    }
}

/// No template of a notification could be rendered; the caller has the reasons.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Error;

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(
            "failed to render notification template, all template candidates are erroneous or missing",
        )
    }
}

impl std::error::Error for Error {}

/// The template folders, with the compiled templates that were used last.
#[derive(Debug)]
pub struct Templates {
    folders: [PathBuf; 2],
    cache: Cache,
}

impl Templates {
    /// The admin's folder and the vendor's; either may be missing.
    #[must_use]
    pub fn new(admin: impl Into<PathBuf>, vendor: impl Into<PathBuf>) -> Self {
        Self {
            folders: [admin.into(), vendor.into()],
            cache: Cache::default(),
        }
    }

    /// The folders of this machine.
    #[must_use]
    pub fn of_host(host: &Host) -> Self {
        Self::new(host.admin_templates(), host.vendor_templates())
    }

    /// Whether these are the folders of this machine.
    #[must_use]
    pub fn are_of(&self, host: &Host) -> bool {
        let [admin, vendor] = &self.folders;
        *admin == host.admin_templates() && vendor == host.vendor_templates()
    }

    /// Renders one part of a message. What was passed over on the way is added to `problems`, also
    /// where the call succeeds.
    ///
    /// # Errors
    /// [`Error`] if no candidate is left.
    pub fn render(
        &self,
        name: &str,
        part: Part,
        data: &Value,
        clock: &dyn Clock,
        problems: &mut Vec<Problem>,
    ) -> Result<String, Error> {
        if !is_file_name(name) {
            problems.push(Problem {
                path: PathBuf::from(name.escape_debug().to_string()),
                reason: "not the name of a template".to_owned(),
            });
            return Err(Error);
        }
        let before = problems.len();
        let rendered = match (part, self.first(name, part, data, clock, problems)) {
            (Part::Subject, Some(text)) => Some(one_line(&text)),
            (Part::Html, None) => self
                .first(name, Part::Text, data, clock, problems)
                .map(|text| as_html(&text)),
            (_, rendered) => rendered,
        };
        if rendered.is_none() && problems.len() == before {
            problems.push(self.missing(name, part));
        }
        rendered.ok_or(Error)
    }

    fn missing(&self, name: &str, part: Part) -> Problem {
        let [admin, vendor] = &self.folders;
        Problem {
            path: vendor.join(format!("{name}{}", part.suffix())),
            reason: format!(
                "the file does not exist, nor one in {}; install its package, or create it there",
                admin.display()
            ),
        }
    }

    /// The first of the candidates that renders.
    fn first(
        &self,
        name: &str,
        part: Part,
        data: &Value,
        clock: &dyn Clock,
        problems: &mut Vec<Problem>,
    ) -> Option<String> {
        let file = format!("{name}{}", part.suffix());
        let found = self.folders.iter().find_map(|folder| {
            let path = folder.join(&file);
            let rendered = self.candidate(&path, part, data, clock, problems);
            rendered.unwrap_or_else(|reason| {
                problems.push(Problem { path, reason });
                None
            })
        });
        found.or_else(|| builtin::render(name, part, data, clock))
    }

    /// `None` if there is no such file.
    fn candidate(
        &self,
        path: &Path,
        part: Part,
        data: &Value,
        clock: &dyn Clock,
        problems: &mut Vec<Problem>,
    ) -> Result<Option<String>, String> {
        let Some(template) = self.cache.compiled(path, clock)? else {
            return Ok(None);
        };
        let (text, faults) = engine::render(&template, part.syntax(), data, clock);
        problems.extend(faults.into_iter().map(|reason| Problem {
            path: path.to_owned(),
            reason,
        }));
        text.map(Some)
    }
}

/// A name cannot lead out of the folders.
fn is_file_name(name: &str) -> bool {
    !name.is_empty() && name.len() <= 200 && !name.contains(['/', '\0']) && !name.starts_with('.')
}

/// A line break becomes a blank, also the one that most files end with.
fn one_line(text: &str) -> String {
    text.replace("\r\n", " ").replace(['\n', '\r'], " ")
}

/// Plain text as a document that keeps its lines and columns.
fn as_html(text: &str) -> String {
    format!(
        "<html><body><pre>\n{}</pre></body></html>",
        html::escape(text)
    )
}
