//! Keys of maps: strings, and what has one form as a string.

use std::fmt::{self, Write as _};

use serde::Serialize;
use serde::ser::{Impossible, Serializer};

use crate::error::Error;

/// A key being written; most are short.
#[derive(Default)]
pub(super) struct Key {
    short: [u8; 32],
    len: usize,
    long: String,
}

impl Key {
    pub(super) fn clear(&mut self) {
        self.len = 0;
        self.long.clear();
    }

    /// The key, as UTF-8.
    #[inline]
    pub(super) fn bytes(&self) -> &[u8] {
        if self.long.is_empty() {
            self.short.get(..self.len).unwrap_or_default()
        } else {
            self.long.as_bytes()
        }
    }

    #[inline]
    fn push_str(&mut self, text: &str) {
        let end = self.len + text.len();
        match self.short.get_mut(self.len..end) {
            Some(room) if self.long.is_empty() => {
                room.copy_from_slice(text.as_bytes());
                self.len = end;
            }
            _ => self.push_long(text),
        }
    }

    #[cold]
    fn push_long(&mut self, text: &str) {
        if self.long.is_empty() {
            let short = self.short.get(..self.len).unwrap_or_default();
            self.long = String::from_utf8_lossy(short).into_owned();
        }
        self.long.push_str(text);
    }
}

impl fmt::Write for Key {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        self.push_str(text);
        Ok(())
    }
}

/// Writes a key into a buffer.
pub(super) struct KeySer<'a>(pub(super) &'a mut Key);

type No = Impossible<(), Error>;

fn refused<T>() -> Result<T, Error> {
    Error::fail("a key of a hash must be a string, a number or a bool")
}

macro_rules! written {
    ($($method:ident $ty:ty;)+) => {$(
        fn $method(self, v: $ty) -> Result<(), Error> {
            write!(self.0, "{v}").map_err(|_| Error::new("key cannot be written"))
        }
    )+};
}

macro_rules! refused {
    ($($method:ident($($ty:ty),*) -> $ret:ty;)+) => {$(
        fn $method(self, $(_: $ty),*) -> Result<$ret, Error> {
            refused()
        }
    )+};
}

impl Serializer for KeySer<'_> {
    type Ok = ();
    type Error = Error;
    type SerializeSeq = No;
    type SerializeTuple = No;
    type SerializeTupleStruct = No;
    type SerializeTupleVariant = No;
    type SerializeMap = No;
    type SerializeStruct = No;
    type SerializeStructVariant = No;

    written! {
        serialize_i8 i8;
        serialize_i16 i16;
        serialize_i32 i32;
        serialize_i64 i64;
        serialize_u8 u8;
        serialize_u16 u16;
        serialize_u32 u32;
        serialize_u64 u64;
        serialize_char char;
    }

    fn serialize_bool(self, v: bool) -> Result<(), Error> {
        self.0.push_str(if v { "1" } else { "0" });
        Ok(())
    }

    #[inline]
    fn serialize_str(self, v: &str) -> Result<(), Error> {
        self.0.push_str(v);
        Ok(())
    }

    fn serialize_some<T: Serialize + ?Sized>(self, value: &T) -> Result<(), Error> {
        value.serialize(self)
    }

    fn serialize_unit_variant(
        self,
        _: &'static str,
        _: u32,
        variant: &'static str,
    ) -> Result<(), Error> {
        self.serialize_str(variant)
    }

    fn serialize_newtype_struct<T: Serialize + ?Sized>(
        self,
        _: &'static str,
        value: &T,
    ) -> Result<(), Error> {
        value.serialize(self)
    }

    fn serialize_newtype_variant<T: Serialize + ?Sized>(
        self,
        _: &'static str,
        _: u32,
        _: &'static str,
        _: &T,
    ) -> Result<(), Error> {
        refused()
    }

    refused! {
        serialize_f32(f32) -> ();
        serialize_f64(f64) -> ();
        serialize_bytes(&[u8]) -> ();
        serialize_none() -> ();
        serialize_unit() -> ();
        serialize_unit_struct(&'static str) -> ();
        serialize_seq(Option<usize>) -> No;
        serialize_tuple(usize) -> No;
        serialize_tuple_struct(&'static str, usize) -> No;
        serialize_tuple_variant(&'static str, u32, &'static str, usize) -> No;
        serialize_map(Option<usize>) -> No;
        serialize_struct(&'static str, usize) -> No;
        serialize_struct_variant(&'static str, u32, &'static str, usize) -> No;
    }
}
