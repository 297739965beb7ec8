//! A local OAuth2 provider that can be told to misbehave.
fn main() {}
