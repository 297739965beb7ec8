//! What waits for a person, under kills and crowds: a process that is killed at every system call of the path
//! that keeps or uses a record, 2,000 beginnings by ten users in several processes, nodes of a cluster that
//! redeem the same at once. A program of its own instead of a set of tests, since system calls can be
//! counted only where there is a single thread.
#![expect(clippy::print_stdout, reason = "a program that tells its counts")]

use std::collections::HashMap;
use std::ffi::OsStr;
use std::io::Write;
use std::os::unix::process::ExitStatusExt;
use std::path::Path;
use std::process::{Command, ExitCode, ExitStatus, Stdio};
use std::time::Duration;
use std::{env, fs};

#[path = "../exchange/folder.rs"]
mod folder;

use folder::Folder;
use notify::disk::SystemDisk;
use notify::oauth2::Application;
use notify::pending::{Error, LIFE, MAX_OF_ALL, MAX_OF_USER, Pending, Waiting, What};
use notify::state::Identity;
use notify::{Clock, Deadline, FixedClock, Host, Secret, SystemClock};

const CALLS: &str = "flock,openat,fchmod,write,ftruncate,lseek,fsync,rename,unlink,getdents64,mkdir,\
                     rmdir,utimensat,statx,close";
const BY: &str = "root@pam";

fn main() -> ExitCode {
    let args: Vec<String> = env::args().skip(1).collect();
    let args: Vec<&str> = args.iter().map(String::as_str).collect();
    match args.as_slice() {
        ["put", kind, dir] => put(kind, Path::new(dir)),
        ["use", kind, dir] => make_use(kind, Path::new(dir)),
        ["crowd", dir, number] => crowd(Path::new(dir), number),
        ["redeem", dir, node] => redeem(Path::new(dir), node),
        ["--list", ..] => println!("pending: test"),
        _ => {
            for kind in ["standalone", "pve"] {
                killed_while_it_is_kept(kind);
                killed_while_it_is_used(kind);
            }
            many_users_at_once();
            nodes_at_once();
        }
    }
    ExitCode::SUCCESS
}

fn host(kind: &str, dir: &Path, node: &str) -> Host {
    match kind {
        "pve" => Host::pve()
            .with_config_dir(dir)
            .with_run_dir(dir.join(format!("run-{node}"))),
        _ => Host::standalone(dir),
    }
}

fn soon() -> Deadline {
    Deadline::after(Duration::from_secs(20))
}

fn waiting(by: &str, until: i64) -> Waiting {
    let what = What::Code {
        redirect_uri: "http://localhost:8006/".to_owned(),
        verifier: Secret::new("cAnArY"),
    };
    let of = (Identity::default(), Application::default());
    Waiting::new(by, until, None, of, what)
}

fn token() -> What {
    What::Token {
        refresh_token: Secret::new("cAnArY"),
        mailboxes: Vec::new(),
    }
}

/// The child: keeps a record, and says that it is there.
fn put(kind: &str, dir: &Path) {
    let host = host(kind, dir, "one");
    let pending = Pending::new(&host);
    let kept = pending.put(&Secret::new("value"), &waiting(BY, pending.end()), soon());
    let said: &[u8] = if kept.is_ok() { b"kept\n" } else { b"no\n" };
    std::io::stdout().write_all(said).unwrap();
}

/// The child: uses a record for a token.
fn make_use(kind: &str, dir: &Path) {
    let host = host(kind, dir, "one");
    let pending = Pending::new(&host);
    let taken = pending.take("state", &Secret::new("value"), BY).unwrap();
    let waiting = taken.waiting.become_of(pending.end(), token());
    taken.replace(&Secret::new("handle"), &waiting).unwrap();
    std::io::stdout().write_all(b"used\n").unwrap();
}

/// Runs a child while strace kills it at the n-th call of a kind; whether it was killed, and what it said.
fn killed(mode: &str, kind: &str, dir: &Path, call: &str, number: u32) -> (bool, String) {
    let output = Command::new("strace")
        .args(["-qq", "-o", "/dev/null", "-e"])
        .arg(format!("inject={call}:signal=KILL:when={number}"))
        .arg(env::current_exe().unwrap())
        .args([OsStr::new(mode), OsStr::new(kind), dir.as_os_str()])
        .stderr(Stdio::null())
        .output()
        .expect("strace is there; `tools/setup test` brings it");
    let ended: ExitStatus = output.status;
    let was_killed = ended.signal() == Some(9);
    assert!(
        was_killed || ended.success(),
        "{mode} {call} {number}: {ended}"
    );
    (was_killed, String::from_utf8(output.stdout).unwrap())
}

