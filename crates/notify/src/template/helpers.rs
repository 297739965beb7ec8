//! The helpers that templates may call.
//!
//! Each is a plain function from parameters to text. One that fails renders `ERROR` in its place,
//! and the reason is kept for the caller. Mails have one set; webhooks have another, because their
//! data has names (`timestamp`) that a mail helper would hide.

mod number;
mod table;
mod text;

use std::sync::{Mutex, PoisonError};

use handlebars::{Context, Handlebars, Helper, HelperDef, HelperResult, Output, RenderContext};
use serde_json::Value;

use super::engine::Syntax;
use crate::Clock;

/// What a helper may need to know.
#[derive(Clone, Copy)]
pub(super) struct Environment<'a> {
    pub(super) html: bool,
    pub(super) clock: &'a dyn Clock,
}

type Function = fn(&[&Value], &Environment<'_>) -> Result<String, String>;

const MAIL: [(&str, Function); 7] = [
    ("table", table::table),
    ("object", text::object),
    ("wrap", text::wrap),
    ("human-bytes", number::human_bytes),
    ("duration", number::duration),
    ("timestamp", number::timestamp),
    ("relative-percentage", number::relative_percentage),
];
const WEBHOOK: [(&str, Function); 3] = [
    ("url-encode", text::url_encode),
    ("json", text::json),
    ("escape", text::escape),
];

/// Adds the helpers of this kind of text to an engine.
pub(super) fn add<'a>(
    engine: &mut Handlebars<'a>,
    syntax: Syntax,
    clock: &'a dyn Clock,
    faults: &'a Mutex<Vec<String>>,
) {
    let set: &[(&'static str, Function)] = match syntax {
        Syntax::Text | Syntax::Html => &MAIL,
        Syntax::Webhook => &WEBHOOK,
    };
    let environment = Environment {
        html: syntax == Syntax::Html,
        clock,
    };
    for &(name, function) in set {
        let helper = Wrapped {
            name,
            function,
            environment,
            faults,
        };
        engine.register_helper(name, Box::new(helper));
    }
}

struct Wrapped<'a> {
    name: &'static str,
    function: Function,
    environment: Environment<'a>,
    faults: &'a Mutex<Vec<String>>,
}

impl HelperDef for Wrapped<'_> {
    fn call<'reg: 'rc, 'rc>(
        &self,
        helper: &Helper<'rc>,
        _: &'reg Handlebars<'reg>,
        _: &'rc Context,
        _: &mut RenderContext<'reg, 'rc>,
        out: &mut dyn Output,
    ) -> HelperResult {
        let parameters: Vec<&Value> = helper.params().iter().map(|p| p.value()).collect();
        match (self.function)(&parameters, &self.environment) {
            Ok(text) => out.write(&text)?,
            Err(reason) => {
                let mut faults = self.faults.lock().unwrap_or_else(PoisonError::into_inner);
                if faults.len() < MAX_FAULTS {
                    faults.push(format!("helper {}: {reason}", self.name));
                }
                out.write("ERROR")?;
            }
        }
        Ok(())
    }
}

/// How many faults of one text are kept: a loop may repeat the same one for ever.
const MAX_FAULTS: usize = 20;

/// The parameter at this position, counted from 0.
fn parameter<'a>(parameters: &[&'a Value], index: usize) -> Result<&'a Value, String> {
    parameters
        .get(index)
        .copied()
        .ok_or_else(|| format!("parameter {} is missing", index + 1))
}

/// A value as text: strings as they are, everything else as JSON.
fn as_text(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}
