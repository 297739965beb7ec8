use std::fs;
use std::path::PathBuf;
use std::sync::atomic::{AtomicI64, AtomicUsize, Ordering};
use std::time::Duration;

use super::*;
use crate::LocalTime;
use crate::oauth2::Application;
use crate::state::Identity;

/// A clock that a test puts forward.
struct Watch(AtomicI64);

impl Clock for Watch {
    fn now(&self) -> i64 {
        self.0.load(Ordering::Relaxed)
    }

    fn local(&self, _: i64) -> Option<LocalTime> {
        None
    }
}

/// A machine that goes with the test.
struct Room {
    host: Host,
    dir: PathBuf,
    watch: Watch,
}

impl Room {
    fn new() -> Self {
        static COUNT: AtomicUsize = AtomicUsize::new(0);
        let number = COUNT.fetch_add(1, Ordering::Relaxed);
        let name = format!("notify-pending-{}-{number}", std::process::id());
        let dir = std::env::temp_dir().join(name);
        fs::create_dir(&dir).unwrap();
        Self {
            host: Host::standalone(&dir),
            dir,
            watch: Watch(AtomicI64::new(1_000_000)),
        }
    }

    fn pending(&self) -> Pending<'_> {
        Pending::with(&self.host, &SystemDisk, &self.watch)
    }

    fn begin(&self, value: &str, by: &str) -> Result<(), Error> {
        let pending = self.pending();
        let waiting = waiting(by, pending.end());
        pending.put(&Secret::new(value), &waiting, soon())
    }

    fn names(&self) -> Vec<String> {
        let entries = fs::read_dir(self.host.state_dir().join("pending")).unwrap();
        let names = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap());
        names.collect()
    }

    fn pass(&self, seconds: i64) {
        self.watch.0.fetch_add(seconds, Ordering::Relaxed);
    }
}

impl Drop for Room {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.dir);
    }
}

fn soon() -> Deadline {
    Deadline::after(Duration::from_secs(10))
}

fn waiting(by: &str, until: i64) -> Waiting {
    let what = What::Code {
        redirect_uri: "http://localhost/".to_owned(),
        verifier: Secret::new("cAnArY"),
    };
    let of = (Identity::default(), Application::default());
    Waiting::new(by, until, None, of, what)
}

fn is_unknown<T: fmt::Debug>(result: Result<T, Error>) -> bool {
    matches!(&result, Err(error @ Error::Parameter(_)) if error.to_string()
        == "state: is unknown, used or expired; start the authorization again")
}

#[test]
fn a_value_is_good_for_one_user_once_and_ten_minutes() {
    let room = Room::new();
    let pending = room.pending();
    let value = Secret::new("one");
    assert!(is_unknown(pending.look("state", &value, "root@pam")));
    room.begin("one", "root@pam").unwrap();
    for stranger in ["ann@pve", "root@pam!token", "root@pa", ""] {
        assert!(is_unknown(pending.look("state", &value, stranger)));
        assert!(is_unknown(pending.take("state", &value, stranger)));
        assert!(!pending.cancel(&value, stranger, soon()).unwrap());
    }
    room.pass(LIFE - 1);
    assert_eq!(
        pending.look("state", &value, "root@pam").unwrap().by,
        "root@pam"
    );
    let taken = pending.take("state", &value, "root@pam").unwrap();
    assert!(is_unknown(pending.take("state", &value, "root@pam")));
    drop(taken);
    assert!(is_unknown(pending.take("state", &value, "root@pam")));
    assert!(room.names().is_empty());

    room.begin("two", "root@pam").unwrap();
    room.pass(LIFE);
    assert!(is_unknown(pending.look(
        "state",
        &Secret::new("two"),
        "root@pam"
    )));
    pending.sweep(soon()).unwrap();
    assert!(room.names().is_empty());
}

#[test]
fn the_file_tells_nobody_the_value_and_is_its_owners_alone() {
    use std::os::unix::fs::PermissionsExt;
    let room = Room::new();
    room.begin("cAnArY-value", "root@pam").unwrap();
    let names = room.names();
    assert_eq!(names, [hex(&sha256(b"cAnArY-value"))]);
    let path = room.host.state_dir().join("pending").join(&names[0]);
    let text = fs::read_to_string(&path).unwrap();
    assert!(!text.contains("cAnArY-value"), "{text}");
    assert_eq!(
        fs::metadata(&path).unwrap().permissions().mode() & 0o777,
        0o600
    );
}

#[test]
fn what_was_given_back_can_be_taken_again() {
    let room = Room::new();
    let pending = room.pending();
    let value = Secret::new("one");
    room.begin("one", "root@pam").unwrap();
    pending
        .take("state", &value, "root@pam")
        .unwrap()
        .put_back();
    let taken = pending.take("state", &value, "root@pam").unwrap();
    let handle = Secret::new("handle");
    let what = What::Token {
        refresh_token: Secret::new("cAnArY"),
        mailboxes: Vec::new(),
    };
    let waiting = taken.waiting.become_of(pending.end(), what);
    taken.replace(&handle, &waiting).unwrap();
    assert!(is_unknown(pending.look("state", &value, "root@pam")));
    let held = pending.look("handle", &handle, "root@pam").unwrap();
    assert!(matches!(held.what, What::Token { .. }));
    assert_eq!(room.names().len(), 1);
    assert!(pending.cancel(&handle, "root@pam", soon()).unwrap());
    assert!(room.names().is_empty());
}

