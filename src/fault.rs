//! The only place where an error of the core becomes what Perl sees: a hash `{ code, message }`,
//! which the API turns into an exception with that HTTP status.

use serde::Serialize;

/// What a failed call throws.
#[derive(Debug, Serialize)]
pub struct Fault {
    code: u16,
    message: String,
}

impl Fault {
    /// A fault of the caller: HTTP status 400.
    pub fn bad_request(message: impl Into<String>) -> Self {
        Self {
            code: 400,
            message: message.into(),
        }
    }

    /// A fault of this machine: HTTP status 500.
    pub fn internal(message: impl Into<String>) -> Self {
        Self {
            code: 500,
            message: message.into(),
        }
    }

    /// What Perl handed in is of no use: HTTP status 400.
    pub fn unusable(error: &perlmod::Error) -> Self {
        Self::bad_request(bare(error))
    }

    /// Perl's side of this machine failed: HTTP status 500.
    pub fn of_perl(error: &perlmod::Error) -> Self {
        Self::internal(bare(error))
    }
}

/// An error of the binding layer without the word that it begins with.
fn bare(error: &perlmod::Error) -> String {
    let text = error.to_string();
    text.strip_prefix("error: ").unwrap_or(&text).to_owned()
}

impl From<notify::Error> for Fault {
    fn from(error: notify::Error) -> Self {
        Self {
            code: error.code(),
            message: error.to_string(),
        }
    }
}
