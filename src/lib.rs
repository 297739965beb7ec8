//! The exported Perl packages.
