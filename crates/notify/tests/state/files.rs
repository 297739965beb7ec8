//! Files that are no records, and records that others could have written.

use std::fs::{self, Permissions};
use std::io::Write;
use std::os::unix::fs::{MetadataExt, PermissionsExt, symlink};
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use notify::disk::SystemDisk;
use notify::state::{Error, Identity, Lock, Record, Store};
use notify::{Deadline, Host};

use crate::room::{Room, TARGET, sealed};

/// So many bytes of a file pmxcfs hands out.
const READABLE: usize = 1_048_552;

fn text(room: &Room) -> String {
    fs::read_to_string(room.file()).unwrap()
}

/// The verdict on a content; none of them may be a panic.
fn verdict(room: &Room, bytes: &[u8]) -> Result<Option<String>, Error> {
    fs::write(room.file(), bytes).unwrap();
    room.read()
}

fn is_corrupt(result: &Result<Option<String>, Error>) -> bool {
    matches!(result, Err(Error::Corrupt { .. }))
}

/// F-07.
#[test]
fn f_07_a_record_cut_at_any_byte_is_unreadable() {
    let room = Room::holding("token");
    let whole = fs::read(room.file()).unwrap();
    // the last two bytes are the closing brace and a newline
    for length in 0..whole.len() - 1 {
        assert!(is_corrupt(&verdict(&room, &whole[..length])), "{length}");
    }
    assert!(verdict(&room, &whole[..whole.len() - 1]).is_ok());
}

/// F-07.
#[test]
fn f_07_a_flipped_bit_makes_a_record_unreadable_or_changes_nothing() {
    let room = Room::holding("token");
    let whole = fs::read(room.file()).unwrap();
    let mut same = 0;
    for place in 0..whole.len() {
        for bit in 0..8 {
            let mut bytes = whole.clone();
            bytes[place] ^= 1 << bit;
            match verdict(&room, &bytes) {
                Err(Error::Corrupt { .. }) => {}
                // one kind of blank for another
                Ok(Some(token)) if token == "token" => same += 1,
                other => panic!("bit {bit} of byte {place}: {other:?}"),
            }
        }
    }
    assert!(same < whole.len(), "{same} flips went unnoticed");
}