/// Runs it for each call, in a folder of its own each time that `begin` makes.
fn at_each_call(
    mode: &str,
    kind: &str,
    begin: impl Fn(&Host),
    check: impl Fn(&Host, &str, &str),
) -> u32 {
    let mut kills = 0;
    for call in CALLS.split(',') {
        for number in 1.. {
            let folder = Folder::new();
            let dir = &folder.0;
            fs::create_dir_all(dir.join("priv/lock")).unwrap();
            let host = host(kind, dir, "one");
            begin(&host);
            let (was_killed, said) = killed(mode, kind, dir, call, number);
            for left in fs::read_dir(dir.join("priv/lock")).unwrap() {
                // what pmxcfs does after 120 s
                fs::remove_dir(left.unwrap().path()).unwrap();
            }
            check(&host, &said, &format!("{mode}, {kind}, {call} {number}"));
            if !was_killed {
                break;
            }
            kills += 1;
            assert!(number < 200, "{call} has no end");
        }
    }
    kills
}

fn names(host: &Host) -> Vec<String> {
    let entries = fs::read_dir(host.state_dir().join("pending"));
    let entries = entries.into_iter().flatten();
    entries
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect()
}

/// After all have ended nothing is left, whatever a kill has left behind.
fn sweeps_clean(host: &Host, when: &str) {
    let clock = FixedClock {
        now: SystemClock.now() + LIFE + 1,
        offset: 0,
    };
    Pending::with(host, &SystemDisk, &clock)
        .sweep(soon())
        .unwrap();
    assert_eq!(names(host), Vec::<String>::new(), "{when}");
}

fn killed_while_it_is_kept(kind: &str) {
    let check = |host: &Host, said: &str, when: &str| {
        let pending = Pending::new(host);
        let found = pending.look("state", &Secret::new("value"), BY);
        if said.contains("kept") {
            found.unwrap_or_else(|error| panic!("{when}: acknowledged and lost: {error}"));
        }
        // what was left is in nobody's way
        for number in 0..MAX_OF_USER {
            let value = Secret::new(format!("more {number}"));
            let more = pending.put(&value, &waiting("ann@pve", pending.end()), soon());
            more.unwrap_or_else(|error| panic!("{when}: {error}"));
        }
        sweeps_clean(host, when);
    };
    let kills = at_each_call("put", kind, |_| {}, check);
    assert!(kills > 20, "{kills}");
    println!("pending, {kind}: {kills} kills while one is kept, none lost that was acknowledged");
}

fn killed_while_it_is_used(kind: &str) {
    let begin = |host: &Host| {
        let pending = Pending::new(host);
        let value = Secret::new("value");
        pending
            .put(&value, &waiting(BY, pending.end()), soon())
            .unwrap();
    };
    let check = |host: &Host, said: &str, when: &str| {
        let pending = Pending::new(host);
        let is_there = |value: &str| pending.look("state", &Secret::new(value), BY).is_ok();
        let (before, after) = (is_there("value"), is_there("handle"));
        assert!(!(before && after), "{when}: good twice");
        assert!(
            !said.contains("used") || after,
            "{when}: acknowledged and lost"
        );
        assert!(names(host).len() <= 3, "{when}: {:?}", names(host));
        sweeps_clean(host, when);
    };
    let kills = at_each_call("use", kind, begin, check);
    assert!(kills > 10, "{kills}");
    println!("pending, {kind}: {kills} kills while one is used, none good twice");
}

/// The child: begins 200 times, now as this user and now as that one, and says which were kept.
fn crowd(dir: &Path, number: &str) {
    let host = host("standalone", dir, "one");
    let pending = Pending::new(&host);
    for turn in 0..200 {
        let by = format!("user{}@pve", turn % 10);
        let value = format!("{number} {turn}");
        match pending.put(
            &Secret::new(value.as_str()),
            &waiting(&by, pending.end()),
            soon(),
        ) {
            Ok(()) => println!("{by} {value}"),
            Err(Error::Full { .. }) => {}
            Err(error) => panic!("{error}"),
        }
        // some are finished meanwhile
        if turn % 7 == 3 {
            let value = Secret::new(value);
            if pending.cancel(&value, &by, soon()).unwrap() {
                println!("gone {}", value.expose());
            }
        }
        assert!(
            names(&host).len() <= MAX_OF_ALL + 10,
            "drafts of ten processes at most"
        );
    }
}

