//! Conversions and values, tested in an interpreter inside this process.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
#![allow(clippy::multiple_unsafe_ops_per_block)]

mod convert;
mod end;
mod json;
mod perl;
mod value;
