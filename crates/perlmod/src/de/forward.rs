//! Perl's values as data for any serializer: what they hold is copied.

use std::fmt::Display;

use serde::ser::{Serialize, SerializeMap, SerializeSeq, Serializer};

use super::ValueDe;
use crate::error::Error;
use crate::ffi::kind;
use crate::value::{Array, Hash, Scalar, ScalarRef, Value};

fn custom<E: serde::ser::Error>(err: impl Display) -> E {
    E::custom(err)
}

fn failed<T, E: serde::ser::Error>(result: Result<T, Error>) -> Result<T, E> {
    // the text alone: the serializer puts its own words around it
    result.map_err(|err| custom(err.message("value")))
}

impl Serialize for ValueDe<'_, '_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut slot = None;
        let this = failed(self.resolve(&mut slot))?;
        let node = this.node;
        match node.kind {
            kind::UNDEF => serializer.serialize_unit(),
            kind::BOOL => serializer.serialize_bool(node.int != 0),
            kind::INT => serializer.serialize_i64(node.int),
            kind::UINT => serializer.serialize_u64(node.uint()),
            kind::FLOAT => serializer.serialize_f64(node.float()),
            kind::ARRAY => this.serialize_array(serializer),
            kind::HASH => this.serialize_hash(serializer),
            _ => match this.text() {
                Some(text) => serializer.serialize_str(failed(text)?.as_ref()),
                None => Err(custom(this.unconvertible().message("value"))),
            },
        }
    }
}

impl ValueDe<'_, '_> {
    fn serialize_array<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let depth = failed(self.deeper())?;
        let mut items = failed(self.array())?;
        let mut seq = serializer.serialize_seq(Some(items.len()))?;
        while let Some(node) = items.advance() {
            seq.serialize_element(&ValueDe::new(node, depth))?;
        }
        seq.end()
    }

    fn serialize_hash<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut pairs = failed(self.hash())?;
        let mut map = serializer.serialize_map(Some(pairs.len()))?;
        while let Some(key) = failed(pairs.text())? {
            map.serialize_entry(&key, &failed(pairs.value())?)?;
            pairs.skip();
        }
        map.end()
    }
}

impl Serialize for ScalarRef {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        ValueDe::new(&self.describe(), 0).serialize(serializer)
    }
}

macro_rules! serialize {
    ($($ty:ident),+) => {$(
        impl Serialize for $ty {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                ScalarRef::serialize(self, serializer)
            }
        }
    )+};
}

serialize!(Scalar, Array, Hash, Value);
