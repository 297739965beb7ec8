//! What the tests of the binding layer call from Perl: one package a module.

mod calls;
mod convert;
mod counted;
mod fault;
mod object;