/// F-07.
#[test]
fn f_07_strange_contents_are_unreadable() {
    let room = Room::holding("token");
    let whole = text(&room);
    let open = |piece: &str| whole.replacen('{', piece, 1);
    for (what, bytes) in [
        ("empty", Vec::new()),
        ("NUL", vec![0; 512]),
        ("a BOM", [b"\xef\xbb\xbf", whole.as_bytes()].concat()),
        (
            "not UTF-8",
            whole
                .replace("token\"", "\u{1}")
                .into_bytes()
                .iter()
                .map(|&b| if b == 1 { 0xff } else { b })
                .collect(),
        ),
        ("a list", b"[]".to_vec()),
        ("something behind", format!("{whole}{{}}").into_bytes()),
        ("a key twice", open(r#"{"version": 1,"#).into_bytes()),
        (
            "an unknown key twice",
            open(r#"{"x": 1, "x": 2,"#).into_bytes(),
        ),
        (
            "another type",
            sealed(&whole.replace(r#""generation": 1"#, r#""generation": "1""#)).into_bytes(),
        ),
        (
            "a negative number",
            sealed(&whole.replace(r#""generation": 1"#, r#""generation": -1"#)).into_bytes(),
        ),
        (
            "a token with a line break",
            sealed(&whole.replace("\"token\"", "\"to\\nken\"")).into_bytes(),
        ),
        (
            "an empty token",
            sealed(&whole.replace("\"token\"", "\"\"")).into_bytes(),
        ),
        (
            "deep nesting",
            open(&format!(
                "{{\"x\": {}{},",
                "[".repeat(10_000),
                "]".repeat(10_000)
            ))
            .into_bytes(),
        ),
        (
            "more than pmxcfs hands out",
            [whole.as_bytes(), &vec![b' '; READABLE + 1 - whole.len()]].concat(),
        ),
    ] {
        let seen = verdict(&room, &bytes);
        assert!(is_corrupt(&seen), "{what}: {seen:?}");
        assert!(
            !seen.unwrap_err().to_string().contains("token\""),
            "{what} quotes the record"
        );
    }
    let large = [whole.as_bytes(), &vec![b' '; READABLE - whole.len()]].concat();
    assert!(verdict(&room, &large).is_ok(), "as much is not too much");
}

#[test]
fn nothing_is_written_that_could_not_be_read_again() {
    let room = Room::holding("token");
    let free = READABLE - fs::read(room.file()).unwrap().len() + "token".len();
    let error = room
        .replace(&SystemDisk, &"x".repeat(free + 1))
        .unwrap_err();
    let text = error.to_string();
    assert!(text.contains("mail.json"), "{text}");
    assert!(text.contains("1048553 bytes, at most 1048552"), "{text}");
    assert_eq!(room.names(), ["mail.json"], "nothing is left over");
    assert_eq!(
        room.read().unwrap().as_deref(),
        Some("token"),
        "it is as it was"
    );
    room.replace(&SystemDisk, &"x".repeat(free)).unwrap();
    assert_eq!(room.read().unwrap().map(|token| token.len()), Some(free));
}

/// F-07.
#[test]
fn f_07_a_record_of_a_later_version_is_kept_or_left_alone() {
    let room = Room::holding("token");
    let whole = text(&room);
    let later = sealed(&whole.replace(
        r#""version": 1"#,
        r#""version": 2, "colour": {"of": "the rose"}"#,
    ));
    fs::write(room.file(), &later).unwrap();
    room.replace(&SystemDisk, "other").unwrap();
    let written = text(&room);
    for piece in ["\"version\": 2", "the rose", "\"other\""] {
        assert!(written.contains(piece), "{piece} in {written}");
    }
    let foreign = sealed(&later.replace(r#""compatible": 1"#, r#""compatible": 2"#));
    fs::write(room.file(), &foreign).unwrap();
    let error = room.replace(&SystemDisk, "third").unwrap_err();
    assert!(matches!(error, Error::Newer { .. }), "{error}");
    assert_eq!(text(&room), foreign, "untouched");
}

/// F-07.
#[test]
fn f_07_what_is_unreadable_is_moved_aside_and_three_of_them_are_kept() {
    let room = Room::holding("token");
    for number in 0..5 {
        fs::write(room.file(), format!("broken {number}")).unwrap();
        let error = room.replace(&SystemDisk, "new").unwrap_err();
        let Error::Corrupt {
            moved: Some(moved), ..
        } = error
        else {
            panic!("{error}")
        };
        assert_eq!(
            fs::read_to_string(moved).unwrap(),
            format!("broken {number}")
        );
        room.replace(&SystemDisk, "new").unwrap();
    }
    let names = room.names();
    assert_eq!(names.len(), 4, "{names:?}");
    for name in &names[1..] {
        let path = room.host.state_dir().join(name);
        let mode = fs::metadata(&path).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600, "{name}");
    }
}

/// F-08.
#[test]
fn f_08_only_a_plain_file_of_ours_with_one_name_is_a_record() {
    let room = Room::holding("token");
    let aside = room.folder.0.join("aside");
    let fifo = |path: &Path| {
        let made = Command::new("mkfifo").arg(path).status().unwrap();
        assert!(made.success());
    };
    type Make<'a> = &'a dyn Fn(&Path);
    let cases: [(&str, Make); 4] = [
        ("symbolic link", &|path| symlink(&aside, path).unwrap()),
        ("no plain file", &|path| fs::create_dir(path).unwrap()),
        ("no plain file", &fifo),
        ("hard link", &|path| fs::hard_link(&aside, path).unwrap()),
    ];
    fs::rename(room.file(), &aside).unwrap();
    let before = fs::read(&aside).unwrap();
    for (word, make) in cases {
        make(&room.file());
        let started = Instant::now();
        let error = room.read().unwrap_err();
        assert!(matches!(error, Error::Unusable { .. }), "{error}");
        assert!(error.to_string().contains(word), "{error}");
        let error = room.replace(&SystemDisk, "other").unwrap_err();
        assert!(matches!(error, Error::Unusable { .. }), "{error}");
        assert!(
            started.elapsed() < Duration::from_secs(2),
            "a {word} blocks"
        );
        if word == "no plain file" && room.file().is_dir() {
            fs::remove_dir(room.file()).unwrap();
        } else {
            fs::remove_file(room.file()).unwrap();
        }
    }
    assert_eq!(
        fs::read(&aside).unwrap(),
        before,
        "what a link led to is untouched"
    );
}

/// F-08.
#[test]
fn f_08_a_record_of_another_user_is_refused_and_rights_of_others_are_taken_away() {
    let room = Room::holding("token");
    fs::set_permissions(room.file(), Permissions::from_mode(0o644)).unwrap();
    assert_eq!(room.read().unwrap().as_deref(), Some("token"));
    let mode = fs::metadata(room.file()).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    // only root can give a file away
    if rustix::process::geteuid().is_root() {
        std::os::unix::fs::chown(room.file(), Some(65534), None).unwrap();
        let error = room.read().unwrap_err();
        // root itself may read it, which must not be the reason to use it
        assert!(error.to_string().contains("another user"), "{error}");
    }
}

/// F-09.
#[test]
fn f_09_no_umask_opens_or_closes_a_record() {
    for umask in ["000", "022", "077", "777"] {
        let room = Room::new();
        let script = format!("umask {umask}; exec \"$0\" files::child --exact --ignored");
        let status = Command::new("sh")
            .arg("-c")
            .arg(script)
            .arg(std::env::current_exe().unwrap())
            .env("CHILD_DIR", &room.folder.0)
            .stdout(Stdio::null())
            .status()
            .unwrap();
        assert!(status.success(), "umask {umask}");
        let mode = fs::metadata(room.file()).unwrap().permissions().mode();
        assert_eq!(mode & 0o7777, 0o600, "umask {umask}");
        if umask != "777" {
            let dir = fs::metadata(room.host.state_dir()).unwrap().permissions();
            assert_eq!(dir.mode() & 0o777, 0o700, "umask {umask}");
        }
    }
}

/// F-09.
#[test]
fn f_09_a_service_without_root_makes_files_that_are_its_own() {
    const WWW_DATA: u32 = 33;
    // only root can become somebody else
    if !rustix::process::geteuid().is_root() {
        return;
    }
    let room = Room::new();
    std::os::unix::fs::chown(&room.folder.0, Some(WWW_DATA), Some(WWW_DATA)).unwrap();
    let status = Command::new("sh")
        .args([
            "-c",
            "umask 000; exec \"$0\" files::child --exact --ignored",
        ])
        .arg(std::env::current_exe().unwrap())
        .env("CHILD_DIR", &room.folder.0)
        .current_dir("/")
        .uid(WWW_DATA)
        .gid(WWW_DATA)
        .stdout(Stdio::null())
        .status()
        .unwrap();
    // what it may not even execute where this was built
    if status.code() == Some(126) {
        return;
    }
    assert!(status.success());
    let about = fs::metadata(room.file()).unwrap();
    assert_eq!((about.uid(), about.mode() & 0o7777), (WWW_DATA, 0o600));
    // the folder is that user's, so root uses it
    assert!(
        Store::new(&room.host, &SystemDisk)
            .read(TARGET)
            .unwrap()
            .is_some()
    );
}

/// What the children of the tests above do; no test of its own.
#[test]
#[ignore = "started by other tests"]
fn child() {
    let Some(dir) = std::env::var_os("CHILD_DIR") else {
        return;
    };
    let host = Host::standalone(dir);
    let store = Store::new(&host, &SystemDisk);
    let deadline = Deadline::after(Duration::from_secs(5));
    let guard = Lock::new(&host, TARGET).unwrap().take(deadline).unwrap();
    let reserved = store.reserve(&guard, TARGET, None).unwrap();
    // no moment in which somebody else could open it
    for entry in fs::read_dir(host.state_dir()).unwrap() {
        let mode = entry.unwrap().metadata().unwrap().permissions().mode();
        assert_eq!(mode & 0o7777, 0o600);
    }
    let mut record = Record::new(Identity::default()).unwrap();
    store
        .commit(&guard, reserved, TARGET, &mut record, None)
        .unwrap();
}

/// F-10.
#[test]
fn f_10_a_missing_folder_is_made_and_one_that_goes_away_is_told() {
    let room = Room::holding("token");
    fs::remove_dir_all(room.host.state_dir()).unwrap();
    assert!(room.read().unwrap().is_none());
    room.replace(&SystemDisk, "token").unwrap();

    let store = Store::new(&room.host, &SystemDisk);
    let deadline = Deadline::after(Duration::from_secs(5));
    let guard = Lock::new(&room.host, TARGET)
        .unwrap()
        .take(deadline)
        .unwrap();
    let mut record = store.read(TARGET).unwrap().unwrap();
    let mark = record.mark();
    let reserved = store.reserve(&guard, TARGET, Some(&record)).unwrap();
    fs::remove_dir_all(room.host.state_dir()).unwrap();
    let error = store
        .commit(&guard, reserved, TARGET, &mut record, Some(&mark))
        .unwrap_err();
    assert!(matches!(error, Error::Superseded { .. }), "{error}");
    assert!(!room.host.state_dir().exists(), "nothing half made");
}

#[test]
fn f_10_a_folder_that_is_a_link_or_a_file_is_refused() {
    let room = Room::new();
    let dir = room.host.state_dir();
    fs::create_dir_all(dir.parent().unwrap()).unwrap();
    let elsewhere = room.folder.0.join("elsewhere");
    fs::create_dir(&elsewhere).unwrap();
    symlink(&elsewhere, &dir).unwrap();
    assert!(matches!(
        room.replace(&SystemDisk, "x"),
        Err(Error::Disk { .. })
    ));
    assert_eq!(fs::read_dir(&elsewhere).unwrap().count(), 0);
    fs::remove_file(&dir).unwrap();
    fs::File::create(&dir).unwrap().write_all(b"x").unwrap();
    assert!(matches!(
        room.replace(&SystemDisk, "x"),
        Err(Error::Disk { .. })
    ));
}

#[test]
fn names_that_are_no_names_lead_nowhere() {
    let room = Room::holding("token");
    let store = Store::new(&room.host, &SystemDisk);
    for name in [
        "",
        ".",
        "..",
        "../mail",
        "a/b",
        "a\0b",
        ".hidden",
        "mail\n",
        "<root@pam>",
    ] {
        assert!(matches!(store.read(name), Err(Error::Name)), "{name:?}");
    }
}

#[test]
fn what_killed_processes_left_goes_away_but_nothing_of_other_targets() {
    let room = Room::holding("token");
    let dir = room.host.state_dir();
    let others = [
        "mail.json.tmp-abc.json",
        "other.json.tmp-0123456789abcdef",
        "mail.json.tmp-x.json.tmp-01",
    ];
    for name in others.iter().chain(&["mail.json.tmp-0123456789abcdef"]) {
        fs::write(dir.join(name), "half").unwrap();
    }
    room.replace(&SystemDisk, "new").unwrap();
    let mut wanted = [&["mail.json"][..], &others].concat();
    wanted.sort_unstable();
    assert_eq!(room.names(), wanted);
}

#[test]
fn a_lock_is_held_by_one_at_a_time() {
    let room = Room::new();
    let deadline = Deadline::after(Duration::from_secs(1));
    let guard = Lock::new(&room.host, TARGET)
        .unwrap()
        .take(deadline)
        .unwrap();
    assert!(guard.is_owned());
    assert!(
        Lock::new(&room.host, TARGET)
            .unwrap()
            .try_take()
            .unwrap()
            .is_none()
    );
    drop(guard);
    assert!(
        Lock::new(&room.host, TARGET)
            .unwrap()
            .try_take()
            .unwrap()
            .is_some()
    );
}
