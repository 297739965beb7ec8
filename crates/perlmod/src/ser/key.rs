//! Keys of maps: strings, and what has one form as a string.

use serde::Serialize;
use serde::ser::{Impossible, Serializer};

use crate::error::Error;

/// Passes a key on, as UTF-8.
pub(super) struct KeySer<F>(pub(super) F);

type No = Impossible<(), Error>;

fn refused<T>() -> Result<T, Error> {
    Error::fail("a key of a hash must be a string, a number or a bool")
}

macro_rules! written {
    ($($method:ident $ty:ty;)+) => {$(
        fn $method(self, v: $ty) -> Result<(), Error> {
            (self.0)(v.to_string().as_bytes())
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

impl<F: FnOnce(&[u8]) -> Result<(), Error>> Serializer for KeySer<F> {
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
        (self.0)(if v { b"1" } else { b"0" })
    }

    #[inline]
    fn serialize_str(self, v: &str) -> Result<(), Error> {
        (self.0)(v.as_bytes())
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
