//! Structs on their way to Perl. Those of a sequence mostly have the same keys:
//! after the first few, they are made from one shape.

use std::cell::{Cell, OnceCell};

use serde::Serialize;
use serde::ser::SerializeStruct;

use super::ValueSer;
use super::container::HashSer;
use crate::error::Error;
use crate::value::Scalar;
use crate::value::shape::Fields;

/// So many structs of a sequence are made as they come: a shape costs more.
const FIRST: u8 = 3;

/// What the structs of a sequence have in common.
#[derive(Default)]
pub(crate) struct Pattern {
    /// Structs that were made as they came.
    first: Cell<u8>,
    /// Of one struct at a time.
    fields: OnceCell<Box<Fields>>,
}

impl Pattern {
    /// Where the fields of the next struct go, unless it is one of the first.
    #[inline]
    fn fields(&self) -> Option<&Fields> {
        let Some(fields) = self.fields.get() else {
            return self.begin();
        };
        // a struct that failed may have left some
        fields.clear();
        Some(fields)
    }

    #[cold]
    fn begin(&self) -> Option<&Fields> {
        let first = self.first.get();
        if first < FIRST {
            self.first.set(first + 1);
            return None;
        }
        Some(self.fields.get_or_init(|| Box::new(Fields::new())))
    }
}

/// A struct being read.
pub enum StructSer<'p> {
    /// Its hash is being filled.
    Hash(HashSer),
    /// Its fields are collected.
    Fields(ValueSer<'static>, &'p Fields),
}

impl<'p> StructSer<'p> {
    #[inline]
    pub(super) fn new(inside: ValueSer<'static>, pattern: Option<&'p Pattern>) -> Self {
        match pattern.and_then(Pattern::fields) {
            Some(fields) => Self::Fields(inside, fields),
            None => Self::alone(inside),
        }
    }

    #[inline(never)]
    fn alone(inside: ValueSer<'static>) -> Self {
        Self::Hash(HashSer::new(inside))
    }

    /// Adds a field that is not the next of the shape.
    #[cold]
    fn leave_shape(&mut self, key: &'static str, value: Scalar) -> Result<(), Error> {
        if let Self::Fields(inside, fields) = self {
            *self = Self::Hash(filled(*inside, fields)?);
        }
        match self {
            Self::Hash(hash) => hash.put(key.as_bytes(), value),
            Self::Fields(..) => Ok(()),
        }
    }
}

/// Makes a hash of fields one by one.
#[cold]
fn filled(inside: ValueSer<'static>, fields: &Fields) -> Result<HashSer, Error> {
    let hash = HashSer::new(inside);
    for (name, value) in fields.drain() {
        hash.put(name.as_bytes(), value)?;
    }
    Ok(hash)
}

/// A field of a struct in no sequence: out of the way of the others.
#[inline(never)]
fn add<T: Serialize + ?Sized>(hash: &HashSer, key: &'static str, value: &T) -> Result<(), Error> {
    hash.add(key.as_bytes(), value)
}

impl SerializeStruct for StructSer<'_> {
    type Ok = Scalar;
    type Error = Error;

    #[inline]
    fn serialize_field<T: Serialize + ?Sized>(
        &mut self,
        key: &'static str,
        value: &T,
    ) -> Result<(), Error> {
        let (inside, fields) = match self {
            Self::Hash(hash) => return add(hash, key, value),
            Self::Fields(inside, fields) => (*inside, *fields),
        };
        let value = match value.serialize(inside) {
            Ok(value) => value,
            Err(err) => return Err(err.in_key(key)),
        };
        match fields.push(key, value) {
            Ok(()) => Ok(()),
            Err(value) => self.leave_shape(key, value),
        }
    }

    #[inline]
    fn end(self) -> Result<Scalar, Error> {
        match self {
            Self::Hash(hash) => Ok(hash.done()),
            Self::Fields(inside, fields) => match fields.hash(inside.perl) {
                Some(hash) => Ok(inside.perl.reference(hash)),
                None => Ok(filled(inside, fields)?.done()),
            },
        }
    }
}
