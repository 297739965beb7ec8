//! The templates of webhooks: URL, header values and body. They stand in the configuration, not in
//! files, escape nothing by themselves, and have helpers of their own.

use serde_json::Value;

use super::{bounds, engine, file};
use crate::Clock;
use engine::Syntax;

/// A rendered text with the faults of helpers, which rendered `ERROR`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rendered {
    /// The text.
    pub text: String,
    /// Why a helper failed.
    pub faults: Vec<String>,
}

/// Renders a template over `title`, `message`, `severity`, `timestamp`, `fields` and `secrets`.
///
/// # Errors
/// The reason, which may quote the template or the data, secrets too: mask them before it is shown.
pub fn render(template: &str, data: &Value, clock: &dyn Clock) -> Result<Rendered, String> {
    if template.len() as u64 > file::MAX {
        return Err("larger than 1 MiB".to_owned());
    }
    let template = engine::compile(template)?;
    bounds::check(&template)?;
    let (text, faults) = engine::render(&template, Syntax::Webhook, data, clock);
    text.map(|text| Rendered { text, faults })
}
