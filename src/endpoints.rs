//! The calls for one kind of target each: positional as callers know them, new settings in one hash
//! at the end.

pub mod gotify;
pub mod sendmail;
pub mod smtp;
pub mod webhook;
