//! Rust's values to Perl's, by serde.
//!
//! Containers that are made here are plain, so that filling them runs no code.

mod container;
mod key;
mod outcome;
mod returned;

use serde::Serialize;
use serde::ser::Serializer;

pub use outcome::{Return, ReturnValue, to_return_value};
pub use returned::to_returned;

use crate::de::MAX_DEPTH;
use crate::error::Error;
use crate::fence;
use crate::value::{Scalar, Value, access, raw_value};
use container::{HashSer, SeqSer, VariantHashSer, VariantSeqSer};

/// Converts a value.
///
/// # Errors
/// When it is nested deeper than [`MAX_DEPTH`], or a key is no scalar.
pub fn to_value<T: Serialize + ?Sized>(value: &T) -> Result<Value, Error> {
    fence::serializing(|| to_scalar(value, 0)).map(Value::from_scalar)
}

/// Whether a value is being converted for Perl in this thread, for types that
/// look different there.
pub fn is_active() -> bool {
    fence::is_serializing()
}

fn to_scalar<T: Serialize + ?Sized>(value: &T, depth: u32) -> Result<Scalar, Error> {
    value.serialize(ValueSer { depth })
}

/// Makes scalars at some depth.
#[derive(Clone, Copy)]
pub(crate) struct ValueSer {
    depth: u32,
}

/// For values that are only a unit on the way.
pub(crate) const UNIT: ValueSer = ValueSer { depth: 0 };

impl ValueSer {
    fn deeper(self) -> Result<u32, Error> {
        if self.depth < MAX_DEPTH {
            Ok(self.depth + 1)
        } else {
            Err(Error::new_owned(format!(
                "data is nested deeper than {MAX_DEPTH} levels"
            )))
        }
    }

    /// A hash with one key, as variants with data are written.
    fn one_key(key: &str, value: &Scalar) -> Result<Scalar, Error> {
        let hash = access::new_hash();
        access::add(&hash, key.as_bytes(), !key.is_ascii(), value.clone())?;
        Ok(access::into_ref(hash))
    }
}

macro_rules! scalars {
    ($($method:ident($ty:ty) => $v:ident, $make:expr;)+) => {$(
        #[inline]
        fn $method(self, $v: $ty) -> Result<Scalar, Error> {
            Ok($make)
        }
    )+};
}

impl Serializer for ValueSer {
    type Ok = Scalar;
    type Error = Error;
    type SerializeSeq = SeqSer;
    type SerializeTuple = SeqSer;
    type SerializeTupleStruct = SeqSer;
    type SerializeTupleVariant = VariantSeqSer;
    type SerializeMap = HashSer;
    type SerializeStruct = HashSer;
    type SerializeStructVariant = VariantHashSer;

    scalars! {
        serialize_bool(bool) => v, Scalar::new_uint(usize::from(v));
        serialize_i8(i8) => v, Scalar::new_int(isize::from(v));
        serialize_i16(i16) => v, Scalar::new_int(isize::from(v));
        serialize_i32(i32) => v, Scalar::new_int(v as isize);
        serialize_i64(i64) => v, Scalar::new_int(v as isize);
        serialize_u8(u8) => v, Scalar::new_uint(usize::from(v));
        serialize_u16(u16) => v, Scalar::new_uint(usize::from(v));
        serialize_u32(u32) => v, Scalar::new_uint(v as usize);
        serialize_u64(u64) => v, Scalar::new_uint(v as usize);
        serialize_f32(f32) => v, Scalar::new_float(f64::from(v));
        serialize_f64(f64) => v, Scalar::new_float(v);
        serialize_char(char) => v, Scalar::new_string(v.encode_utf8(&mut [0; 4]));
        serialize_str(&str) => v, Scalar::new_string(v);
        serialize_bytes(&[u8]) => v, Scalar::new_bytes(v);
    }

    fn serialize_none(self) -> Result<Scalar, Error> {
        Ok(Scalar::new_undef())
    }

    fn serialize_some<T: Serialize + ?Sized>(self, value: &T) -> Result<Scalar, Error> {
        value.serialize(self)
    }

    fn serialize_unit(self) -> Result<Scalar, Error> {
        Ok(Scalar::new_undef())
    }

    fn serialize_unit_struct(self, _: &'static str) -> Result<Scalar, Error> {
        Ok(Scalar::new_undef())
    }

    fn serialize_unit_variant(
        self,
        _: &'static str,
        _: u32,
        variant: &'static str,
    ) -> Result<Scalar, Error> {
        Ok(Scalar::new_string(variant))
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
        let value = to_scalar(value, self.deeper()?).map_err(|err| err.in_key(variant))?;
        Self::one_key(variant, &value)
    }

    fn serialize_seq(self, len: Option<usize>) -> Result<SeqSer, Error> {
        Ok(SeqSer::new(len.unwrap_or(0), self.deeper()?))
    }

    fn serialize_tuple(self, len: usize) -> Result<SeqSer, Error> {
        Ok(SeqSer::new(len, self.deeper()?))
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

    fn serialize_struct(self, _: &'static str, _: usize) -> Result<HashSer, Error> {
        Ok(HashSer::new(self.deeper()?))
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
