//! This machine's sendmail: what it is called with, and what its end means. Real processes.

use std::fs;
use std::process::Command;
use std::time::{Duration, Instant};

use notify::deliver::Level;

use crate::site::{Site, logged, words};

const TARGET: &str = "sendmail: local\n\tmailto ann@example.org\n";

fn site(plan: &str) -> Site {
    let site = Site::new(TARGET, "");
    site.sendmail(plan);
    site
}

#[test]
fn it_gets_sender_recipients_and_the_mail() {
    let site = Site::new(
        "sendmail: local\n\tmailto root\n\tmailto ann@example.org\n\tmailto-user bob@pve\n\
         \tmailto-user carl@pve\n\tmailto-user dan@pve\n\tfrom-address pve@example.org\n\tauthor Cluster A, B\n",
        "",
    );
    site.file(
        "user.cfg",
        "user:root@pam:1:0:::root@example.org:::\nuser:bob@pve:1:0:Bob:B:bob@example.org:a comment::\n\
         user:carl@pve:1:0:::ann@example.org:::\nuser:dan@pve:1:0::::::\ngroup:admins:bob@pve::\n",
    );
    site.sendmail("cat >\"$dir/mail\"");
    let delivery = site.send("title", "text");
    assert_eq!(
        site.noted("args").lines().collect::<Vec<_>>(),
        [
            "-B",
            "8BITMIME",
            "-f",
            "pve@example.org",
            "--",
            "root",
            "ann@example.org",
            "bob@example.org"
        ]
    );
    let environment = site.noted("environment");
    for line in environment.lines() {
        let name = line.split('=').next().unwrap();
        assert!(
            ["PATH", "LC_ALL", "PWD", "OLDPWD", "SHLVL", "_"].contains(&name),
            "{line}"
        );
    }
    let mail = site.noted("mail");
    assert!(!mail.contains('\r'), "line ends of this system");
    assert!(
        mail.contains("\nFrom: \"Cluster A, B\" <pve@example.org>\n"),
        "{mail}"
    );
    assert!(
        mail.contains("\nTo: root,\n ann@example.org,\n bob@example.org\n"),
        "{mail}"
    );
    let sent = |address: &str| ("local".to_owned(), address.to_owned(), "sent");
    assert_eq!(
        words(&delivery),
        [
            sent("root"),
            sent("ann@example.org"),
            sent("bob@example.org")
        ]
    );
    let warnings = logged(&delivery, Level::Warning);
    assert_eq!(warnings.len(), 1);
    assert!(warnings[0].starts_with("target `local`: user 'dan@pve' has no e-mail address"));
}

#[test]
fn the_sender_is_the_datacenters_else_root() {
    for (file, from) in [
        ("", "root"),
        ("email_from: \n", "root"),
        (
            "keyboard: de\nemail_from: pve@example.org\n",
            "pve@example.org",
        ),
    ] {
        let site = site("cat >\"$dir/mail\"");
        site.file("datacenter.cfg", file);
        assert_eq!(site.outcome().0, "sent");
        assert_eq!(site.noted("args").lines().nth(3), Some(from));
        let line = format!("\nFrom: Proxmox VE <{from}>\n");
        assert!(site.noted("mail").contains(&line));
    }
}

#[test]
fn f08_a_fifo_in_the_place_of_a_file_holds_nobody_up() {
    for name in ["datacenter.cfg", "user.cfg"] {
        let site = Site::new("sendmail: local\n\tmailto-user bob@pve\n", "");
        site.sendmail(":");
        let fifo = Command::new("mkfifo").arg(site.path(name)).status();
        assert!(fifo.unwrap().success());
        let error = site.test("local").unwrap_err().to_string();
        assert!(error.contains(name), "{error}");
        assert!(error.contains("it is not a plain file; check"), "{error}");
    }
}

#[test]
fn its_exit_status_and_its_words_count() {
    for (plan, word, tries, part) in [
        ("cat >/dev/null; exit 0", "sent", 1, ""),
        ("exit 0", "sent", 1, ""),
        (
            "echo 'queue full' >&2; exit 75",
            "unsent",
            2,
            "sendmail says: \"queue full\"",
        ),
        (
            "echo 'no such user' >&2; exit 67",
            "refused",
            1,
            "exit status 67: unknown recipient); fix or delete the recipient",
        ),
        ("exit 1", "refused", 1, "exit status 1"),
        (
            "echo broken >&2; exit 78",
            "refused",
            1,
            "exit status 78: wrong configuration",
        ),
        ("kill -9 $$", "unknown", 2, "ended by signal 9"),
        ("exec <&-; sleep 0; exit 0", "sent", 1, ""),
    ] {
        let site = site(plan);
        let (word_seen, reason) = site.outcome();
        assert_eq!(word_seen, word, "{plan}: {reason}");
        assert!(reason.contains(part), "{plan}: {reason}");
        assert_eq!(site.noted("runs").lines().count(), tries, "{plan}");
        match site.test("local") {
            Ok(_) => assert_eq!(word, "sent", "{plan}"),
            Err(error) => {
                assert_ne!(word, "sent", "{plan}");
                assert_eq!(error.code(), 500);
                let text = error.to_string();
                assert!(
                    text.starts_with(
                        "Could not test target: could not notify via endpoint(s): local: "
                    ),
                    "{text}"
                );
            }
        }
    }
}