fn many_users_at_once() {
    let folder = Folder::new();
    let children = (0..10).map(|number| {
        Command::new(env::current_exe().unwrap())
            .args([OsStr::new("crowd"), folder.0.as_os_str()])
            .arg(number.to_string())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap()
    });
    let children: Vec<_> = children.collect();
    let mut kept: HashMap<String, String> = HashMap::new();
    let mut begun = 0;
    for child in children {
        let output = child.wait_with_output().unwrap();
        assert!(output.status.success());
        for line in String::from_utf8(output.stdout).unwrap().lines() {
            let (by, value) = line.split_once(' ').unwrap();
            match by {
                "gone" => drop(kept.remove(value)),
                by => {
                    begun += 1;
                    kept.insert(value.to_owned(), by.to_owned());
                }
            }
        }
    }
    let host = host("standalone", &folder.0, "one");
    let pending = Pending::new(&host);
    for (value, by) in &kept {
        let found = pending.look("state", &Secret::new(value.as_str()), by);
        found.unwrap_or_else(|error| panic!("{value} of {by} was acknowledged: {error}"));
    }
    assert_eq!(names(&host).len(), kept.len(), "{:?}", names(&host));
    assert!(kept.len() <= MAX_OF_ALL - MAX_OF_USER);
    for user in 0..10 {
        let by = format!("user{user}@pve");
        assert!(kept.values().filter(|other| **other == by).count() <= MAX_OF_USER);
    }
    assert!(begun >= MAX_OF_ALL - MAX_OF_USER, "{begun}");
    println!(
        "pending: 2,000 beginnings by ten users in ten processes: {begun} kept, {} open, none lost",
        kept.len()
    );
}

/// The child: a node that redeems what another has begun, and says whether it was the one.
fn redeem(dir: &Path, node: &str) {
    let host = host("pve", dir, node);
    let pending = Pending::new(&host);
    for turn in 0..100 {
        let value = Secret::new(format!("value {turn}"));
        if let Ok(taken) = pending.take("state", &value, BY) {
            let waiting = taken.waiting.become_of(pending.end(), token());
            taken
                .replace(&Secret::new(format!("handle {turn}")), &waiting)
                .unwrap();
            println!("{turn}");
        }
    }
}

fn nodes_at_once() {
    let folder = Folder::new();
    fs::create_dir_all(folder.0.join("priv/lock")).unwrap();
    let host = host("pve", &folder.0, "one");
    let pending = Pending::new(&host);
    // more than may be begun: what counts here is who takes them
    let keep = |turn: i32| {
        let value = Secret::new(format!("value {turn}"));
        let by = format!("user{}@pve", turn / 8);
        pending.put(&value, &waiting(&by, pending.end()), soon())
    };
    for turn in 0..56 {
        keep(turn).unwrap();
    }
    assert!(matches!(keep(56), Err(Error::Full { own: false, .. })));
    // all are root's for those who take them
    for name in names(&host) {
        let path = host.state_dir().join("pending").join(name);
        let text = fs::read_to_string(&path).unwrap();
        let (head, rest) = text.split_once("\"by\":\"user").unwrap();
        let rest = rest.split_once('"').unwrap().1;
        fs::write(&path, format!("{head}\"by\":\"{BY}\"{rest}")).unwrap();
    }
    let children = ["one", "two", "three"].map(|node| {
        Command::new(env::current_exe().unwrap())
            .args([OsStr::new("redeem"), folder.0.as_os_str(), OsStr::new(node)])
            .stdout(Stdio::piped())
            .spawn()
            .unwrap()
    });
    let mut all = Vec::new();
    for child in children {
        let output = child.wait_with_output().unwrap();
        assert!(output.status.success());
        all.extend(
            String::from_utf8(output.stdout)
                .unwrap()
                .lines()
                .map(str::to_owned),
        );
    }
    let count = all.len();
    all.sort();
    all.dedup();
    assert_eq!((count, all.len()), (56, 56), "each once");
    for turn in &all {
        let handle = Secret::new(format!("handle {turn}"));
        pending.look("handle", &handle, BY).unwrap();
    }
    println!("pending: 56 consents, three nodes at once: each redeemed by one of them");
}
