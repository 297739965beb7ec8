//! Elements of arrays and hashes.
//!
//! Descriptions are fetched in one call per container (arrays: in pieces). An
//! element that is tied runs Perl code, which may change anything: what was
//! described before is described again when the generation has changed.

use std::marker::PhantomData;

use serde::de::{DeserializeSeed, MapAccess, SeqAccess};

use super::ValueDe;
use crate::error::Error;
use crate::fence::Watch;
use crate::ffi::{Key, Node, flag};
use crate::text;
use crate::value::nodes::{self, Nodes, Pairs};
use crate::value::{Scalar, access as raw, ascii};

/// Walks an array.
pub struct ArrayAccess<'de> {
    array: Scalar,
    piece: Nodes,
    /// Index of the piece's first element.
    start: usize,
    /// Elements of the piece that were given out.
    given: usize,
    watch: Watch,
    depth: u32,
    marker: PhantomData<&'de ()>,
}

impl ArrayAccess<'_> {
    pub(super) fn new(array: Scalar, depth: u32) -> Self {
        Self {
            array,
            piece: Nodes::new(),
            start: 0,
            given: 0,
            watch: Watch::new(),
            depth,
            marker: PhantomData,
        }
    }

    pub(super) fn len(&self) -> usize {
        raw::array_len(self.array.as_raw())
    }

    /// Index of the next element.
    #[inline]
    fn index(&self) -> usize {
        self.start + self.given
    }

    /// The next element.
    #[inline]
    pub(super) fn advance(&mut self) -> Option<&Node> {
        if !self.watch.is_fresh() || self.piece.get(self.given).is_none() {
            self.refill()?;
        }
        let node = self.piece.get(self.given)?;
        self.given += 1;
        Some(node)
    }

    #[cold]
    fn refill(&mut self) -> Option<()> {
        let left = self.len().checked_sub(self.index())?;
        self.start = self.index();
        self.given = 0;
        self.watch = Watch::new();
        self.piece.fill(&self.array, self.start, left);
        Some(())
    }
}

impl<'de> SeqAccess<'de> for ArrayAccess<'de> {
    type Error = Error;

    fn next_element_seed<T: DeserializeSeed<'de>>(
        &mut self,
        seed: T,
    ) -> Result<Option<T::Value>, Error> {
        let depth = self.depth;
        let Some(node) = self.advance() else {
            return Ok(None);
        };
        match seed.deserialize(ValueDe::new(node, depth)) {
            Ok(value) => Ok(Some(value)),
            Err(err) => Err(err.in_index(self.index() - 1)),
        }
    }

    fn size_hint(&self) -> Option<usize> {
        Some(self.len().saturating_sub(self.index()))
    }
}

/// Walks a hash, in perl's order, without perl's iterator.
pub struct HashAccess<'de> {
    pairs: Pairs,
    index: usize,
    depth: u32,
    marker: PhantomData<&'de ()>,
}

impl HashAccess<'_> {
    #[inline]
    pub(super) fn new(pairs: Pairs, depth: u32) -> Self {
        Self {
            pairs,
            index: 0,
            depth,
            marker: PhantomData,
        }
    }
}

impl<'de> HashAccess<'de> {
    pub(super) fn len(&self) -> usize {
        self.pairs.len()
    }

    /// The running pair's key.
    #[inline]
    pub(super) fn key(&self) -> Result<KeyDe<'_, 'de>, Error> {
        match self.pairs.key(self.index) {
            Some(key) => Ok(KeyDe(key, PhantomData)),
            None => changed(),
        }
    }

    /// The running pair's value.
    #[inline]
    pub(super) fn value(&self) -> Result<ValueDe<'_, 'de>, Error> {
        match self.pairs.value(self.index) {
            Some(value) => Ok(ValueDe::new(value, self.depth)),
            None => changed(),
        }
    }

    /// Reads the running pair's value; an error tells the key.
    #[inline]
    pub(super) fn read<T>(
        &mut self,
        read: impl FnOnce(ValueDe<'_, 'de>) -> Result<T, Error>,
    ) -> Result<T, Error> {
        // built in place and not moved: values are large
        let mut result = match self.value() {
            Ok(value) => read(value),
            Err(err) => return Err(err),
        };
        if let Err(err) = &mut result {
            locate(self.pairs.key(self.index), err);
        }
        self.index += 1;
        result
    }

