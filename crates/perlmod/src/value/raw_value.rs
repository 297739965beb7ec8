//! Perl values that pass through serde untouched.
//!
//! serde has no place for them: the value goes through a slot beside it, and
//! only this crate's own serializer and deserializer open that slot. Others see
//! the data that the value holds.

use std::cell::{Cell, RefCell};
use std::fmt;
use std::ops::{Deref, DerefMut};

use serde::de::{Deserialize, Deserializer, Visitor};
use serde::ser::{Serialize, Serializer};

use crate::error::Error;
use crate::ser::ValueSer;
use crate::value::{Scalar, Value};

// known by address: nobody else's type has this name
static NAME: &str = "perlmod::RawValue";

thread_local! {
    static WANTED: Cell<bool> = const { Cell::new(false) };
    static SLOT: RefCell<Option<Scalar>> = const { RefCell::new(None) };
}

pub(crate) fn is_name(name: &'static str) -> bool {
    std::ptr::eq(name, NAME)
}

/// A Perl value in a type that serde converts: it is neither copied nor looked at.
#[derive(Clone, Debug)]
pub struct RawValue(Value);

impl RawValue {
    /// The value.
    pub fn into_inner(self) -> Value {
        self.0
    }

    /// The value.
    pub fn get_ref(&self) -> &Value {
        &self.0
    }

    /// The value.
    pub fn get_mut(&mut self) -> &mut Value {
        &mut self.0
    }
}

impl Deref for RawValue {
    type Target = Value;

    fn deref(&self) -> &Value {
        &self.0
    }
}

impl DerefMut for RawValue {
    fn deref_mut(&mut self) -> &mut Value {
        &mut self.0
    }
}

impl From<Value> for RawValue {
    fn from(value: Value) -> Self {
        Self(value)
    }
}

/// Takes a raw value from a serializer of this crate.
pub(crate) fn hand_over<T: Serialize + ?Sized>(value: &T) -> Result<Scalar, Error> {
    WANTED.set(true);
    let result = value.serialize(ValueSer::top());
    WANTED.set(false);
    let scalar = SLOT.take();
    result?;
    scalar.ok_or_else(|| Error::new("raw value is missing"))
}

/// Gives a raw value to a visitor of this crate's deserializer.
pub(crate) fn give<'de, V: Visitor<'de>>(value: Scalar, visitor: V) -> Result<V::Value, Error> {
    SLOT.set(Some(value));
    let result = visitor.visit_unit();
    drop(SLOT.take());
    result
}

/// What is inside: only the slot's owner gets the value itself.
struct Inside<'a>(&'a Value);

impl Serialize for Inside<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        if WANTED.take() {
            SLOT.set(Some(self.0.clone_ref().into_scalar()));
            return serializer.serialize_unit();
        }
        self.0.serialize(serializer)
    }
}

impl Serialize for RawValue {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_newtype_struct(NAME, &Inside(&self.0))
    }
}

impl<'de> Deserialize<'de> for RawValue {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_newtype_struct(NAME, Taker)
    }
}

struct Taker;

impl<'de> Visitor<'de> for Taker {
    type Value = RawValue;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a value")
    }

    fn visit_unit<E: serde::de::Error>(self) -> Result<RawValue, E> {
        match SLOT.take() {
            Some(value) => Ok(RawValue(Value::from_scalar(value))),
            None => Ok(RawValue(Value::new_undef())),
        }
    }

    fn visit_newtype_struct<D: Deserializer<'de>>(self, inner: D) -> Result<RawValue, D::Error> {
        Value::deserialize(inner).map(RawValue)
    }
}
