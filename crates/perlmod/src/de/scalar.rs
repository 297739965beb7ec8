//! What a scalar is when a certain type is asked for.

use std::borrow::Cow;

use serde::de::{
    DeserializeSeed, Deserializer, EnumAccess, IntoDeserializer, VariantAccess, Visitor,
};

use super::{HashAccess, ValueDe};
use crate::error::Error;
use crate::ffi::{flag, kind};
use crate::text::{self, Int};
use crate::value::{access as raw, ascii, raw_value};

impl<'n> ValueDe<'n, '_> {
    /// The characters, if it is a string or a number.
    pub(super) fn text(&self) -> Option<Result<Cow<'n, str>, Error>> {
        let node = self.node;
        Some(Ok(match node.kind {
            kind::STRING => {
                return Some(
                    text::characters(raw::stored(node), node.flags & flag::UTF8 != 0)
                        .map_err(|err| Error::new(err.text())),
                );
            }
            kind::BOOL => Cow::Borrowed(if node.int == 0 { "" } else { "1" }),
            kind::INT => Cow::Owned(node.int.to_string()),
            kind::UINT => Cow::Owned(node.uint().to_string()),
            kind::FLOAT => Cow::Owned(text::decimal(node.float())),
            _ => return None,
        }))
    }

    #[inline]
    fn integer(&self, expected: &dyn serde::de::Expected) -> Result<Int, Error> {
        if self.node.kind == kind::INT {
            return Ok(Int::Signed(self.node.int));
        }
        self.other_integer(expected)
    }

    fn other_integer(&self, expected: &dyn serde::de::Expected) -> Result<Int, Error> {
        let node = self.node;
        let number = match node.kind {
            kind::BOOL => Some(Int::Signed(node.int)),
            kind::UINT => Some(Int::Unsigned(node.uint())),
            kind::FLOAT => text::whole(node.float()),
            kind::STRING => text::integer(raw::stored(node)).or_else(|| self.beside()),
            _ => None,
        };
        number.ok_or_else(|| self.mismatch(expected))
    }

    /// The number beside a text that is none, as `$!` has.
    fn beside(&self) -> Option<Int> {
        match self.node.flags & (flag::IOK | flag::UV) {
            _ if text::is_numeric(raw::stored(self.node)) => None,
            0 => self.float_beside().and_then(text::whole),
            flag::IOK => Some(Int::Signed(self.node.int)),
            _ => Some(Int::Unsigned(self.node.uint())),
        }
    }

    /// The same as a float.
    fn float_beside(&self) -> Option<f64> {
        let node = self.node;
        if text::is_numeric(raw::stored(node)) {
            return None;
        }
        match node.flags & (flag::IOK | flag::UV | flag::NOK) {
            0 => None,
            flag::NOK => Some(node.float()).filter(|float| float.is_finite()),
            flag::IOK => Some(node.int as f64),
            _ => Some(node.uint() as f64),
        }
    }

    fn float(&self, expected: &dyn serde::de::Expected) -> Result<f64, Error> {
        let node = self.node;
        let number = match node.kind {
            kind::BOOL | kind::INT => Some(node.int as f64),
            kind::UINT => Some(node.uint() as f64),
            kind::FLOAT => Some(node.float()),
            kind::STRING => text::float(raw::stored(node)).or_else(|| self.float_beside()),
            _ => None,
        };
        number.ok_or_else(|| self.mismatch(expected))
    }

    fn boolean(&self, expected: &dyn serde::de::Expected) -> Result<bool, Error> {
        let node = self.node;
        let truth = match node.kind {
            kind::UNDEF => Some(false),
            kind::BOOL | kind::INT | kind::UINT => Some(node.int != 0),
            kind::FLOAT => Some(node.float() != 0.0),
            kind::STRING => match raw::stored(node) {
                b"" | b"0" => Some(false),
                b"1" => Some(true),
                _ => None,
            },
            _ => None,
        };
        truth.ok_or_else(|| self.mismatch(expected))
    }
}

