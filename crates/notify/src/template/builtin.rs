//! The templates of messages that the library itself sends.
//!
//! They come after both folders: the vendor of a Proxmox VE node does not know them, and a message that
//! a target has stopped working, or will, must not be lost for want of a file.

use super::{Part, bounds, engine};
use crate::Clock;
use serde_json::Value;

/// The three parts of a template.
macro_rules! parts {
    ($name:literal) => {
        [
            (Part::Subject, parts!($name, "-subject.txt.hbs")),
            (Part::Text, parts!($name, "-body.txt.hbs")),
            (Part::Html, parts!($name, "-body.html.hbs")),
        ]
    };
    ($name:literal, $end:literal) => {
        include_str!(concat!("../../../../templates/", $name, $end))
    };
}

const FAILING: [(Part, &str); 3] = parts!("notification-target-failing");
const EXPIRING: [(Part, &str); 3] = parts!("notification-target-expiring");

/// Renders the built-in template of this name; `None` if there is none.
pub(super) fn render(name: &str, part: Part, data: &Value, clock: &dyn Clock) -> Option<String> {
    let parts = match name {
        "notification-target-failing" => &FAILING,
        "notification-target-expiring" => &EXPIRING,
        _ => return None,
    };
    let (_, text) = parts.iter().find(|(of, _)| *of == part)?;
    let template = engine::compile(text).ok()?;
    bounds::check(&template).ok()?;
    engine::render(&template, part.syntax(), data, clock).0.ok()
}
