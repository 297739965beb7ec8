//! The errors of conversions.
//!
//! An [`Error`] says what went wrong and where in the data. It never quotes a
//! string it met: strings may be secrets. One that Perl code threw (from a tied
//! variable) also remembers the thrown object until the call ends.

use std::cell::{Cell, RefCell};
use std::ffi::c_int;
use std::fmt;

use serde::de::{Expected, Unexpected};

pub use crate::ffi::surface::copy_errno_to_libc;
use crate::path::Path;
use crate::scalar::Scalar;

thread_local! {
    static RAISED: RefCell<Option<(u64, Scalar)>> = const { RefCell::new(None) };
    static COUNT: Cell<u64> = const { Cell::new(0) };
    static ERRNO: Cell<c_int> = const { Cell::new(0) };
    static ERRNO_IS_NEW: Cell<bool> = const { Cell::new(false) };
}

/// A conversion failed, or Perl code that it ran died.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Error(Box<Inner>);

/// Kept behind a pointer: results are moved often, errors are rare.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Inner {
    text: String,
    path: Path,
    raised: Option<u64>,
}

impl Error {
    /// An error with this text.
    pub fn new(text: &str) -> Self {
        Self::new_owned(text.to_string())
    }

    /// An error with this text.
    pub fn new_owned(text: String) -> Self {
        Self::build(text, None)
    }

    #[cold]
    fn build(text: String, raised: Option<u64>) -> Self {
        Self(Box::new(Inner {
            text,
            path: Path::default(),
            raised,
        }))
    }

    /// `Err` with this text.
    ///
    /// # Errors
    /// Always.
    pub fn fail<T>(text: &str) -> Result<T, Self> {
        Err(Self::new(text))
    }

    /// What Perl code threw, until the running call ends.
    pub(crate) fn raised(thrown: Scalar) -> Self {
        let id = COUNT.get() + 1;
        COUNT.set(id);
        let text = thrown.text_lossy();
        RAISED.with_borrow_mut(|slot| *slot = Some((id, thrown)));
        Self::build(text.trim_end().to_string(), Some(id))
    }

    /// The thrown object, if this error stands for one.
    pub(crate) fn take_raised(&self) -> Option<Scalar> {
        let id = self.0.raised?;
        RAISED
            .with_borrow_mut(|slot| slot.take_if(|(held, _)| *held == id))
            .map(|(_, sv)| sv)
    }

    pub(crate) fn forget_raised() {
        drop(RAISED.try_with(|slot| slot.take()));
    }

    pub(crate) fn add_key(&mut self, key: &str) {
        self.0.path.in_key(key);
    }

    pub(crate) fn in_key(mut self, key: &str) -> Self {
        self.add_key(key);
        self
    }

    pub(crate) fn in_index(mut self, index: usize) -> Self {
        self.0.path.in_index(index);
        self
    }

    /// Path and text, without the prefix of `Display`.
    pub(crate) fn message(&self, name: &str) -> String {
        format!("{name}{}: {}", self.0.path, self.0.text)
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.0.path.is_empty() {
            write!(f, "error: {}", self.0.text)
        } else {
            let path = self.0.path.to_string();
            write!(
                f,
                "error: {}: {}",
                path.trim_start_matches('.'),
                self.0.text
            )
        }
    }
}

impl std::error::Error for Error {}

/// What was expected, in words that do not speak of Rust's borrowing.
struct Wanted<'a>(&'a dyn Expected);

impl fmt::Display for Wanted<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.to_string().replace("a borrowed ", "a "))
    }
}

/// What was met, without the text of a string.
struct Met<'a>(Unexpected<'a>);

impl fmt::Display for Met<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            Unexpected::Str(_) => f.write_str("a string"),
            Unexpected::Bytes(_) => f.write_str("a byte string"),
            Unexpected::Char(_) => f.write_str("a character"),
            Unexpected::Unit => f.write_str("undef"),
            Unexpected::Seq => f.write_str("an array"),
            Unexpected::Map => f.write_str("a hash"),
            other => other.fmt(f),
        }
    }
}

impl serde::de::Error for Error {
    fn custom<T: fmt::Display>(text: T) -> Self {
        Self::new_owned(text.to_string())
    }

    fn invalid_type(met: Unexpected, expected: &dyn Expected) -> Self {
        Self::new_owned(format!(
            "invalid type: {}, expected {}",
            Met(met),
            Wanted(expected)
        ))
    }

    fn invalid_value(met: Unexpected, expected: &dyn Expected) -> Self {
        Self::new_owned(format!(
            "invalid value: {}, expected {}",
            Met(met),
            Wanted(expected)
        ))
    }

    fn unknown_variant(_: &str, expected: &'static [&'static str]) -> Self {
        Self::new_owned(format!(
            "unknown variant, expected one of: {}",
            expected.join(", ")
        ))
    }
}

impl serde::ser::Error for Error {
    fn custom<T: fmt::Display>(text: T) -> Self {
        Self::new_owned(text.to_string())
    }
}

/// A value is not of the wanted type.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CastError;

impl fmt::Display for CastError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("wrong type")
    }
}

impl std::error::Error for CastError {}

/// An object does not carry what its class declares. The name is the class.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MagicError {
    /// The value is no reference.
    NotAReference(&'static str),
    /// The referenced value has no magic of this class.
    NotFound(&'static str),
}

impl fmt::Display for MagicError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotAReference("") => f.write_str("value was not a reference"),
            Self::NotAReference(class) => {
                write!(f, "value blessed into {class} was not a reference")
            }
            Self::NotFound("") => f.write_str("value did not contain its declared magic pointer"),
            Self::NotFound(class) => {
                write!(
                    f,
                    "value blessed into {class} did not contain its declared magic pointer"
                )
            }
        }
    }
}

impl std::error::Error for MagicError {}

/// Sets this thread's error number of the layer; libc's is another.
///
/// A sub with `#[export(errno)]` that called this leaves the number in `$!`.
pub fn set_errno(number: c_int) {
    ERRNO.set(number);
    ERRNO_IS_NEW.set(true);
}

pub(crate) fn forget_errno() {
    ERRNO_IS_NEW.set(false);
}

/// The number that was set since it was forgotten.
pub(crate) fn taken_errno() -> Option<c_int> {
    ERRNO_IS_NEW.take().then(get_errno)
}

/// This thread's error number of the layer.
pub fn get_errno() -> c_int {
    ERRNO.get()
}
