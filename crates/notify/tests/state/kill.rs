//! F-01: a process that is killed at every system call of the path that stores a record, then at
//! random moments; F-05: one whose disk fails. A program of its own instead of a set of tests, since
//! system calls can be counted only where there is a single thread.
#![expect(clippy::print_stdout, reason = "a program that tells its counts")]

use std::ffi::OsStr;
use std::fs;
use std::io::{Read, Write};
use std::os::unix::process::ExitStatusExt;
use std::process::{Command, ExitCode, Output, Stdio};
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
use peer::Folder;
use room::{Room, TARGET};

const CALLS: &str = "flock,openat,fchmod,write,ftruncate,lseek,fsync,rename,unlink,getdents64,mkdir,\
                     rmdir,utimensat,statx,close";

fn main() -> ExitCode {
    let mut args = env::args_os().skip(1);
    match (args.next(), args.next(), args.next()) {
        (Some(mode), Some(kind), Some(dir)) if mode == "store" => store(&dir, &kind, 1),
        (Some(mode), Some(kind), Some(dir)) if mode == "store-on" => store(&dir, &kind, usize::MAX),
        (Some(mode), ..) if mode == "--list" => println!("f_01_f_05: test"),
        _ => {
            for kind in ["standalone", "pve"] {
                killed_at_every_call(kind);
            }
            killed_at_random();
            syncs_fail();
            no_syncs();
        }
    }
    ExitCode::SUCCESS
}

/// The child: puts new tokens into the record, and says when the first one is there.
fn store(dir: &OsStr, kind: &OsStr, times: usize) {
    let folder = Folder(dir.into());
    let room = room_at(folder, &kind.to_string_lossy());
    for number in 0..times {
        let stored = room.replace(&SystemDisk, &format!("new-{number}"));
        if let Err(error) = stored {
            println!("{error}");
            std::process::exit(1);
        }
        if number == 0 && times > 1 {
            std::io::stdout().write_all(b"1\n").unwrap();
        }
    }
    // the folder belongs to the parent
    std::mem::forget(room);
}

fn room_at(folder: Folder, kind: &str) -> Room {
    let dir = &folder.0;
    let host = match kind {
        "pve" => Host::pve()
            .with_config_dir(dir)
            .with_run_dir(dir.join("run")),
        _ => Host::standalone(dir),
    };
    Room { host, folder }
}

/// A room of this kind with a record.
fn room_of(kind: &str) -> Room {
    let room = room_at(Folder::new(), kind);
    fs::create_dir_all(room.folder.0.join("priv/lock")).unwrap();
    room.replace(&SystemDisk, "old").unwrap();
    room
}

/// The record is old or new, the lock free, and the next run leaves nothing behind.
fn check(room: &Room, when: &str, killed: bool) -> bool {
    let token = room
        .read()
        .unwrap_or_else(|error| panic!("{when}: {error}"))
        .unwrap_or_else(|| panic!("{when}: no record"));
    assert!(
        token == "old" || token.starts_with("new-"),
        "{when}: {token}"
    );
    for left in fs::read_dir(room.folder.0.join("priv/lock")).unwrap() {
        assert!(killed, "{when}: the cluster's lock is left");
        // what pmxcfs does after 120 s
        fs::remove_dir(left.unwrap().path()).unwrap();
    }
    let free = Lock::new(&room.host, TARGET).unwrap().try_take().unwrap();
    assert!(free.is_some(), "{when}: locked");
    drop(free);
    room.replace(&SystemDisk, "old").unwrap();
    assert_eq!(room.names(), ["mail.json"], "{when}");
    token != "old"
}

/// Stores once while strace does something to system calls; what it writes goes to `log`.
fn traced(room: &Room, kind: &str, log: &OsStr, options: &[String]) -> Output {
    Command::new("strace")
        .args(["-qq", "-y", "-o"])
        .arg(log)
        .args(options.iter().flat_map(|option| ["-e", option]))
        .arg(env::current_exe().unwrap())
        .args(["store", kind])
        .arg(&room.folder.0)
        .stderr(Stdio::null())
        .output()
        .expect("strace is there; `tools/setup test` brings it")
}

