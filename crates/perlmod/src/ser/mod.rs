//! Rust's values to Perl's, by serde.
//!
//! Containers that are made here are plain, so that filling them runs no code.

mod container;
mod key;
mod outcome;
mod record;
mod returned;

use serde::Serialize;
use serde::ser::Serializer;

pub use outcome::{Return, ReturnValue, to_return_value};
pub use returned::to_returned;

use crate::de::MAX_DEPTH;
use crate::error::Error;
use crate::fence;
use crate::value::make::Perl;
use crate::value::{Scalar, Value, raw_value};
use container::{HashSer, SeqSer, VariantHashSer, VariantSeqSer};
use record::{Pattern, StructSer};

/// Converts a value.
///
/// # Errors
/// When it is nested deeper than [`MAX_DEPTH`], or a key is no scalar.
pub fn to_value<T: Serialize + ?Sized>(value: &T) -> Result<Value, Error> {
    fence::serializing(|perl| value.serialize(ValueSer::by(Perl::of(perl)))).map(Value::from_scalar)
}

/// Whether a value is being converted for Perl in this thread, for types that
/// look different there.
pub fn is_active() -> bool {
    fence::is_serializing()
}

/// Makes scalars at some depth.
#[derive(Clone, Copy)]
pub(crate) struct ValueSer<'p> {
    perl: Perl,
    depth: u32,
    /// What the elements of the sequence have in common, for an element.
    pattern: Option<&'p Pattern>,
}

impl ValueSer<'static> {
    /// For the outermost value.
    #[inline]
    pub(crate) fn top() -> Self {
        Self::by(Perl::of_call())
    }

    /// The same, by an interpreter that is known.
    #[inline]
    fn by(perl: Perl) -> Self {
        Self {
            perl,
            depth: 0,
            pattern: None,
        }
    }
}

impl ValueSer<'_> {
    /// The same place, as an element of a sequence.
    #[inline]
    fn element(self, pattern: &Pattern) -> ValueSer<'_> {
        ValueSer {
            perl: self.perl,
            depth: self.depth,
            pattern: Some(pattern),
        }
    }

    /// For what is inside.
    #[inline]
    fn deeper(self) -> Result<ValueSer<'static>, Error> {
        if self.depth < MAX_DEPTH {
            Ok(ValueSer {
                perl: self.perl,
                depth: self.depth + 1,
                pattern: None,
            })
        } else {
            Err(Error::new_owned(format!(
                "data is nested deeper than {MAX_DEPTH} levels"
            )))
        }
    }

    /// A hash with one key, as variants with data are written.
    fn one_key(self, key: &str, value: Scalar) -> Result<Scalar, Error> {
        let hash = self.perl.hash();
        self.perl.add(&hash, key.as_bytes(), value)?;
        Ok(self.perl.reference(hash))
    }
}

macro_rules! scalars {
    ($($method:ident($ty:ty) => $v:ident, $make:ident($pass:expr);)+) => {$(
        #[inline]
        fn $method(self, $v: $ty) -> Result<Scalar, Error> {
            Ok(self.perl.$make($pass))
        }
    )+};
}

impl<'p> Serializer for ValueSer<'p> {
    type Ok = Scalar;
    type Error = Error;
    type SerializeSeq = SeqSer;
    type SerializeTuple = SeqSer;
    type SerializeTupleStruct = SeqSer;
    type SerializeTupleVariant = VariantSeqSer;
    type SerializeMap = HashSer;
    type SerializeStruct = StructSer<'p>;
    type SerializeStructVariant = VariantHashSer;

    scalars! {
        serialize_bool(bool) => v, uint(u64::from(v));
        serialize_i8(i8) => v, int(i64::from(v));
        serialize_i16(i16) => v, int(i64::from(v));
        serialize_i32(i32) => v, int(i64::from(v));
        serialize_i64(i64) => v, int(v);
        serialize_u8(u8) => v, uint(u64::from(v));
        serialize_u16(u16) => v, uint(u64::from(v));
        serialize_u32(u32) => v, uint(u64::from(v));
        serialize_u64(u64) => v, uint(v);
        serialize_f32(f32) => v, float(f64::from(v));
        serialize_f64(f64) => v, float(v);
        serialize_char(char) => v, string(v.encode_utf8(&mut [0; 4]));
        serialize_str(&str) => v, string(v);
        serialize_bytes(&[u8]) => v, bytes(v);
    }

    fn serialize_none(self) -> Result<Scalar, Error> {
        Ok(self.perl.undef())
    }

    fn serialize_some<T: Serialize + ?Sized>(self, value: &T) -> Result<Scalar, Error> {
        value.serialize(self)
    }

    fn serialize_unit(self) -> Result<Scalar, Error> {
        Ok(self.perl.undef())
    }

    fn serialize_unit_struct(self, _: &'static str) -> Result<Scalar, Error> {
        Ok(self.perl.undef())
    }

    fn serialize_unit_variant(
        self,
        _: &'static str,
        _: u32,
        variant: &'static str,
    ) -> Result<Scalar, Error> {
        Ok(self.perl.string(variant))
    }

    fn serialize_newtype_struct<T: Serialize + ?Sized>(
        self,
        name: &'static str,
        value: &T,
    ) -> Result<Scalar, Error> {
        if raw_value::is_name(name) {
            return raw_value::hand_over(value);
        }
        value.serialize(self)
    }

    fn serialize_newtype_variant<T: Serialize + ?Sized>(
        self,
        _: &'static str,
        _: u32,
        variant: &'static str,
        value: &T,
    ) -> Result<Scalar, Error> {
        match value.serialize(self.deeper()?) {
            Ok(value) => self.one_key(variant, value),
            Err(err) => Err(err.in_key(variant)),
        }
    }

    fn serialize_seq(self, len: Option<usize>) -> Result<SeqSer, Error> {
        Ok(SeqSer::new(self.deeper()?, len.unwrap_or(0)))
    }

    fn serialize_tuple(self, len: usize) -> Result<SeqSer, Error> {
        Ok(SeqSer::new(self.deeper()?, len))
    }

    fn serialize_tuple_struct(self, _: &'static str, len: usize) -> Result<SeqSer, Error> {
        self.serialize_tuple(len)
    }

    fn serialize_tuple_variant(
        self,
        _: &'static str,
        _: u32,
        variant: &'static str,
        len: usize,
    ) -> Result<VariantSeqSer, Error> {
        Ok(VariantSeqSer(variant, self.serialize_tuple(len)?))
    }

    fn serialize_map(self, _: Option<usize>) -> Result<HashSer, Error> {
        Ok(HashSer::new(self.deeper()?))
    }

    #[inline]
    fn serialize_struct(self, _: &'static str, _: usize) -> Result<StructSer<'p>, Error> {
        Ok(StructSer::new(self.deeper()?, self.pattern))
    }

    fn serialize_struct_variant(
        self,
        _: &'static str,
        _: u32,
        variant: &'static str,
        _: usize,
    ) -> Result<VariantHashSer, Error> {
        Ok(VariantHashSer(variant, HashSer::new(self.deeper()?)))
    }
}
