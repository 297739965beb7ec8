//! Each public item of the binding layer, called once from Perl: a crate that was
//! written for this interface compiles and works.

mod attributes;
mod containers;
mod conversions;
mod magic;
mod native;
mod objects;
mod scalars;
mod signatures;
