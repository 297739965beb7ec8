//! F-01: a process that is killed at every system call of the path that stores a record, then at
//! random moments. A program of its own instead of a set of tests, since system calls can be counted
//! only where there is a single thread.
#![expect(clippy::print_stdout, reason = "a program that tells its counts")]

use std::ffi::OsStr;
use std::fs;
use std::io::{Read, Write};
use std::os::unix::process::ExitStatusExt;
use std::path::Path;
use std::process::{Command, ExitCode, Stdio};
use std::time::Duration;
use std::{env, thread};

#[allow(dead_code)]
#[path = "../exchange/peer.rs"]
mod peer;
#[allow(dead_code)]
mod room;

use notify::Host;
use notify::disk::SystemDisk;
use notify::state::Lock;
use room::{Room, TARGET};

const CALLS: &str =
    "flock,openat,fchmod,write,ftruncate,lseek,fsync,rename,unlink,getdents64,mkdir,statx,close";

fn main() -> ExitCode {
    let mut args = env::args_os().skip(1);
    match (args.next(), args.next()) {
        (Some(mode), Some(dir)) if mode == "store" => store(&dir, 1),
        (Some(mode), Some(dir)) if mode == "store-on" => store(&dir, usize::MAX),
        (Some(mode), _) if mode == "--list" => println!("f_01: test"),
        _ => {
            killed_at_every_call();
            killed_at_random();
        }
    }
    ExitCode::SUCCESS
}

/// The child: puts new tokens into the record, and says when the first one is there.
fn store(dir: &OsStr, times: usize) {
    let room = room_at(Path::new(dir));
    for number in 0..times {
        room.replace(&SystemDisk, &format!("new-{number}")).unwrap();
        if number == 0 && times > 1 {
            std::io::stdout().write_all(b"1\n").unwrap();
        }
    }
    // the folder belongs to the parent
    std::mem::forget(room);
}

fn room_at(dir: &Path) -> Room {
    Room {
        host: Host::standalone(dir),
        folder: peer::Folder(dir.to_owned()),
    }
}

/// The record is old or new, the lock free, and the next run leaves nothing behind.
fn check(room: &Room, when: &str) -> bool {
    let token = room
        .read()
        .unwrap_or_else(|error| panic!("{when}: {error}"))
        .unwrap_or_else(|| panic!("{when}: no record"));
    assert!(
        token == "old" || token.starts_with("new-"),
        "{when}: {token}"
    );
    let free = Lock::new(&room.host, TARGET).unwrap().try_take().unwrap();
    assert!(free.is_some(), "{when}: locked");
    drop(free);
    room.replace(&SystemDisk, "old").unwrap();
    assert_eq!(room.names(), ["mail.json"], "{when}");
    token != "old"
}

fn killed_at_every_call() {
    let room = Room::holding("old");
    let (mut kills, mut news) = (0, 0);
    for call in CALLS.split(',') {
        for number in 1.. {
            let status = Command::new("strace")
                .args(["-qq", "-o", "/dev/null", "-e"])
                .arg(format!("inject={call}:signal=KILL:when={number}"))
                .arg(env::current_exe().unwrap())
                .arg("store")
                .arg(&room.folder.0)
                .stdout(Stdio::null())
                .stderr(Stdio::null())
                .status()
                .expect("strace is there; `tools/setup test` brings it");
            let killed = status.signal() == Some(9);
            assert!(killed || status.success(), "{call} {number}: {status}");
            news += usize::from(check(&room, &format!("{call} {number}")));
            if !killed {
                break;
            }
            kills += 1;
            assert!(number < 200, "{call} has no end");
        }
    }
    assert!(kills > 30 && news > 13, "{kills} kills, {news} new records");
    println!("f_01 every call: {kills} kills, 0 unreadable records");
}

fn killed_at_random() {
    let rounds = if env::var_os("SOAK").is_some() {
        10_000
    } else {
        100
    };
    let room = Room::holding("old");
    let mut news = 0;
    for round in 0..rounds {
        let mut child = Command::new(env::current_exe().unwrap())
            .arg("store-on")
            .arg(&room.folder.0)
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        child.stdout.take().unwrap().read_exact(&mut [0]).unwrap();
        // any moment of some turns; fractions that do not repeat
        thread::sleep(Duration::from_micros(round * 7919 % 5000));
        child.kill().unwrap();
        child.wait().unwrap();
        news += usize::from(check(&room, &format!("round {round}")));
    }
    assert!(news > 0);
    let left = fs::read_dir(room.host.state_dir()).unwrap().count();
    println!("f_01 random: {rounds} kills, 0 unreadable records, {left} file left");
}