fn killed_at_every_call(kind: &str) {
    let room = room_of(kind);
    let (mut kills, mut news) = (0, 0);
    for call in CALLS.split(',') {
        for number in 1.. {
            let option = format!("inject={call}:signal=KILL:when={number}");
            let status = traced(&room, kind, OsStr::new("/dev/null"), &[option]).status;
            let killed = status.signal() == Some(9);
            assert!(killed || status.success(), "{call} {number}: {status}");
            let when = format!("{kind}, {call} {number}");
            news += usize::from(check(&room, &when, killed));
            if !killed {
                break;
            }
            kills += 1;
            assert!(number < 200, "{call} has no end");
        }
    }
    assert!(kills > 30 && news > 13, "{kills} kills, {news} new records");
    println!("f_01 every call, {kind}: {kills} kills, 0 unreadable records");
}

fn killed_at_random() {
    let rounds = if env::var_os("SOAK").is_some() {
        10_000
    } else {
        200
    };
    let room = room_of("standalone");
    let mut news = 0;
    for round in 0..rounds {
        let mut child = Command::new(env::current_exe().unwrap())
            .args(["store-on", "standalone"])
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
        news += usize::from(check(&room, &format!("round {round}"), true));
    }
    assert!(news > 0);
    let left = fs::read_dir(room.host.state_dir()).unwrap().count();
    println!("f_01 random: {rounds} kills, 0 unreadable records, {left} file left");
}

/// F-05: a sync that fails once is made good by another file, a second one is told; no file whose sync
/// has failed becomes the record.
fn syncs_fail() {
    let room = room_of("standalone");
    // the room before anybody is asked, the record, the record once more, and the folder
    for (when, is_stored) in [("1", false), ("2", true), ("2..3", false), ("3", false)] {
        let log = room.folder.0.join("trace");
        let options = [
            "trace=fsync,rename".to_owned(),
            format!("inject=fsync:error=EIO:when={when}"),
        ];
        let output = traced(&room, "standalone", log.as_os_str(), &options);
        let said = String::from_utf8(output.stdout).unwrap();
        assert_eq!(output.status.success(), is_stored, "{when}: {said}");
        let (mut failed, mut renamed) = (Vec::new(), Vec::new());
        for line in fs::read_to_string(&log).unwrap().lines() {
            let path = line.split(['<', '>', '"']).nth(1).unwrap_or_default();
            match line.split('(').next() {
                Some("fsync") if line.contains("EIO") => failed.push(path.to_owned()),
                Some("rename") => renamed.push(path.to_owned()),
                _ => {}
            }
        }
        assert!(!failed.is_empty(), "{when}");
        assert!(
            renamed.iter().all(|path| !failed.contains(path)),
            "{when}: {failed:?}, {renamed:?}"
        );
        if !is_stored {
            assert!(
                said.contains("sync the") && said.contains("mail.json")
                    || said.contains("sync the folder"),
                "{when}: {said}"
            );
        }
        let is_new = check(&room, &format!("EIO at sync {when}"), false);
        assert_eq!(is_new, !renamed.is_empty(), "{when}");
    }
    println!("f_05: failed syncs at 4 places, none trusted");
}

/// A file system that cannot sync and has no hard links, as pmxcfs.
fn no_syncs() {
    let room = room_of("pve");
    for errno in ["ENOSYS", "EINVAL"] {
        let options = [
            format!("inject=fsync,fdatasync:error={errno}"),
            "inject=link,linkat:error=EPERM".to_owned(),
        ];
        let output = traced(&room, "pve", OsStr::new("/dev/null"), &options);
        let said = String::from_utf8_lossy(&output.stdout);
        assert!(output.status.success(), "{errno}: {said}");
        assert!(check(&room, errno, false), "{errno}");
    }
}
