//! What the program for mail inherits: files 0, 1 and 2 and no other, whatever the caller has open. Each
//! test runs itself again in a process of its own, in which it may close and rearrange files.

use std::collections::BTreeMap;
use std::os::unix::fs::symlink;
use std::process::Command;
use std::{env, fs};

use crate::site::{Site, words};

const TARGETS: &str = "sendmail: local\n\tmailto ann@example.org\n";
const AGAIN: &str = "INHERIT_AGAIN";

/// Runs the body in a process of its own, which inherits files 3 and 9.
fn apart(test: &str, body: impl FnOnce()) {
    if env::var_os(AGAIN).is_some() {
        return body();
    }
    let again = Command::new("sh")
        .args(["-c", r#"exec 3</dev/null 9</dev/null; exec "$0" "$@""#])
        .arg(env::current_exe().unwrap())
        .args(["--exact", &format!("inherit::{test}"), "--nocapture"])
        .env(AGAIN, "1")
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&again.stdout);
    let complaint = String::from_utf8_lossy(&again.stderr);
    assert!(again.status.success(), "{said}{complaint}");
    assert!(said.contains("1 passed"), "{said}");
}

/// The program's files by number, without those that the look at them opens.
fn files(site: &Site) -> BTreeMap<i32, String> {
    let list = site.noted("files");
    let links = list.lines().map(|line| line.split_once(' ').unwrap());
    links
        .filter(|(_, file)| {
            !file.starts_with("/proc/") && !file.ends_with("/files") && *file != "/"
        })
        .map(|(number, file)| (number.parse().unwrap(), file.to_owned()))
        .collect()
}

fn site() -> Site {
    let site = Site::new(TARGETS, "");
    site.sendmail("exec find /proc/self/fd -type l -fprintf \"$dir/files\" '%f %l\\n'");
    site
}

fn check(site: &Site, outcome: (&str, String)) {
    assert_eq!(outcome, ("sent", String::new()));
    let files = files(site);
    assert_eq!(files.keys().collect::<Vec<_>>(), [&0, &1, &2], "{files:?}");
    assert!(files[&0].starts_with("/memfd:mail"), "{files:?}");
    assert_eq!(files[&1], "/dev/null");
    assert!(files[&2].starts_with("pipe:"), "{files:?}");
}

/// Makes this number an open file that programs inherit.
fn open(number: i32) {
    let null = fs::File::open("/dev/null").unwrap();
    let null = std::os::fd::AsRawFd::as_raw_fd(&null);
    // SAFETY: only numbers, in a process of one test
    assert_eq!(unsafe { libc::dup2(null, number) }, number);
}

/// Sets the soft limit of open files to this.
fn lower_limit(soft: &str) {
    let number = std::process::id().to_string();
    let set = Command::new("prlimit")
        .args(["--pid", &number, &format!("--nofile={soft}:")])
        .status();
    assert!(set.unwrap().success());
}

fn soft_limit() -> String {
    let limits = fs::read_to_string("/proc/self/limits").unwrap();
    let line = limits
        .lines()
        .find(|line| line.starts_with("Max open files"));
    line.unwrap().split_whitespace().nth(3).unwrap().to_owned()
}

#[test]
fn no_file_of_the_caller_or_its_callers() {
    apart("no_file_of_the_caller_or_its_callers", || {
        let site = site();
        for number in [57, 58, 200, 1023] {
            open(number);
        }
        check(&site, site.outcome());
    });
}

#[test]
fn none_above_a_limit_that_was_lowered() {
    apart("none_above_a_limit_that_was_lowered", || {
        let site = site();
        open(1000);
        lower_limit("300");
        check(&site, site.outcome());
        assert_eq!(soft_limit(), "300");
    });
}

#[test]
fn a_caller_without_standard_files_changes_nothing() {
    apart("a_caller_without_standard_files_changes_nothing", || {
        for first in 0..3 {
            let site = site();
            // SAFETY: only numbers, in a process of one test
            let keep = |file| unsafe { libc::fcntl(file, libc::F_DUPFD_CLOEXEC, 300) };
            // SAFETY: only numbers, in a process of one test
            let close = |file| assert_eq!(unsafe { libc::close(file) }, 0);
            // SAFETY: only numbers, in a process of one test
            let restore = |file, kept| assert_eq!(unsafe { libc::dup2(kept, file) }, file);
            let kept = [0, 1, 2].map(keep);
            (first..3).for_each(close);
            let outcome = site.outcome();
            for (file, kept) in (0..).zip(kept) {
                restore(file, kept);
            }
            check(&site, outcome);
        }
    });
}

/// A set of signals in a status file of the kernel, without those that the C library needs for itself.
fn field(status: &str, name: &str) -> u64 {
    let line = status.lines().find_map(|line| line.strip_prefix(name));
    u64::from_str_radix(line.unwrap().trim(), 16).unwrap() & 0x7fff_ffff
}

#[test]
fn folder_group_and_signals_are_those_of_a_fresh_start() {
    // two targets, so that threads of their own start it as well
    let site = Site::new(
        &format!("{TARGETS}\nsendmail: other\n\tmailto bob@example.org\n"),
        "",
    );
    let program = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/deliver/inherit.pl");
    symlink(program, site.path("sendmail")).unwrap();
    let own = fs::read_to_string("/proc/thread-self/status").unwrap();
    let pipe = 1 << (libc::SIGPIPE - 1);
    assert_ne!(field(&own, "SigIgn:") & pipe, 0, "this process ignores it");
    let outcomes = site.send("t", "t");
    let all = words(&outcomes);
    assert!(
        all.iter().all(|(_, _, word)| *word == "sent"),
        "{outcomes:?}"
    );
    let folders = fs::read_dir(&site.folder.0).unwrap();
    let numbers: Vec<String> = folders
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .filter(|name| name.parse::<u32>().is_ok())
        .collect();
    assert_eq!(numbers.len(), 2);
    for number in numbers {
        let status = site.noted(&format!("{number}/status"));
        let rest = format!("\nfolder: /\ngroup: {number}\n");
        assert!(status.ends_with(&rest), "{status}");
        assert_eq!(field(&status, "SigBlk:"), field(&own, "SigBlk:"));
        assert_eq!(field(&status, "SigIgn:") & pipe, 0);
    }
    assert_ne!(
        env::current_dir().unwrap().to_str(),
        Some("/"),
        "the caller's own"
    );
}
