//! Expansion as plain functions.
