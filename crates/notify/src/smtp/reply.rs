//! One reply of a server (RFC 5321 section 4.2), as it is shown and judged.

use std::fmt;

/// A reply: its code, its enhanced code (RFC 3463) and its text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reply {
    /// The three digits.
    pub code: u16,
    /// Class, subject and detail, for instance `5.7.8`.
    pub enhanced: Option<(u8, u16, u16)>,
    /// The text of all lines, fit to be shown: at most 300 characters, free of secrets and control
    /// characters.
    pub text: String,
}

impl Reply {
    /// Whether a later try may succeed (4yz).
    #[must_use]
    pub fn is_temporary(&self) -> bool {
        self.code / 100 == 4
    }
}

impl fmt::Display for Reply {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.code)?;
        if let Some((class, subject, detail)) = self.enhanced {
            write!(f, " {class}.{subject}.{detail}")?;
        }
        if self.text.is_empty() {
            return Ok(());
        }
        write!(f, " {}", self.text)
    }
}
