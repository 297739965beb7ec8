//! An argument of a call: integers and strings that are plain are read without
//! a description, all else is described first.

use serde::de::{Deserializer, Visitor};

use super::ValueDe;
use crate::error::Error;
use crate::ffi::Node;
use crate::value::access::Stack;

/// Argument `index` of a call, which must have that many.
#[derive(Clone, Copy)]
pub(crate) struct ArgumentDe<'de> {
    stack: &'de Stack,
    index: usize,
}

impl<'de> ArgumentDe<'de> {
    #[inline]
    pub(crate) fn new(stack: &'de Stack, index: usize) -> Self {
        Self { stack, index }
    }

    /// What is not plain, out of the way of what is.
    #[cold]
    #[inline(never)]
    fn described<T>(
        self,
        read: impl FnOnce(ValueDe<'_, 'de>) -> Result<T, Error>,
    ) -> Result<T, Error> {
        read(ValueDe::new(&self.node(), 0))
    }

    fn node(self) -> Node {
        self.stack.describe(self.index)
    }
}

macro_rules! numbers {
    ($($method:ident)+) => {$(
        #[inline]
        fn $method<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
            match self.stack.int(self.index) {
                Some(int) => visitor.visit_i64(int),
                None => self.described(|value| value.$method(visitor)),
            }
        }
    )+};
}

macro_rules! described {
    ($($method:ident($($arg:ident: $ty:ty),*);)+) => {$(
        fn $method<V: Visitor<'de>>(self, $($arg: $ty,)* visitor: V) -> Result<V::Value, Error> {
            ValueDe::new(&self.node(), 0).$method($($arg,)* visitor)
        }
    )+};
}

impl<'de> Deserializer<'de> for ArgumentDe<'de> {
    type Error = Error;

    numbers! {
        deserialize_i8 deserialize_i16 deserialize_i32 deserialize_i64 deserialize_i128
        deserialize_u8 deserialize_u16 deserialize_u32 deserialize_u64 deserialize_u128
    }

    #[inline]
    fn deserialize_str<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        match self.stack.lent_text(self.index) {
            Some(text) => visitor.visit_borrowed_str(text),
            None => self.described(|value| value.deserialize_str(visitor)),
        }
    }

    #[inline]
    fn deserialize_string<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        match self.stack.text(self.index) {
            Some(text) => visitor.visit_str(text),
            None => self.described(|value| value.deserialize_string(visitor)),
        }
    }

    described! {
        deserialize_any();
        deserialize_bool();
        deserialize_f32();
        deserialize_f64();
        deserialize_char();
        deserialize_bytes();
        deserialize_byte_buf();
        deserialize_option();
        deserialize_unit();
        deserialize_unit_struct(name: &'static str);
        deserialize_newtype_struct(name: &'static str);
        deserialize_seq();
        deserialize_tuple(len: usize);
        deserialize_tuple_struct(name: &'static str, len: usize);
        deserialize_map();
        deserialize_struct(name: &'static str, fields: &'static [&'static str]);
        deserialize_enum(name: &'static str, variants: &'static [&'static str]);
        deserialize_identifier();
        deserialize_ignored_any();
    }
}