impl<'de> ValueDe<'_, 'de> {
    fn visit_text<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        let mut slot = None;
        let this = self.resolve(&mut slot)?;
        match this.text() {
            None => Err(this.mismatch(&visitor)),
            Some(text) => match text? {
                Cow::Borrowed(text) => visitor.visit_str(text),
                Cow::Owned(text) => visitor.visit_string(text),
            },
        }
    }
}

macro_rules! numbers {
    ($($method:ident),+ $(,)?) => {$(
        #[inline]
        fn $method<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        let mut slot = None;
        let this = self.resolve(&mut slot)?;
            let number = this.integer(&visitor)?;
            Self::visit_int(number, visitor)
        }
    )+};
}

impl<'de> Deserializer<'de> for ValueDe<'_, 'de> {
    type Error = Error;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        let node = self.node;
        match node.kind {
            kind::UNDEF => visitor.visit_unit(),
            kind::BOOL => visitor.visit_bool(node.int != 0),
            kind::INT => visitor.visit_i64(node.int),
            kind::UINT => visitor.visit_u64(node.uint()),
            kind::FLOAT => visitor.visit_f64(node.float()),
            kind::STRING => self.deserialize_string(visitor),
            kind::ARRAY => self.visit_array(visitor),
            kind::HASH => self.visit_hash(visitor),
            kind::MAGIC | kind::SCALAR => {
                let mut slot = None;
                self.follow(&mut slot)?.deserialize_any(visitor)
            }
            _ => Err(self.unconvertible()),
        }
    }

    numbers! {
        deserialize_i8,
        deserialize_i16,
        deserialize_i32,
        deserialize_i64,
        deserialize_i128,
        deserialize_u8,
        deserialize_u16,
        deserialize_u32,
        deserialize_u64,
        deserialize_u128,
    }

    fn deserialize_bool<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        let mut slot = None;
        let this = self.resolve(&mut slot)?;
        let truth = this.boolean(&visitor)?;
        visitor.visit_bool(truth)
    }

    fn deserialize_f32<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        self.deserialize_f64(visitor)
    }

    fn deserialize_f64<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        let mut slot = None;
        let this = self.resolve(&mut slot)?;
        let number = this.float(&visitor)?;
        visitor.visit_f64(number)
    }

    fn deserialize_char<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        self.deserialize_string(visitor)
    }

    #[inline]
    fn deserialize_str<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        let mut slot = None;
        let this = self.resolve(&mut slot)?;
        if this.node.kind == kind::STRING {
            return match raw::borrow_text(this.node) {
                Ok(text) => visitor.visit_borrowed_str(text),
                Err(err) => Err(Error::new(err.text())),
            };
        }
        match this.text() {
            None => Err(this.mismatch(&visitor)),
            Some(text) => visitor.visit_borrowed_str(raw::keep_text(&text?)),
        }
    }

    #[inline]
    fn deserialize_string<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        if self.node.kind == kind::STRING {
            if let Some(text) = ascii::text(raw::stored(self.node)) {
                return visitor.visit_str(text);
            }
        }
        self.visit_text(visitor)
    }

    fn deserialize_bytes<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        let mut slot = None;
        let this = self.resolve(&mut slot)?;
        if this.node.kind != kind::STRING {
            return match this.text() {
                None => Err(this.mismatch(&visitor)),
                Some(text) => visitor.visit_borrowed_bytes(raw::keep_bytes(text?.as_bytes())),
            };
        }
        let utf8 = this.node.flags & flag::UTF8 != 0;
        match text::bytes(raw::stored(this.node), utf8) {
            Ok(Cow::Borrowed(_)) => visitor.visit_borrowed_bytes(raw::borrow(this.node)),
            Ok(Cow::Owned(bytes)) => visitor.visit_borrowed_bytes(raw::keep_bytes(&bytes)),
            Err(err) => Err(Error::new(err.text())),
        }
    }

    fn deserialize_byte_buf<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        self.deserialize_bytes(visitor)
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        let mut slot = None;
        let this = match self.node.kind {
            kind::MAGIC => self.resolve(&mut slot)?,
            _ => self,
        };
        if this.node.kind == kind::UNDEF {
            visitor.visit_none()
        } else {
            visitor.visit_some(this)
        }
    }

    fn deserialize_unit<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        let mut slot = None;
        let this = self.resolve(&mut slot)?;
        if this.node.kind == kind::UNDEF {
            visitor.visit_unit()
        } else {
            Err(this.mismatch(&visitor))
        }
    }

    fn deserialize_unit_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        visitor: V,
    ) -> Result<V::Value, Error> {
        self.deserialize_unit(visitor)
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        name: &'static str,
        visitor: V,
    ) -> Result<V::Value, Error> {
        if raw_value::is_name(name) {
            return raw_value::give(self.scalar(), visitor);
        }
        visitor.visit_newtype_struct(self)
    }

    fn deserialize_seq<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        let mut slot = None;
        let this = self.resolve(&mut slot)?;
        if this.node.kind == kind::ARRAY {
            this.visit_array(visitor)
        } else {
            Err(this.mismatch(&visitor))
        }
    }

    fn deserialize_tuple<V: Visitor<'de>>(self, len: usize, visitor: V) -> Result<V::Value, Error> {
        let mut slot = None;
        let this = self.resolve(&mut slot)?;
        if this.node.kind != kind::ARRAY {
            return Err(this.mismatch(&visitor));
        }
        let access = this.array()?;
        let found = access.len();
        if found != len {
            return Err(serde::de::Error::invalid_length(found, &visitor));
        }
        visitor.visit_seq(access)
    }

    fn deserialize_tuple_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        len: usize,
        visitor: V,
    ) -> Result<V::Value, Error> {
        self.deserialize_tuple(len, visitor)
    }

    fn deserialize_map<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        let mut slot = None;
        let this = self.resolve(&mut slot)?;
        if this.node.kind == kind::HASH {
            this.visit_hash(visitor)
        } else {
            Err(this.mismatch(&visitor))
        }
    }

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        _: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Error> {
        self.deserialize_map(visitor)
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        _: &'static str,
        _: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Error> {
        let mut slot = None;
        let this = self.resolve(&mut slot)?;
        if this.node.kind == kind::HASH {
            let access = this.hash()?;
            if access.len() != 1 {
                return Error::fail("invalid value: a hash, expected one with a single key");
            }
            return visitor.visit_enum(access);
        }
        match this.text() {
            Some(text) => visitor.visit_enum(text?.into_owned().into_deserializer()),
            None => Err(this.mismatch(&visitor)),
        }
    }

    fn deserialize_identifier<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        self.deserialize_string(visitor)
    }

    fn deserialize_ignored_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        visitor.visit_unit()
    }
}

