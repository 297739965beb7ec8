//! What the tests of the binding layer call from Perl: one package a module.

mod bench;
mod calls;
mod convert;
mod counted;
mod fault;
mod object;
mod probe;
mod records;