    /// The running pair's key, if there is one.
    pub(super) fn text(&self) -> Result<Option<String>, Error> {
        if self.index >= self.pairs.len() {
            return Ok(None);
        }
        self.key()?.text().map(Some)
    }

    /// Goes on to the next pair.
    pub(super) fn skip(&mut self) {
        self.index += 1;
    }
}

/// Adds a key to an error.
#[cold]
fn locate(key: Option<&Key>, err: &mut Error) {
    if let Some(key) = key {
        err.add_key(&KeyDe(key, PhantomData).shown());
    }
}

#[cold]
fn changed<T>() -> Result<T, Error> {
    Error::fail("hash was changed while it was read")
}

impl<'de> MapAccess<'de> for HashAccess<'de> {
    type Error = Error;

    fn next_key_seed<K: DeserializeSeed<'de>>(
        &mut self,
        seed: K,
    ) -> Result<Option<K::Value>, Error> {
        if self.index >= self.pairs.len() {
            return Ok(None);
        }
        match seed.deserialize(self.key()?) {
            Ok(key) => Ok(Some(key)),
            Err(mut err) => {
                locate(self.pairs.key(self.index), &mut err);
                Err(err)
            }
        }
    }

    #[inline]
    fn next_value_seed<V: DeserializeSeed<'de>>(&mut self, seed: V) -> Result<V::Value, Error> {
        self.read(|value| seed.deserialize(value))
    }

    fn size_hint(&self) -> Option<usize> {
        Some(self.len() - self.index)
    }
}

/// A key: a string that may be a number.
pub(super) struct KeyDe<'n, 'de>(&'n Key, PhantomData<&'de ()>);

impl KeyDe<'_, '_> {
    #[inline]
    fn stored(&self) -> &[u8] {
        raw::stored(&self.0.node())
    }

    fn text(&self) -> Result<String, Error> {
        match text::characters(self.stored(), self.0.flags & flag::UTF8 != 0) {
            Ok(text) => Ok(text.into_owned()),
            Err(err) => Error::fail(err.text()),
        }
    }

    fn shown(&self) -> String {
        self.text().unwrap_or_else(|_| "?".to_string())
    }
}

macro_rules! forward {
    ($($method:ident($($arg:ident: $ty:ty),*);)+) => {$(
        #[inline]
        fn $method<V: serde::de::Visitor<'de>>(self, $($arg: $ty,)* visitor: V)
            -> Result<V::Value, Error>
        {
            ValueDe::new(&self.0.node(), 0).$method($($arg,)* visitor)
        }
    )+};
}

impl<'de> serde::Deserializer<'de> for KeyDe<'_, 'de> {
    type Error = Error;

    fn deserialize_str<V: serde::de::Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        match nodes::borrow_key(self.0) {
            Ok(text) => visitor.visit_borrowed_str(text),
            Err(err) => Error::fail(err.text()),
        }
    }

    #[inline]
    fn deserialize_string<V: serde::de::Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        match ascii::text(self.stored()) {
            Some(text) => visitor.visit_str(text),
            None => ValueDe::new(&self.0.node(), 0).deserialize_string(visitor),
        }
    }

    #[inline]
    fn deserialize_identifier<V: serde::de::Visitor<'de>>(
        self,
        visitor: V,
    ) -> Result<V::Value, Error> {
        self.deserialize_string(visitor)
    }

    forward! {
        deserialize_any();
        deserialize_bool();
        deserialize_i8();
        deserialize_i16();
        deserialize_i32();
        deserialize_i64();
        deserialize_i128();
        deserialize_u8();
        deserialize_u16();
        deserialize_u32();
        deserialize_u64();
        deserialize_u128();
        deserialize_f32();
        deserialize_f64();
        deserialize_char();
        deserialize_bytes();
        deserialize_byte_buf();
        deserialize_unit();
        deserialize_unit_struct(name: &'static str);
        deserialize_seq();
        deserialize_tuple(len: usize);
        deserialize_tuple_struct(name: &'static str, len: usize);
        deserialize_map();
        deserialize_struct(name: &'static str, fields: &'static [&'static str]);
        deserialize_enum(name: &'static str, variants: &'static [&'static str]);
        deserialize_ignored_any();
    }

    fn deserialize_option<V: serde::de::Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        visitor.visit_some(self)
    }

    fn deserialize_newtype_struct<V: serde::de::Visitor<'de>>(
        self,
        _: &'static str,
        visitor: V,
    ) -> Result<V::Value, Error> {
        visitor.visit_newtype_struct(self)
    }
}
