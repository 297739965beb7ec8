//! Results that depend on the context of the call.

use serde::{Serialize, Serializer};

use super::returned::ReturnSer;
use crate::args::Returned;
use crate::error::Error;
use crate::fence;
use crate::value::{Scalar, Value};

/// A result in one of three forms; see [`Gimme::map`](crate::Gimme::map).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Return<T, U> {
    /// No value: an empty list, undef in scalar context.
    Void,
    /// One value.
    Single(T),
    /// The elements of a sequence or a tuple, as a list.
    List(U),
}

// known by address: nobody else's type has these names
static VOID: &str = "perlmod::Return::Void";
static LIST: &str = "perlmod::Return::List";

pub(super) fn is_void(name: &'static str) -> bool {
    std::ptr::eq(name, VOID)
}

pub(super) fn is_list(name: &'static str) -> bool {
    std::ptr::eq(name, LIST)
}

impl<T: Serialize, U: Serialize> Serialize for Return<T, U> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Void => serializer.serialize_unit_struct(VOID),
            Self::Single(value) => value.serialize(serializer),
            Self::List(list) => serializer.serialize_newtype_struct(LIST, list),
        }
    }
}

/// The elements of a new array, as a list.
pub(super) fn spread(array: &Scalar) -> Result<Returned, Error> {
    match array.dereference().map(Value::from_scalar) {
        Some(Value::Array(array)) => Ok(Returned::Many(
            array.into_iter().map(Value::into_scalar).collect(),
        )),
        _ => Error::fail("a list must be a sequence or a tuple"),
    }
}

/// A result that has been converted already; for `raw_return`.
pub struct ReturnValue(Returned);

impl std::fmt::Debug for ReturnValue {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self.0 {
            Returned::Nothing => "ReturnValue::Void",
            Returned::One(_) => "ReturnValue::Single",
            Returned::Many(_) => "ReturnValue::List",
            Returned::Int(_) | Returned::Uint(_) | Returned::Float(_) => "ReturnValue::Single",
        })
    }
}

impl From<ReturnValue> for Returned {
    fn from(value: ReturnValue) -> Self {
        value.0
    }
}

impl From<Value> for ReturnValue {
    fn from(value: Value) -> Self {
        Self(Returned::One(value.into_scalar()))
    }
}

/// Converts a result as the macro does: nothing for unit, a list for a tuple,
/// else one value.
///
/// # Errors
/// When it is nested deeper than [`MAX_DEPTH`](crate::de::MAX_DEPTH), or a key is
/// no scalar.
pub fn to_return_value<T: Serialize + ?Sized>(value: &T) -> Result<ReturnValue, Error> {
    fence::serializing(|perl| value.serialize(ReturnSer::by(perl))).map(ReturnValue)
}
