//! The notification core: no Perl, no globals, no unsafe.