#[test]
fn what_it_says_although_it_took_the_mail_is_a_warning() {
    let site = site("printf 'warning: queue\\033 is slow\\n' >&2");
    let delivery = site.send("title", "text");
    assert_eq!(words(&delivery)[0].2, "sent");
    let warnings = logged(&delivery, Level::Warning);
    assert_eq!(warnings.len(), 1);
    assert!(
        warnings[0].ends_with("says: warning: queue is slow"),
        "{warnings:?}"
    );
}

#[test]
fn a_flood_of_words_is_cut_and_holds_nobody_up() {
    let site = site("head -c 3000000 /dev/zero | tr '\\0' x >&2; exit 69");
    let delivery = site.send("title", "text");
    let outcome = &delivery.targets[0].recipients[0].outcome;
    let reason = outcome.reason().unwrap();
    assert_eq!(outcome.as_str(), "refused");
    let flood = |text: &str| text.matches('x').count() - text.matches("ex").count();
    assert_eq!(flood(&reason), 159, "{reason}");
    assert_eq!(flood(logged(&delivery, Level::Err)[0]), 2048);
}

/// Whether it runs; a machine without init leaves the dead in the list.
fn is_alive(pid: &str) -> bool {
    let status = fs::read_to_string(format!("/proc/{pid}/status")).unwrap_or_default();
    let state = status.lines().find_map(|line| line.strip_prefix("State:"));
    state.is_some_and(|state| !state.trim().starts_with(['Z', 'X']))
}

#[test]
fn one_that_hangs_is_killed_with_its_children_at_the_deadline() {
    let site =
        site("sleep 100 & echo $$ $! >\"$dir/pids\"; sleep 100").within(Duration::from_secs(1));
    let begin = Instant::now();
    let (word, reason) = site.outcome();
    assert!(
        begin.elapsed() < Duration::from_millis(1500),
        "{:?}",
        begin.elapsed()
    );
    assert_eq!(word, "unknown");
    assert!(reason.contains("stopped at the deadline"), "{reason}");
    let end = Instant::now() + Duration::from_secs(5);
    for pid in site.noted("pids").split_whitespace() {
        while is_alive(pid) {
            assert!(Instant::now() < end, "process {pid} is alive");
            std::thread::yield_now();
        }
    }
}

#[test]
fn what_it_leaves_running_is_neither_waited_for_nor_killed() {
    let site = site("sleep 20 & echo $! >\"$dir/pid\"; cat >/dev/null; exit 0");
    let begin = Instant::now();
    assert_eq!(site.outcome().0, "sent");
    assert!(begin.elapsed() < Duration::from_secs(5));
    let left = site.noted("pid").trim().to_owned();
    let ended = Command::new("kill").arg(&left).status().unwrap();
    assert!(ended.success(), "the process {left} was alive until now");
}

#[test]
fn no_program_and_one_that_must_not_be_run() {
    let (word, reason) = Site::new(TARGET, "").outcome();
    assert_eq!(word, "refused");
    assert!(reason.contains("install a mail system"), "{reason}");
    let site = Site::new(TARGET, "");
    fs::write(site.path("sendmail"), "#!/bin/sh\n").unwrap();
    let (word, reason) = site.outcome();
    assert_eq!(word, "refused");
    assert!(reason.contains("cannot be executed"), "{reason}");
}

#[test]
fn no_shell_and_no_option_is_made_of_an_address() {
    for mailto in ["-bd", "a;touch$IFS/x@example.org", "$(id)@example.org"] {
        let site = Site::new(&format!("sendmail: local\n\tmailto {mailto}\n"), "");
        site.sendmail(":");
        let (word, _) = site.outcome();
        if word == "sent" {
            let args = site.noted("args");
            assert_eq!(
                args.lines().skip_while(|arg| *arg != "--").nth(1),
                Some(mailto)
            );
        } else {
            assert!(!site.path("runs").exists(), "{mailto}");
        }
    }
}

#[test]
fn without_any_recipient_the_error_is_proxmox_ves() {
    let site = Site::new("sendmail: local\n\tmailto-user nobody@pve\n", "");
    site.sendmail(":");
    let (word, reason) = site.outcome();
    assert_eq!(word, "refused");
    assert_eq!(
        reason,
        "no recipients provided for the mail, cannot send it."
    );
    assert!(!site.path("runs").exists());
    let error = site.test("local").unwrap_err().to_string();
    assert!(
        error.ends_with(
            "local: no recipients provided for the mail, cannot send it; user 'nobody@pve' has no \
             e-mail address and gets no mail; enter one in the user's settings, or delete the user \
             from mailto-user"
        ),
        "{error}"
    );
}

#[test]
fn it_inherits_no_file_of_the_caller() {
    let _open: Vec<_> = (0..20)
        .map(|_| std::net::TcpListener::bind("127.0.0.1:0").unwrap())
        .collect();
    let site = site("for fd in /proc/$$/fd/*; do readlink \"$fd\"; done >\"$dir/files\"; exit 0");
    assert_eq!(site.outcome().0, "sent");
    for file in site.noted("files").lines() {
        let own = file.ends_with("/sendmail.sh") || file.ends_with("/files");
        let given =
            file == "/dev/null" || file.starts_with("/memfd:mail") || file.starts_with("pipe:");
        assert!(own || given || file.ends_with("/plan"), "{file}");
    }
}
