//! The table of servers: whatever `openssl s_client` of this machine accepts with the same store is
//! delivered, whatever it refuses is refused, and the words for that are for people.
//!
//! A row with both verdicts wrong would still agree, so each says what it expects.
#![allow(clippy::print_stdout, reason = "skips are told")]

mod chains;
mod environment;
mod keys;
mod names;
mod namespace;
mod pki;
mod plain;
mod programs;
mod protocol;
mod purposes;
mod row;
mod server;
mod store;
mod times;

use std::io::ErrorKind;
use std::path::PathBuf;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::{env, fs, process};

use pki::Workshop;
use row::{Row, check_all};

/// A folder that goes away.
struct Folder(PathBuf);

impl Folder {
    fn new() -> Self {
        static NEXT: AtomicUsize = AtomicUsize::new(0);
        loop {
            let number = NEXT.fetch_add(1, Ordering::Relaxed);
            let path = env::temp_dir().join(format!("notify-tls-{}-{number}", process::id()));
            match fs::create_dir(&path) {
                Ok(()) => return Self(path),
                // left by a process of this number that was killed
                Err(error) if error.kind() == ErrorKind::AlreadyExists => {}
                Err(error) => panic!("{}: {error}", path.display()),
            }
        }
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

fn check(rows: &[Row]) {
    let folder = Folder::new();
    let workshop = Workshop::new(folder.0.join("pki"));
    check_all(
        rows,
        |row| row.title,
        |row, number| row.faults(&workshop, &folder.0.join(format!("row-{number}"))),
    );
}

#[test]
fn keys_and_hashes() {
    check(&keys::rows());
}

#[test]
fn chains() {
    check(&chains::rows());
}

#[test]
fn names() {
    check(&names::rows());
}

#[test]
fn times() {
    check(&times::rows());
}

#[test]
fn purposes() {
    check(&purposes::rows());
}

#[test]
fn versions_and_suites() {
    check(&protocol::rows());
}
