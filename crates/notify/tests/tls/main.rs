//! The table of servers: whatever `openssl s_client` of this machine accepts with the same store is
//! delivered, whatever it refuses is refused, and the words for that are for people.
//!
//! A row with both verdicts wrong would still agree, so each says what it expects.
#![allow(clippy::print_stdout, reason = "skips are told")]

mod chains;
mod environment;
#[path = "../exchange/folder.rs"]
mod folder;
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

use folder::Folder;
use pki::Workshop;
use row::{Row, check_all};

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
