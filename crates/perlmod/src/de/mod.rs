//! Perl's values to Rust's, by serde.
//!
//! Types come from a value's flags, never from its history, and containers are
//! read without perl's shared iterator. Strings are never quoted in errors.

mod access;
mod argument;
mod forward;
mod scalar;

use std::marker::PhantomData;

use serde::Deserialize;
use serde::de::{Unexpected, Visitor};

pub use access::{ArrayAccess, HashAccess};
pub(crate) use argument::ArgumentDe;

use crate::error::Error;
use crate::ffi::{Node, flag, kind};
use crate::text::Int;
use crate::value::nodes::Pairs;
use crate::value::{Scalar, Value, access as raw};

/// Data nested deeper than this is refused.
pub const MAX_DEPTH: u32 = 128;

/// Converts a value.
///
/// # Errors
/// When it is not what `T` asks for, with the path to the place.
pub fn from_value<T: serde::de::DeserializeOwned>(value: Value) -> Result<T, Error> {
    from_node(&value.describe())
}

/// Converts a value that may lend its strings.
///
/// # Errors
/// When it is not what `T` asks for, with the path to the place.
pub fn from_ref_value<'de, T: Deserialize<'de>>(value: &'de Value) -> Result<T, Error> {
    from_node(&value.describe())
}

#[inline]
pub(crate) fn from_node<'de, T: Deserialize<'de>>(node: &Node) -> Result<T, Error> {
    T::deserialize(ValueDe::new(node, 0))
}

/// A described scalar at some depth. Small enough to be passed in registers.
#[derive(Clone, Copy)]
pub(crate) struct ValueDe<'n, 'de> {
    node: &'n Node,
    depth: u32,
    marker: PhantomData<&'de ()>,
}

impl<'n, 'de> ValueDe<'n, 'de> {
    #[inline]
    pub(crate) fn new(node: &'n Node, depth: u32) -> Self {
        Self {
            node,
            depth,
            marker: PhantomData,
        }
    }

    /// The depth of what is inside.
    fn deeper(&self) -> Result<u32, Error> {
        if self.depth < MAX_DEPTH {
            Ok(self.depth + 1)
        } else {
            Err(Error::new_owned(format!(
                "data is nested deeper than {MAX_DEPTH} levels"
            )))
        }
    }

    /// What the node stands for: magic fetched, references to scalars followed.
    /// Another node than its own goes into `slot`.
    #[inline]
    fn resolve<'s>(self, slot: &'s mut Option<Node>) -> Result<ValueDe<'s, 'de>, Error>
    where
        'n: 's,
    {
        if matches!(self.node.kind, kind::MAGIC | kind::SCALAR) {
            return self.follow(slot);
        }
        Ok(self)
    }

    #[cold]
    fn follow<'s>(mut self, slot: &'s mut Option<Node>) -> Result<ValueDe<'s, 'de>, Error> {
        let mut node = *self.node;
        while matches!(node.kind, kind::MAGIC | kind::SCALAR) {
            if node.kind == kind::MAGIC {
                let copy = raw::fetch(node.sv)?;
                node = copy.describe();
                copy.into_mortal().into_raw();
            } else {
                self.depth = self.deeper()?;
                node = raw::describe(node.body);
            }
        }
        Ok(ValueDe::new(slot.insert(node), self.depth))
    }

    /// What is inside an array; a tied one is copied.
    fn array(&self) -> Result<ArrayAccess<'de>, Error> {
        let array = if self.node.flags & flag::TIED == 0 {
            raw::hold(self.node.body)
        } else {
            raw::untie(self.node.body)?
        };
        Ok(ArrayAccess::new(array, self.deeper()?))
    }

    /// What is inside a hash; a tied one is copied.
    #[inline(always)]
    fn hash(&self) -> Result<HashAccess<'de>, Error> {
        let depth = self.deeper()?;
        let pairs = if self.node.flags & flag::TIED == 0 {
            Pairs::of(self.node.body)
        } else {
            Pairs::of_owned(raw::untie(self.node.body)?)
        };
        Ok(HashAccess::new(pairs, depth))
    }

    /// The value itself, for a raw one.
    fn scalar(&self) -> Scalar {
        if self.node.sv.is_null() {
            return Scalar::new_undef();
        }
        raw::hold(self.node.sv)
    }

    fn visit_array<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        visitor.visit_seq(self.array()?)
    }

    #[inline]
    fn visit_hash<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        visitor.visit_map(self.hash()?)
    }

    /// The error for a value that is not what was asked for.
    fn mismatch(&self, expected: &dyn serde::de::Expected) -> Error {
        use serde::de::Error as _;
        let met = match self.node.kind {
            kind::UNDEF => Unexpected::Unit,
            kind::BOOL => Unexpected::Bool(self.node.int != 0),
            kind::INT => Unexpected::Signed(self.node.int),
            kind::UINT => Unexpected::Unsigned(self.node.uint()),
            kind::FLOAT => Unexpected::Float(self.node.float()),
            kind::STRING => Unexpected::Str(""),
            kind::ARRAY => Unexpected::Seq,
            kind::HASH => Unexpected::Map,
            _ => return self.unconvertible(),
        };
        Error::invalid_type(met, expected)
    }

    fn unconvertible(&self) -> Error {
        Error::new(match self.node.kind {
            kind::CODE => "cannot convert CODE",
            kind::GLOB => "cannot convert GLOB",
            kind::REGEXP => "cannot convert Regexp",
            kind::IO => "cannot convert IO",
            kind::FREED => "value was freed during the call",
            _ => "cannot convert this kind of value",
        })
    }

    fn visit_int<V: Visitor<'de>>(number: Int, visitor: V) -> Result<V::Value, Error> {
        match number {
            Int::Signed(number) => visitor.visit_i64(number),
            Int::Unsigned(number) => visitor.visit_u64(number),
        }
    }
}
