//! One call's arguments, result and error, as the expanded code sees them.
//!
//! Arguments are converted one by one, in order; the first that fails names
//! itself in the exception.

use std::fmt::{Display, Write as _};

use serde::{Deserialize, Serialize};

use crate::de::ArgumentDe;
use crate::error::Error;
use crate::fence;
use crate::ffi::{Call, Interpreter, Node};
use crate::scalar::Scalar;
use crate::value::{RawValue, Value, access};

/// The arguments of the running call.
pub struct Args {
    count: usize,
    stack: access::Stack,
}

/// What a parameter with `#[cv]` can be: a [`Value`] or a `&CV`.
pub trait FromSub<'a>: Sized {
    /// The running sub, which is held meanwhile.
    fn from_sub(sub: &'a Value) -> Self;
}

impl FromSub<'_> for Value {
    fn from_sub(sub: &Value) -> Self {
        sub.clone_ref()
    }
}

/// What goes back to Perl.
pub enum Returned {
    /// No value: an empty list, undef in scalar context.
    Nothing,
    /// One value.
    One(Scalar),
    /// An integer.
    Int(i64),
    /// An unsigned integer.
    Uint(u64),
    /// A float.
    Float(f64),
    /// A list.
    Many(Vec<Scalar>),
}

/// What is thrown instead.
pub enum Thrown {
    /// This text.
    Text(String),
    /// This value.
    Value(Scalar),
}

impl Args {
    pub(crate) fn new(call: &mut Call) -> Self {
        Self {
            count: call.items.unsigned_abs(),
            stack: access::Stack::new(call),
        }
    }

    /// Refuses more than `max` arguments to the function `name`.
    ///
    /// # Errors
    /// The exception that Perl gets.
    #[inline]
    pub fn at_most(&self, max: usize, name: &str) -> Result<(), Thrown> {
        if self.count <= max {
            return Ok(());
        }
        Err(Thrown::too_many(max, name))
    }

    #[inline]
    fn present(&self, index: usize, name: &str, optional: bool) -> Result<bool, Thrown> {
        if index < self.count {
            return Ok(true);
        }
        if optional {
            return Ok(false);
        }
        Err(Thrown::missing(name))
    }

    /// Runs `body` as part of the conversion of the call's result.
    #[inline]
    pub(crate) fn serializing<R>(&self, body: impl FnOnce(*mut Interpreter) -> R) -> R {
        fence::serializing_in(self.stack.call(), body)
    }

    /// Argument `index`, converted. A missing optional one is undef.
    ///
    /// # Errors
    /// The exception that Perl gets.
    #[inline]
    pub fn convert<'a, T: Deserialize<'a>>(
        &'a self,
        index: usize,
        name: &str,
        optional: bool,
    ) -> Result<T, Thrown> {
        let result = if self.present(index, name, optional)? {
            T::deserialize(ArgumentDe::new(&self.stack, index))
        } else {
            crate::de::from_node(&Node::EMPTY)
        };
        result.map_err(|err| Thrown::conversion(&err, name))
    }

    /// Argument `index` as it is.
    ///
    /// # Errors
    /// The exception that Perl gets.
    pub fn raw(&self, index: usize, name: &str, optional: bool) -> Result<Value, Thrown> {
        Ok(Value::from_scalar(
            if self.present(index, name, optional)? {
                self.stack.scalar(index)
            } else {
                Scalar::new_undef()
            },
        ))
    }

    /// The sub that runs, for as long as it does.
    pub fn sub(&self) -> Value {
        Value::from_scalar(self.stack.sub())
    }

    /// Argument `index` as an object, and a hold on the object itself.
    ///
    /// # Errors
    /// The exception that Perl gets.
    pub fn object(&self, index: usize, name: &str) -> Result<(Value, Option<Scalar>), Thrown> {
        let value = self.raw(index, name, false)?;
        let plain = value
            .fetched()
            .map_err(|err| Thrown::conversion(&err, name))?;
        let hold = plain.dereference_scalar();
        Ok((plain, hold))
    }
}

impl Thrown {
    #[cold]
    fn too_many(max: usize, name: &str) -> Self {
        Self::Text(format!(
            "too many parameters for function '{name}', (expected {max})\n"
        ))
    }

    #[cold]
    fn missing(name: &str) -> Self {
        Self::Text(format!("missing required parameter: '{name}'\n"))
    }

    #[cold]
    fn conversion(err: &Error, name: &str) -> Self {
        match err.take_raised() {
            Some(thrown) => Self::Value(thrown),
            None => Self::Text(format!("{}\n", err.message(name))),
        }
    }

    /// What code of Perl's threw, or the error's text.
    pub(crate) fn error(err: &Error) -> Self {
        match err.take_raised() {
            Some(thrown) => Self::Value(thrown),
            None => Self::Text(format!("{err}\n")),
        }
    }

    /// The whole chain of an error as text.
    pub fn display<E: Display>(err: &E) -> Self {
        let mut text = String::with_capacity(120);
        // an error that cannot be written is thrown as far as it could
        let _ = write!(text, "{err:#}");
        text.push('\n');
        Self::Text(text)
    }

    /// An error as the value it serialises to.
    pub fn serialized<E: Serialize>(err: &E) -> Self {
        match crate::ser::to_value(err) {
            Ok(value) => Self::Value(value.into_scalar()),
            Err(err) => Self::Text(format!("{err}\n")),
        }
    }
}

impl From<Value> for Returned {
    fn from(value: Value) -> Self {
        Self::One(value.into_scalar())
    }
}

impl From<Scalar> for Returned {
    fn from(scalar: Scalar) -> Self {
        Self::One(scalar)
    }
}

impl From<RawValue> for Returned {
    fn from(value: RawValue) -> Self {
        value.into_inner().into()
    }
}

impl From<()> for Returned {
    fn from((): ()) -> Self {
        Self::Nothing
    }
}

macro_rules! tuples {
    ($(($($name:ident $index:tt),+);)+) => {$(
        impl<$($name: Into<Value>),+> From<($($name,)+)> for Returned {
            fn from(values: ($($name,)+)) -> Self {
                Self::Many(vec![$(values.$index.into().into_scalar()),+])
            }
        }
    )+};
}

tuples! {
    (A 0);
    (A 0, B 1);
    (A 0, B 1, C 2);
    (A 0, B 1, C 2, D 3);
    (A 0, B 1, C 2, D 3, E 4);
    (A 0, B 1, C 2, D 3, E 4, F 5);
}
