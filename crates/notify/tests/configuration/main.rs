//! The configuration: a corpus of files with the answers expected, then each rule by name.

mod aside;
mod builtin;
mod checker;
mod corpus;
mod credential;
mod edits;
mod files;
mod names;
mod oauth2;
mod ours;
mod torn;
mod webhooks;

use notify::config::Error;
use notify::config::{Config, Raw, SmtpSettings, Written};

/// Reads the public and the private file.
fn parse(public: &str, private: &str) -> Config {
    parse_all(public, private, "", "")
}

fn parse_all(public: &str, private: &str, ext: &str, private_ext: &str) -> Config {
    Config::parse(Raw {
        public,
        private,
        ext,
        private_ext,
    })
    .unwrap()
}

/// Writes, checks every file and reads them back.
fn again(config: &mut Config) -> (Written, Config) {
    let (written, config) = again_with_faults(config);
    assert_eq!(checker::faults(&written, &[]), Vec::<String>::new());
    (written, config)
}

/// The same where faulty sections stay.
fn again_with_faults(config: &mut Config) -> (Written, Config) {
    let written = config.write().unwrap();
    let config = parse_all(
        &written.public,
        &written.private,
        &written.ext,
        &written.private_ext,
    );
    (written, config)
}

/// What the API would answer.
fn refused<T>(result: Result<T, Error>) -> (u16, String) {
    let error = result.err().expect("refused");
    (error.code(), error.to_string())
}

fn texts(values: &[&str]) -> Option<Vec<String>> {
    Some(values.iter().map(|&value| value.to_owned()).collect())
}

fn text(value: &str) -> Option<String> {
    Some(value.to_owned())
}

fn json<T: serde::Serialize>(value: T) -> serde_json::Value {
    serde_json::to_value(value).unwrap()
}

/// A mail server with a login.
fn relay(password: &str) -> SmtpSettings {
    SmtpSettings {
        server: text("mail.example.org"),
        username: text("pve"),
        password: Some(notify::Secret::new(password)),
        mailto: texts(&["ann@example.org"]),
        from_address: text("pve@example.org"),
        ..SmtpSettings::default()
    }
}
