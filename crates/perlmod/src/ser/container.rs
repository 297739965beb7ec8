//! Arrays and hashes on their way to Perl.

use serde::Serialize;
use serde::ser::{
    SerializeMap, SerializeSeq, SerializeStructVariant, SerializeTuple, SerializeTupleStruct,
    SerializeTupleVariant,
};

use super::ValueSer;
use super::key::KeySer;
use super::record::Pattern;
use crate::error::Error;
use crate::value::Scalar;

/// An array being filled.
pub struct SeqSer {
    inside: ValueSer<'static>,
    array: Scalar,
    index: usize,
    pattern: Pattern,
}

impl SeqSer {
    pub(super) fn new(inside: ValueSer<'static>, len: usize) -> Self {
        // a length that is only claimed reserves little
        Self {
            inside,
            array: inside.perl.array(len.min(4096)),
            index: 0,
            pattern: Pattern::default(),
        }
    }

    #[inline]
    fn add<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), Error> {
        match value.serialize(self.inside.element(&self.pattern)) {
            Ok(value) => self.inside.perl.push(&self.array, value),
            Err(err) => return Err(err.in_index(self.index)),
        }
        self.index += 1;
        Ok(())
    }

    fn done(self) -> Scalar {
        self.inside.perl.reference(self.array)
    }
}

/// A hash being filled.
pub struct HashSer {
    inside: ValueSer<'static>,
    hash: Scalar,
    /// A key whose value comes next.
    key: Vec<u8>,
}

impl HashSer {
    #[inline]
    pub(super) fn new(inside: ValueSer<'static>) -> Self {
        Self {
            inside,
            hash: inside.perl.hash(),
            key: Vec::new(),
        }
    }

    #[inline]
    pub(super) fn add<T: Serialize + ?Sized>(&self, key: &[u8], value: &T) -> Result<(), Error> {
        match value.serialize(self.inside) {
            Ok(value) => self.put(key, value),
            Err(err) => Err(err.in_key(&String::from_utf8_lossy(key))),
        }
    }

    /// Stores what is converted.
    #[inline]
    pub(super) fn put(&self, key: &[u8], value: Scalar) -> Result<(), Error> {
        self.inside.perl.add(&self.hash, key, value)
    }

    #[inline]
    pub(super) fn done(self) -> Scalar {
        self.inside.perl.reference(self.hash)
    }
}

/// A variant's array.
pub struct VariantSeqSer(pub(super) &'static str, pub(super) SeqSer);

/// A variant's hash.
pub struct VariantHashSer(pub(super) &'static str, pub(super) HashSer);

macro_rules! sequence {
    ($($trait:ident $method:ident;)+) => {$(
        impl $trait for SeqSer {
            type Ok = Scalar;
            type Error = Error;

            fn $method<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), Error> {
                self.add(value)
            }

            fn end(self) -> Result<Scalar, Error> {
                Ok(self.done())
            }
        }
    )+};
}

sequence! {
    SerializeSeq serialize_element;
    SerializeTuple serialize_element;
    SerializeTupleStruct serialize_field;
}

impl SerializeTupleVariant for VariantSeqSer {
    type Ok = Scalar;
    type Error = Error;

    fn serialize_field<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), Error> {
        self.1.add(value).map_err(|err| err.in_key(self.0))
    }

    fn end(self) -> Result<Scalar, Error> {
        self.1.inside.one_key(self.0, self.1.done())
    }
}

impl SerializeMap for HashSer {
    type Ok = Scalar;
    type Error = Error;

    fn serialize_key<T: Serialize + ?Sized>(&mut self, key: &T) -> Result<(), Error> {
        key.serialize(KeySer(|key: &[u8]| {
            self.key = key.to_vec();
            Ok(())
        }))
    }

    fn serialize_value<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), Error> {
        self.add(&self.key, value)
    }

    #[inline]
    fn serialize_entry<K: Serialize + ?Sized, V: Serialize + ?Sized>(
        &mut self,
        key: &K,
        value: &V,
    ) -> Result<(), Error> {
        key.serialize(KeySer(|key: &[u8]| self.add(key, value)))
    }

    fn end(self) -> Result<Scalar, Error> {
        Ok(self.done())
    }
}

impl SerializeStructVariant for VariantHashSer {
    type Ok = Scalar;
    type Error = Error;

    fn serialize_field<T: Serialize + ?Sized>(
        &mut self,
        key: &'static str,
        value: &T,
    ) -> Result<(), Error> {
        self.1
            .add(key.as_bytes(), value)
            .map_err(|err| err.in_key(self.0))
    }

    fn end(self) -> Result<Scalar, Error> {
        self.1.inside.one_key(self.0, self.1.done())
    }
}
