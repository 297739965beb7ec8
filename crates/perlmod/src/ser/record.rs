//! Structs on their way to Perl. Those of a sequence mostly have the same keys:
//! after the first few, they are made from one shape.

use std::cell::{Cell, OnceCell, RefCell};

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
    fields: OnceCell<Box<RefCell<Fields>>>,
}

impl Pattern {
    /// Where the fields of the next struct go, unless it is one of the first.
    #[inline]
    fn fields(&self) -> Option<&RefCell<Fields>> {
        let first = self.first.get();
        if first < FIRST {
            self.first.set(first + 1);
            return None;
        }
        let fields = self.fields.get_or_init(|| Box::new(Fields::new().into()));
        // a struct that failed may have left some
        fields.borrow_mut().clear();
        Some(fields)
    }
}

/// A struct being read.
pub enum StructSer<'p> {
    /// Its hash is being filled.
    Hash(HashSer),
    /// Its fields are collected.
    Fields(ValueSer<'static>, &'p RefCell<Fields>),
}

impl<'p> StructSer<'p> {
    #[inline]
    pub(super) fn new(inside: ValueSer<'static>, pattern: Option<&'p Pattern>) -> Self {
        match pattern.and_then(Pattern::fields) {
            Some(fields) => Self::Fields(inside, fields),
            None => Self::Hash(HashSer::new(inside)),
        }
    }
}

/// Makes a hash of fields one by one.
#[cold]
fn filled(inside: ValueSer<'static>, fields: &mut Fields) -> Result<HashSer, Error> {
    let hash = HashSer::new(inside);
    for (name, value) in fields.drain() {
        hash.put(name.as_bytes(), value)?;
    }
    Ok(hash)
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
            Self::Hash(hash) => return hash.add(key.as_bytes(), value),
            Self::Fields(inside, fields) => (*inside, *fields),
        };
        let value = match value.serialize(inside) {
            Ok(value) => value,
            Err(err) => return Err(err.in_key(key)),
        };
        let mut fields = fields.borrow_mut();
        if let Err(value) = fields.push(key, value) {
            let hash = filled(inside, &mut fields)?;
            hash.put(key.as_bytes(), value)?;
            *self = Self::Hash(hash);
        }
        Ok(())
    }

    #[inline]
    fn end(self) -> Result<Scalar, Error> {
        match self {
            Self::Hash(hash) => Ok(hash.done()),
            Self::Fields(inside, fields) => {
                let mut fields = fields.borrow_mut();
                match fields.hash(inside.perl) {
                    Some(hash) => Ok(inside.perl.reference(hash)),
                    None => Ok(filled(inside, &mut fields)?.done()),
                }
            }
        }
    }
}
