//! New Perl values from any serde data.

use std::fmt;

use serde::de::{Deserialize, Deserializer, Error as _, MapAccess, SeqAccess, Visitor};

use crate::value::{Array, Hash, Scalar, Value};

impl<'de> Deserialize<'de> for Value {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(Builder)
    }
}

struct Builder;

macro_rules! scalars {
    ($($visit:ident($v:ident: $ty:ty) => $make:expr;)+) => {$(
        fn $visit<E>(self, $v: $ty) -> Result<Value, E> {
            Ok($make)
        }
    )+};
}

impl<'de> Visitor<'de> for Builder {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a value")
    }

    scalars! {
        visit_bool(v: bool) => if v { Scalar::new_yes() } else { Scalar::new_no() }.into();
        visit_i64(v: i64) => Value::new_int(v as isize);
        visit_u64(v: u64) => Value::new_uint(v as usize);
        visit_f64(v: f64) => Value::new_float(v);
        visit_str(v: &str) => Value::new_string(v);
        visit_bytes(v: &[u8]) => Value::new_bytes(v);
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::new_undef())
    }

    fn visit_none<E>(self) -> Result<Value, E> {
        Ok(Value::new_undef())
    }

    fn visit_some<D: Deserializer<'de>>(self, inner: D) -> Result<Value, D::Error> {
        Value::deserialize(inner)
    }

    fn visit_newtype_struct<D: Deserializer<'de>>(self, inner: D) -> Result<Value, D::Error> {
        Value::deserialize(inner)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Value, A::Error> {
        let array = Array::new();
        while let Some(item) = items.next_element()? {
            array.try_push(item).map_err(A::Error::custom)?;
        }
        Ok(Value::new_ref(&array))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut pairs: A) -> Result<Value, A::Error> {
        let hash = Hash::new();
        while let Some((key, value)) = pairs.next_entry::<String, Value>()? {
            hash.try_insert(&key, value).map_err(A::Error::custom)?;
        }
        Ok(Value::new_ref(&hash))
    }
}
