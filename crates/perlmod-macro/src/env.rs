//! What the environment says at compile time: `${NAME}` in options, and the
//! build's configuration.

use std::env;

use syn::{Error, LitStr};

/// How exported functions that are not `pub` are taken.
pub const NON_PUB: &str = "PERLMOD_NON_PUB_EXPORTS";
/// Has every package written as a `.pm`.
pub const WRITE: &str = "PERLMOD_WRITE_PACKAGES";

/// A literal with each `${NAME}` replaced; the names are noted in `used`.
pub fn expand(literal: &LitStr, used: &mut Vec<String>) -> syn::Result<LitStr> {
    let text = literal.value();
    let mut rest = text.as_str();
    let mut expanded = String::new();
    while let Some((before, after)) = rest.split_once("${") {
        let Some((name, after)) = after.split_once('}') else {
            return Err(Error::new(literal.span(), "`${` without a `}`"));
        };
        let Ok(value) = env::var(name) else {
            let text = format!("environment variable `{name}` is not set");
            return Err(Error::new(literal.span(), text));
        };
        expanded.push_str(before);
        expanded.push_str(&value);
        used.push(name.to_string());
        rest = after;
    }
    expanded.push_str(rest);
    Ok(LitStr::new(&expanded, literal.span()))
}

/// What happens to exported functions that are not `pub`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NonPub {
    Allow,
    Warn,
    Deny,
}

/// The choice of the build; `Err` has a value that is none.
pub fn non_pub() -> Result<NonPub, String> {
    match env::var(NON_PUB).as_deref() {
        Err(_) | Ok("" | "allow") => Ok(NonPub::Allow),
        Ok("warn") => Ok(NonPub::Warn),
        Ok("deny") => Ok(NonPub::Deny),
        Ok(other) => Err(other.to_string()),
    }
}

/// Whether the build has every package written.
pub fn writes_packages() -> bool {
    env::var(WRITE).is_ok_and(|value| value == "1")
}
