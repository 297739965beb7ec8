//! Rust functions as Perl subs, behind one fence.
