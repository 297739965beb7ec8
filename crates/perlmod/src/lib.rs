//! Rust functions as Perl subs, behind one fence.
//!
//! A module with [`macro@package`] becomes a Perl package, a function in it with
//! [`macro@export`] a sub of it. Arguments and results are converted by serde;
//! `#[raw]` and `#[try_from_ref]` take a [`Value`] or an object instead.
//!
//! ```no_run
//! # #[cfg(feature = "exporter")]
//! #[perlmod::package(name = "My::Numbers", lib = "my_numbers")]
//! mod export {
//!     use perlmod::Error;
//!
//!     /// `My::Numbers::total([1, 2, 3])` is 6; dies where the sum does not fit.
//!     #[export]
//!     fn total(numbers: Vec<u32>) -> Result<u32, Error> {
//!         let sum = numbers.into_iter().try_fold(0u32, u32::checked_add);
//!         sum.ok_or_else(|| Error::new("too much"))
//!     }
//! }
//! # fn main() {}
//! ```
//!
//! Nothing that Perl does reaches a Rust frame as a jump, and no panic reaches
//! Perl as anything but an exception: see [`fence`](crate::__private__).

#![cfg_attr(
    not(test),
    deny(
        clippy::unwrap_used,
        clippy::expect_used,
        clippy::panic,
        clippy::indexing_slicing,
        clippy::string_slice
    )
)]

mod args;

pub mod de;
pub mod error;
mod fence;
pub mod ffi;

pub mod magic;
mod panics;
mod path;

pub mod ser;
pub mod storable;
mod text;
pub mod value;

mod macros;

pub use de::{from_ref_value, from_value};
pub use error::Error;
pub use fence::wantarray;
pub use ffi::Gimme;
pub use magic::{MagicSpec, MagicTag, MagicValue};
pub use ser::to_value;
pub use value::Array;
pub use value::Hash;
pub use value::Value;
pub use value::raw_value::{self, RawValue};
pub use value::{Mortal, Scalar, ScalarRef};
pub use value::{array, hash, scalar};

#[cfg(feature = "exporter")]
pub use perlmod_macro::{export, package};

/// What the attributes expand to. Not for use by hand.
#[doc(hidden)]
pub mod __private__ {
    pub use crate::args::{Args, FromSub, Returned, Thrown};
    pub use crate::fence::{Package, boot, enter, enter_errno, raise};
    pub use crate::ffi::surface::run_export;
    pub use crate::ffi::{CV, Call, Export, Interpreter};
    pub use crate::magic::free_hook;
    pub use crate::ser::to_returned;
    pub use crate::value::boxed::{no_object, take_box};

    /// The head of an ELF note and the name after it.
    #[repr(C)]
    pub struct ElfNote<const N: usize> {
        /// Length of the name.
        pub name_size: u32,
        /// Length of the description: none.
        pub desc_size: u32,
        /// The note's type: 0.
        pub kind: u32,
        /// The package's name, padded with NUL to a multiple of four.
        pub name: [u8; N],
    }

    impl<const N: usize> ElfNote<N> {
        /// A note that carries `name`.
        #[allow(
            clippy::indexing_slicing,
            reason = "runs at compile time, where `get` is not const"
        )]
        pub const fn new(name: &str) -> Self {
            let bytes = name.as_bytes();
            let mut padded = [0; N];
            let mut i = 0;
            while i < bytes.len() && i < N {
                padded[i] = bytes[i];
                i += 1;
            }
            Self {
                name_size: bytes.len() as u32,
                desc_size: 0,
                kind: 0,
                name: padded,
            }
        }
    }

    /// Whether two names are equal, at compile time.
    #[allow(
        clippy::indexing_slicing,
        reason = "runs at compile time, where `get` is not const"
    )]
    pub const fn same(a: &str, b: &str) -> bool {
        let (a, b) = (a.as_bytes(), b.as_bytes());
        if a.len() != b.len() {
            return false;
        }
        let mut i = 0;
        while i < a.len() {
            if a[i] != b[i] {
                return false;
            }
            i += 1;
        }
        true
    }
}
