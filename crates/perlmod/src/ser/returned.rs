//! What a function returns: nothing for unit, a list for a tuple, else a value.

use serde::Serialize;
use serde::ser::{SerializeTuple, Serializer};

use super::container::{HashSer, SeqSer, VariantHashSer, VariantSeqSer};
use super::record::StructSer;
use super::{ValueSer, outcome};
use crate::args::{Args, Returned, Thrown};
use crate::error::Error;
use crate::ffi::Interpreter;
use crate::value::Scalar;
use crate::value::make::Perl;

/// Converts what an exported function returned.
///
/// # Errors
/// The exception that Perl gets.
#[inline]
pub fn to_returned<T: Serialize>(value: &T, args: &Args) -> Result<Returned, Thrown> {
    match args.serializing(|perl| value.serialize(ReturnSer::by(perl))) {
        Ok(returned) => Ok(returned),
        Err(err) => Err(Thrown::Text(format!("{}\n", err.message("return value")))),
    }
}

/// A struct in no sequence.
type TopStruct = StructSer<'static>;

/// Dispatches on the outermost type only.
pub(super) struct ReturnSer(ValueSer<'static>);

impl ReturnSer {
    #[inline]
    pub(super) fn by(perl: *mut Interpreter) -> Self {
        Self(ValueSer::by(Perl::of(perl)))
    }
}

/// A tuple's elements.
pub(super) struct ListSer(Vec<Scalar>, ValueSer<'static>);

impl SerializeTuple for ListSer {
    type Ok = Returned;
    type Error = Error;

    fn serialize_element<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), Error> {
        let value = value
            .serialize(self.1.deeper()?)
            .map_err(|err| err.in_index(self.0.len()))?;
        self.0.push(value);
        Ok(())
    }

    fn end(self) -> Result<Returned, Error> {
        Ok(Returned::Many(self.0))
    }
}

/// Ends as one value.
pub(super) struct One<S>(S);

macro_rules! one {
    ($($trait:ident $inner:ident $method:ident($($arg:ident: $ty:ty),*);)+) => {$(
        impl serde::ser::$trait for One<$inner> {
            type Ok = Returned;
            type Error = Error;

            fn $method<T: Serialize + ?Sized>(&mut self, $($arg: $ty,)* value: &T)
                -> Result<(), Error>
            {
                serde::ser::$trait::$method(&mut self.0, $($arg,)* value)
            }

            fn end(self) -> Result<Returned, Error> {
                serde::ser::$trait::end(self.0).map(Returned::One)
            }
        }
    )+};
}

one! {
    SerializeSeq SeqSer serialize_element();
    SerializeTupleStruct SeqSer serialize_field();
    SerializeTupleVariant VariantSeqSer serialize_field();
    SerializeStruct TopStruct serialize_field(key: &'static str);
    SerializeStructVariant VariantHashSer serialize_field(key: &'static str);
}

impl serde::ser::SerializeMap for One<HashSer> {
    type Ok = Returned;
    type Error = Error;

    fn serialize_key<T: Serialize + ?Sized>(&mut self, key: &T) -> Result<(), Error> {
        self.0.serialize_key(key)
    }

    fn serialize_value<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), Error> {
        self.0.serialize_value(value)
    }

    fn serialize_entry<K: Serialize + ?Sized, V: Serialize + ?Sized>(
        &mut self,
        key: &K,
        value: &V,
    ) -> Result<(), Error> {
        self.0.serialize_entry(key, value)
    }

    fn end(self) -> Result<Returned, Error> {
        serde::ser::SerializeMap::end(self.0).map(Returned::One)
    }
}

macro_rules! single {
    ($($method:ident($($ty:ty),*);)+) => {$(
        single!(@ $method [a b c] [$($ty),*]);
    )+};
    (@ $method:ident [$($n:ident)*] []) => {
        fn $method(self) -> Result<Returned, Error> {
            self.0.$method().map(Returned::One)
        }
    };
    (@ $method:ident [$a:ident $($n:ident)*] [$x:ty]) => {
        #[inline]
        fn $method(self, $a: $x) -> Result<Returned, Error> {
            self.0.$method($a).map(Returned::One)
        }
    };
    (@ $method:ident [$a:ident $b:ident $c:ident] [$x:ty, $y:ty, $z:ty]) => {
        fn $method(self, $a: $x, $b: $y, $c: $z) -> Result<Returned, Error> {
            self.0.$method($a, $b, $c).map(Returned::One)
        }
    };
}

macro_rules! numbers {
    ($($method:ident($ty:ty) $variant:ident;)+) => {$(
        #[inline]
        fn $method(self, v: $ty) -> Result<Returned, Error> {
            Ok(Returned::$variant(v.into()))
        }
    )+};
}

impl Serializer for ReturnSer {
    type Ok = Returned;
    type Error = Error;
    type SerializeSeq = One<SeqSer>;
    type SerializeTuple = ListSer;
    type SerializeTupleStruct = One<SeqSer>;
    type SerializeTupleVariant = One<VariantSeqSer>;
    type SerializeMap = One<HashSer>;
    type SerializeStruct = One<TopStruct>;
    type SerializeStructVariant = One<VariantHashSer>;

    numbers! {
        serialize_bool(bool) Uint;
        serialize_i8(i8) Int;
        serialize_i16(i16) Int;
        serialize_i32(i32) Int;
        serialize_i64(i64) Int;
        serialize_u8(u8) Uint;
        serialize_u16(u16) Uint;
        serialize_u32(u32) Uint;
        serialize_u64(u64) Uint;
        serialize_f32(f32) Float;
        serialize_f64(f64) Float;
    }

    single! {
        serialize_char(char);
        serialize_str(&str);
        serialize_bytes(&[u8]);
        serialize_none();
        serialize_unit_variant(&'static str, u32, &'static str);
    }

    fn serialize_unit(self) -> Result<Returned, Error> {
        Ok(Returned::Nothing)
    }

    fn serialize_unit_struct(self, name: &'static str) -> Result<Returned, Error> {
        if outcome::is_void(name) {
            return Ok(Returned::Nothing);
        }
        self.0.serialize_unit_struct(name).map(Returned::One)
    }

    fn serialize_some<T: Serialize + ?Sized>(self, value: &T) -> Result<Returned, Error> {
        value.serialize(self.0).map(Returned::One)
    }

    fn serialize_newtype_struct<T: Serialize + ?Sized>(
        self,
        name: &'static str,
        value: &T,
    ) -> Result<Returned, Error> {
        if outcome::is_list(name) {
            return outcome::spread(&self.0.serialize_newtype_struct(name, value)?);
        }
        self.0
            .serialize_newtype_struct(name, value)
            .map(Returned::One)
    }

    fn serialize_newtype_variant<T: Serialize + ?Sized>(
        self,
        name: &'static str,
        index: u32,
        variant: &'static str,
        value: &T,
    ) -> Result<Returned, Error> {
        self.0
            .serialize_newtype_variant(name, index, variant, value)
            .map(Returned::One)
    }

    fn serialize_seq(self, len: Option<usize>) -> Result<One<SeqSer>, Error> {
        self.0.serialize_seq(len).map(One)
    }

    fn serialize_tuple(self, len: usize) -> Result<ListSer, Error> {
        Ok(ListSer(Vec::with_capacity(len), self.0))
    }

    fn serialize_tuple_struct(self, name: &'static str, len: usize) -> Result<One<SeqSer>, Error> {
        self.0.serialize_tuple_struct(name, len).map(One)
    }

    fn serialize_tuple_variant(
        self,
        name: &'static str,
        index: u32,
        variant: &'static str,
        len: usize,
    ) -> Result<One<VariantSeqSer>, Error> {
        self.0
            .serialize_tuple_variant(name, index, variant, len)
            .map(One)
    }

    fn serialize_map(self, len: Option<usize>) -> Result<One<HashSer>, Error> {
        self.0.serialize_map(len).map(One)
    }

    fn serialize_struct(self, name: &'static str, len: usize) -> Result<One<TopStruct>, Error> {
        self.0.serialize_struct(name, len).map(One)
    }

    fn serialize_struct_variant(
        self,
        name: &'static str,
        index: u32,
        variant: &'static str,
        len: usize,
    ) -> Result<One<VariantHashSer>, Error> {
        self.0
            .serialize_struct_variant(name, index, variant, len)
            .map(One)
    }
}
