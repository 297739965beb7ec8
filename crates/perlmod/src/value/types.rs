//! What a value is, told by its flags and not by its history.

use std::fmt;
use std::ops::{BitAnd, BitOr};

use crate::fence;
use crate::ffi::{Node, flag, kind, surface};
use crate::text;
use crate::value::{ScalarRef, access};

/// What a scalar holds; any of them, or none.
#[derive(Clone, Copy, Default, PartialEq, Eq, Hash)]
pub struct Flags(u8);

impl Flags {
    /// An integer.
    pub const INTEGER: Self = Self(1);
    /// A float.
    pub const DOUBLE: Self = Self(2);
    /// A string.
    pub const STRING: Self = Self(4);

    /// None of them: undef.
    pub const fn empty() -> Self {
        Self(0)
    }

    /// Whether it is none of them.
    pub const fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// The flags as a number.
    pub const fn bits(self) -> u8 {
        self.0
    }

    /// Whether all of these are set.
    pub const fn contains(self, other: Self) -> bool {
        self.0 & other.0 == other.0
    }

    /// Whether any of these is set.
    pub const fn intersects(self, other: Self) -> bool {
        self.0 & other.0 != 0
    }
}

impl BitOr for Flags {
    type Output = Self;

    fn bitor(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }
}

impl BitAnd for Flags {
    type Output = Self;

    fn bitand(self, other: Self) -> Self {
        Self(self.0 & other.0)
    }
}

impl fmt::Debug for Flags {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names = [
            (Self::INTEGER, "INTEGER"),
            (Self::DOUBLE, "DOUBLE"),
            (Self::STRING, "STRING"),
        ];
        let set = names.iter().filter(|(flag, _)| self.contains(*flag));
        let set: Vec<&str> = set.map(|(_, name)| *name).collect();
        write!(f, "Flags({})", set.join(" | "))
    }
}

/// What a value is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Type {
    /// A scalar that is no reference.
    Scalar(Flags),
    /// A reference.
    Reference,
    /// An array itself.
    Array,
    /// A hash itself.
    Hash,
    /// Something else, by the number of perl's body type.
    Other(u8),
}

impl ScalarRef {
    /// What it is; get-magic is called. Equal values have equal types.
    ///
    /// Ends the running call with the exception when get-magic dies.
    pub fn ty(&self) -> Type {
        let node = self.describe();
        if node.kind != kind::MAGIC {
            return self.type_of(&node);
        }
        match access::fetch(self.as_raw()) {
            Ok(copy) => copy.type_of(&copy.describe()),
            Err(err) => fence::raise(err),
        }
    }

    fn type_of(&self, node: &Node) -> Type {
        if !node.body.is_null() && node.body != node.sv {
            return Type::Reference;
        }
        Type::Scalar(match node.kind {
            kind::ARRAY => return Type::Array,
            kind::HASH => return Type::Hash,
            kind::UNDEF => Flags::empty(),
            kind::BOOL => Flags::INTEGER | Flags::DOUBLE | Flags::STRING,
            kind::INT | kind::UINT => Flags::INTEGER,
            kind::FLOAT => Flags::DOUBLE,
            kind::STRING if node.flags & flag::IOK == 0 => Flags::STRING,
            // a number beside a text that is none, as in $!
            kind::STRING if text::is_numeric(access::stored(node)) => Flags::STRING,
            kind::STRING => Flags::STRING | Flags::INTEGER,
            _ => {
                // SAFETY: borrowed, so live
                let number = unsafe { surface::rp_svtype(self.as_raw()) };
                return Type::Other(u8::try_from(number).unwrap_or(u8::MAX));
            }
        })
    }
}
