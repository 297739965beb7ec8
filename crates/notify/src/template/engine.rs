//! The handlebars engine as templates see it: not strict, a missing value is empty, only HTML
//! escapes; with our helpers and bounds on nesting and output.

use std::io;
use std::sync::{Mutex, PoisonError};

use handlebars::{
    Context, Handlebars, Output, RenderContext, RenderError, RenderErrorReason, Renderable,
    Template, TemplateError,
};
use serde_json::Value;

use super::{helpers, html, nesting};
use crate::Clock;

/// The largest rendered text, in bytes.
pub(super) const MAX_OUTPUT: usize = 16 * 1024 * 1024;

/// What a template's output is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Syntax {
    /// Plain text.
    Text,
    /// HTML: values are escaped.
    Html,
    /// Whatever the receiver of a webhook wants; the template escapes by helpers.
    Webhook,
}

/// Compiles a template.
pub(super) fn compile(text: &str) -> Result<Template, String> {
    nesting::check(text)?;
    Template::compile(text).map_err(|error| template_error(&error))
}

/// Renders a template: the text or why there is none, and the faults of helpers, which do not stop
/// it.
pub(super) fn render(
    template: &Template,
    syntax: Syntax,
    data: &Value,
    clock: &dyn Clock,
) -> (Result<String, String>, Vec<String>) {
    let faults = Mutex::default();
    let mut out = Bounded::default();
    let result = {
        let mut engine = Handlebars::new();
        engine.register_escape_fn(match syntax {
            Syntax::Html => html::escape,
            Syntax::Text | Syntax::Webhook => handlebars::no_escape,
        });
        helpers::add(&mut engine, syntax, clock, &faults);
        Context::wraps(data).and_then(|context| {
            let mut state = RenderContext::new(None);
            template.render(&engine, &context, &mut state, &mut out)
        })
    };
    let text = result
        .map(|()| out.text)
        .map_err(|error| render_error(&error));
    let faults = faults.into_inner().unwrap_or_else(PoisonError::into_inner);
    (text, faults)
}

/// Text that stops growing.
#[derive(Default)]
struct Bounded {
    text: String,
}

impl Output for Bounded {
    fn write(&mut self, piece: &str) -> Result<(), io::Error> {
        if self.text.len().saturating_add(piece.len()) > MAX_OUTPUT {
            return Err(io::Error::other("the rendered text is larger than 16 MiB"));
        }
        self.text.push_str(piece);
        Ok(())
    }
}

fn template_error(error: &TemplateError) -> String {
    let reason = error.reason().to_string();
    match error.pos() {
        Some((line, column)) => format!("line {line}, column {column}: {reason}"),
        None => reason,
    }
}

fn render_error(error: &RenderError) -> String {
    let reason = match error.reason() {
        RenderErrorReason::IOError(error) => error.to_string(),
        reason => reason.to_string(),
    };
    match (error.line_no, error.column_no) {
        (Some(line), Some(column)) => format!("line {line}, column {column}: {reason}"),
        _ => reason,
    }
}