#[test]
fn of_many_at_once_one_succeeds() {
    let room = Room::new();
    for round in 0..50 {
        let value = Secret::new(format!("value {round}"));
        room.begin(value.expose(), "root@pam").unwrap();
        let won = std::thread::scope(|scope| {
            let take = || room.pending().take("state", &value, "root@pam").is_ok();
            let all: Vec<_> = (0..8).map(|_| scope.spawn(take)).collect();
            all.into_iter()
                .map(|one| one.join().unwrap())
                .filter(|won| *won)
                .count()
        });
        assert_eq!(won, 1, "round {round}");
        assert!(room.names().is_empty());
    }
}

#[test]
fn bounds_hold_and_nothing_that_was_begun_gives_way() {
    let room = Room::new();
    let full = |result: Result<(), Error>| match result {
        Err(error @ Error::Full { .. }) => {
            assert_eq!(error.code(), 429);
            error.to_string()
        }
        other => panic!("{other:?}"),
    };
    let mut begun = Vec::new();
    for user in 0..7 {
        for number in 0..8 {
            // an API token of a user is that user
            let by = match number % 2 {
                0 => format!("{user}@pve"),
                _ => format!("{user}@pve!script{number}"),
            };
            let value = format!("{user} {number}");
            room.begin(&value, &by).unwrap();
            begun.push((value, by));
        }
        room.pass(10);
        for by in [format!("{user}@pve"), format!("{user}@pve!more")] {
            assert_eq!(
                full(room.begin("more", &by)),
                "8 authorizations of this user are open, which is the limit; finish or cancel one, or try again in 590 s"
            );
        }
    }
    assert_eq!(
        full(room.begin("more", "ann@pve")),
        "56 authorizations of all users are open, which is the limit; finish or cancel one, or try again in 530 s"
    );
    // whom nobody keeps out
    for number in 0..8 {
        room.begin(&format!("root {number}"), "root@pam").unwrap();
    }
    full(room.begin("more", "root@pam"));
    assert_eq!(room.names().len(), MAX_OF_ALL);
    let pending = room.pending();
    for (value, by) in &begun {
        let value = Secret::new(value.as_str());
        pending.look("state", &value, by).unwrap();
    }
    for number in 0..8 {
        let value = Secret::new(format!("root {number}"));
        assert!(pending.cancel(&value, "root@pam", soon()).unwrap());
    }
    // one that is in use has its place still
    let taken = pending.take("state", &Secret::new("0 0"), "0@pve").unwrap();
    full(room.begin("more", "ann@pve"));
    let proven = pending.prove_room(&waiting("ann@pve", pending.end()), soon());
    full(proven);
    drop(taken);
    room.begin("more", "ann@pve").unwrap();
    room.pass(LIFE - 70);
    room.begin("after the first eight", "1@pve").unwrap_err();
    room.begin("after the first eight", "0@pve").unwrap();
}

#[test]
fn what_is_no_record_is_in_nobodys_way() {
    let room = Room::new();
    room.begin("one", "root@pam").unwrap();
    let dir = room.host.state_dir().join("pending");
    let later = format!(
        r#"{{"version":2,"by":"root@pam","until":{}}}"#,
        1_000_000 + LIFE
    );
    for (name, text) in [
        ("empty", ""),
        ("broken", "{"),
        ("no-owner", r#"{"until":1000001}"#),
        ("draft-1000000-0", "{}"),
        ("draft-x", "{}"),
        // of a clock that was wrong by years
        ("future", r#"{"by":"root@pam","until":9000000}"#),
    ] {
        fs::write(dir.join(name), text).unwrap();
    }
    std::os::unix::fs::symlink("/etc/passwd", dir.join("link")).unwrap();
    fs::create_dir(dir.join("folder")).unwrap();
    // these stay: one that is being written now, one of a later version
    fs::write(dir.join("draft-1000500-0"), "").unwrap();
    fs::write(dir.join("later"), later).unwrap();
    room.begin("two", "root@pam").unwrap();
    let mut names = room.names();
    names.retain(|name| name.len() < 64);
    names.sort();
    assert_eq!(names, ["draft-1000500-0", "folder", "later"]);
    assert!(fs::metadata("/etc/passwd").is_ok());
    for number in 0..5 {
        room.begin(&format!("more {number}"), "root@pam").unwrap();
    }
    // that of the later version counts
    room.begin("a ninth", "root@pam").unwrap_err();
}

#[test]
fn a_wrong_file_in_place_of_a_record_is_none() {
    let room = Room::new();
    let pending = room.pending();
    room.begin("one", "root@pam").unwrap();
    let path = room
        .host
        .state_dir()
        .join("pending")
        .join(room.names().remove(0));
    let text = fs::read(&path).unwrap();
    fs::hard_link(&path, room.dir.join("second")).unwrap();
    assert!(is_unknown(pending.look(
        "state",
        &Secret::new("one"),
        "root@pam"
    )));
    fs::remove_file(room.dir.join("second")).unwrap();
    assert!(
        pending
            .look("state", &Secret::new("one"), "root@pam")
            .is_ok()
    );
    for cut in [0, 1, text.len() / 2, text.len() - 1] {
        fs::write(&path, &text[..cut]).unwrap();
        assert!(
            is_unknown(pending.look("state", &Secret::new("one"), "root@pam")),
            "{cut}"
        );
    }
}