/// A one-key hash as the variant it names.
impl<'de> EnumAccess<'de> for HashAccess<'de> {
    type Error = Error;
    type Variant = Variant<'de>;

    fn variant_seed<S: DeserializeSeed<'de>>(
        self,
        seed: S,
    ) -> Result<(S::Value, Variant<'de>), Error> {
        let name = seed.deserialize(self.key()?)?;
        Ok((name, Variant(self)))
    }
}

/// What a variant carries.
pub struct Variant<'de>(HashAccess<'de>);

impl<'de> VariantAccess<'de> for Variant<'de> {
    type Error = Error;

    fn unit_variant(mut self) -> Result<(), Error> {
        self.0.read(|value| serde::Deserialize::deserialize(value))
    }

    fn newtype_variant_seed<S: DeserializeSeed<'de>>(mut self, seed: S) -> Result<S::Value, Error> {
        self.0.read(|value| seed.deserialize(value))
    }

    fn tuple_variant<V: Visitor<'de>>(mut self, len: usize, visitor: V) -> Result<V::Value, Error> {
        self.0.read(|value| value.deserialize_tuple(len, visitor))
    }

    fn struct_variant<V: Visitor<'de>>(
        mut self,
        _: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Error> {
        self.0.read(|value| value.deserialize_map(visitor))
    }
}
