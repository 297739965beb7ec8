use std::fs;
use std::io;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::Path;

use super::*;
use crate::clock::LocalTime;
use crate::endpoint::{Doubt, twice};
use crate::oauth2::{Cloud, Provider};
use crate::outcome::Retry;
use crate::state::{Identity, Peer};
use crate::{Secret, SystemClock};

/// A clock that stands still.
struct At(Duration);

impl Clock for At {
    fn now(&self) -> i64 {
        0
    }

    fn local(&self, _: i64) -> Option<LocalTime> {
        None
    }

    fn uptime(&self) -> Duration {
        self.0
    }
}

/// A run folder that goes away.
struct Folder(PathBuf);

impl Folder {
    fn new() -> Self {
        let name = crate::random::name().unwrap();
        let path = std::env::temp_dir().join(format!("notify-pace-{name}"));
        fs::create_dir(&path).unwrap();
        Self(path)
    }

    fn pace<'a>(&self, login: &str, clock: &'a dyn Clock) -> Pace<'a> {
        let provider = Provider::microsoft(Cloud::Global);
        Pace::of(&self.host(), &account(provider, login), clock).unwrap()
    }

    fn host(&self) -> Host {
        Host::pve().with_run_dir(&self.0)
    }

    /// The names below `smtp`.
    fn files(&self) -> Vec<PathBuf> {
        let list = fs::read_dir(self.0.join("smtp")).unwrap();
        list.map(|entry| entry.unwrap().path()).collect()
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

fn account(provider: Provider, login: &str) -> Account {
    Account {
        target: "relay".to_owned(),
        client_secret: Secret::new("secret"),
        identity: Identity {
            provider: provider.name.clone(),
            login: login.to_owned(),
            ..Identity::default()
        },
        peer: Peer::default(),
        secret_ends: None,
        refresh_before: None,
        provider,
    }
}

/// What is said where nothing may be waited for.
fn at_once(pace: &Pace<'_>) -> Result<(), Outcome> {
    let deadline = Deadline::after(Duration::ZERO);
    pace.run(deadline, || Ok::<(), ()>(())).map(|_| ())
}

fn reason(result: Result<(), Outcome>) -> (String, Duration) {
    match result {
        Err(Outcome::Unsent {
            why,
            retry: Retry::After(pause),
        }) => (why.to_string(), pause),
        other => panic!("{other:?}"),
    }
}

#[test]
fn only_microsoft_has_limits() {
    let folder = Folder::new();
    let custom = Provider::custom(
        "https://login.example.org/token",
        "https://login.example.org/authorize",
        vec!["mail".to_owned()],
    );
    for (provider, has) in [
        (Provider::google(), false),
        (custom.unwrap(), false),
        (Provider::microsoft(Cloud::Global), true),
        (Provider::microsoft(Cloud::China), true),
    ] {
        let account = account(provider, "ann@example.org");
        let pace = Pace::of(&folder.host(), &account, &SystemClock);
        assert_eq!(pace.is_some(), has, "{}", account.provider.name);
    }
}

#[test]
fn the_31st_mail_of_a_minute_is_too_many_and_one_leaves_room_after_the_minute() {
    let folder = Folder::new();
    for second in 0..30 {
        let clock = At(Duration::from_secs(1000 + second));
        assert_eq!(at_once(&folder.pace("ann@example.org", &clock)), Ok(()));
    }
    let clock = At(Duration::from_secs(1040));
    // another mailbox has a minute of its own; upper and lower case are the same one
    assert_eq!(at_once(&folder.pace("bob@example.org", &clock)), Ok(()));
    let (text, pause) = reason(at_once(&folder.pace("Ann@Example.ORG", &clock)));
    assert!(
        text.contains(
            "rate limit of microsoft-oauth2 reached for ann@example.org (30 mails/min); not sent"
        ),
        "{text}"
    );
    assert_eq!(pause, Duration::from_secs(20));
    let clock = At(Duration::from_secs(1060));
    let pace = folder.pace("ann@example.org", &clock);
    assert_eq!(at_once(&pace), Ok(()));
    assert_eq!(reason(at_once(&pace)).1, Duration::from_secs(1));
    assert_eq!(pace.warning(), None);
}

#[test]
fn what_was_not_handed_in_does_not_count() {
    let folder = Folder::new();
    let clock = At(Duration::from_secs(1000));
    let pace = folder.pace("ann@example.org", &clock);
    for _ in 0..40 {
        let failed = pace.run(Deadline::after(Duration::ZERO), || Err::<(), ()>(()));
        assert_eq!(failed, Ok(Err(())));
    }
    for _ in 0..30 {
        assert_eq!(at_once(&pace), Ok(()));
    }
    assert!(at_once(&pace).is_err());
}

#[test]
fn the_fourth_connection_is_too_many_until_one_has_ended() {
    let folder = Folder::new();
    let pace = || folder.pace("ann@example.org", &SystemClock);
    let end = Deadline::after(Duration::from_secs(20));
    let mut held: Vec<_> = (0..3)
        .map(|_| pace().leave(end).unwrap().unwrap())
        .collect();
    let (text, pause) = reason(at_once(&pace()));
    assert!(
        text.contains("ann@example.org (3 connections); not sent"),
        "{text}"
    );
    assert_eq!(pause, AGAIN);
    held.pop();
    assert_eq!(at_once(&pace()), Ok(()));
    assert_eq!(at_once(&pace()), Ok(()));
}

#[test]
fn whoever_has_the_time_waits_for_room() {
    let folder = Folder::new();
    let uptime = SystemClock.uptime();
    // there is room for one in half a second
    let before = At(uptime.checked_sub(Duration::from_millis(59_500)).unwrap());
    for _ in 0..30 {
        assert_eq!(at_once(&folder.pace("ann@example.org", &before)), Ok(()));
    }
    let pace = folder.pace("ann@example.org", &SystemClock);
    let end = Deadline::after(Duration::from_secs(60));
    let begun = pace.run(end, || Ok::<_, ()>(SystemClock.uptime()));
    // milliseconds are cut off where they are written
    let wanted = before.0 + Duration::from_millis(59_999);
    assert!(begun.unwrap().unwrap() >= wanted, "begun too early");
}

#[test]
fn a_spoilt_list_or_that_of_another_start_counts_as_none() {
    let folder = Folder::new();
    let clock = At(Duration::from_secs(1000));
    let pace = folder.pace("ann@example.org", &clock);
    let path = folder.0.join("smtp").join(format!("{}.minute", pace.key));
    assert_eq!(at_once(&pace), Ok(()));
    let boot = crate::clock::boot_id();
    let full = "999000\n".repeat(40);
    for (text, is_full) in [
        (format!("{boot}\n{full}"), true),
        (format!("another\n{full}"), false),
        (full.clone(), false),
        (format!("{boot}\n{}", "2000000\n".repeat(40)), false),
        (format!("{boot}\n{}", "\0\u{fc}-1\n".repeat(40)), false),
        (
            format!("{boot}\n{}", "99999999999999999999\n".repeat(40)),
            false,
        ),
        ("x".repeat(1 << 20), false),
        (String::new(), false),
    ] {
        fs::write(&path, &text).unwrap();
        let shown = &text[..text.len().min(60)];
        assert_eq!(at_once(&pace).is_err(), is_full, "{shown:?}");
    }
    assert_eq!(pace.warning(), None);
}

#[test]
fn f09_the_files_are_their_owners_alone() {
    let folder = Folder::new();
    assert_eq!(
        at_once(&folder.pace("ann@example.org", &SystemClock)),
        Ok(())
    );
    let files = folder.files();
    assert_eq!(files.len(), 2, "{files:?}");
    for path in files {
        let mode = fs::metadata(&path).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600, "{path:?}");
        assert!(!path.to_string_lossy().contains("ann"), "{path:?}");
    }
}

/// F-08, F-10: what may stand in the place of a file or a folder.
#[test]
fn f08_f10_nothing_about_the_run_folder_keeps_a_mail_from_going_out() {
    type Spoil = fn(&Path) -> io::Result<()>;
    let spoils: [(&str, Spoil); 4] = [
        ("a file for the folder", |path| {
            let dir = path.parent().unwrap();
            fs::remove_dir_all(dir)?;
            fs::write(dir, "")
        }),
        ("a link for the list", |path| {
            fs::remove_file(path)?;
            symlink("/dev/null", path)
        }),
        ("a folder for the list", |path| {
            fs::remove_file(path)?;
            fs::create_dir(path)
        }),
        ("a FIFO for the list", |path| {
            fs::remove_file(path)?;
            let mode = rustix::fs::Mode::from_raw_mode(0o600);
            let kind = rustix::fs::FileType::Fifo;
            Ok(rustix::fs::mknodat(rustix::fs::CWD, path, kind, mode, 0)?)
        }),
    ];
    for (what, spoil) in spoils {
        let folder = Folder::new();
        let pace = folder.pace("ann@example.org", &SystemClock);
        assert_eq!(at_once(&pace), Ok(()));
        spoil(&folder.0.join("smtp").join(format!("{}.minute", pace.key))).unwrap();
        let mut done = false;
        let deadline = Deadline::after(Duration::from_secs(10));
        let result = pace.run(deadline, || {
            done = true;
            Ok::<(), ()>(())
        });
        assert_eq!((result, done), (Ok(Ok(())), true), "{what}");
        let warning = pace.warning().unwrap();
        assert!(
            warning.starts_with(
                "the rate limits of microsoft-oauth2 for ann@example.org are not kept: "
            ),
            "{what}: {warning}"
        );
    }
}

#[test]
fn a_list_that_somebody_keeps_locked_delays_a_mail_and_no_more() {
    let folder = Folder::new();
    let pace = folder.pace("ann@example.org", &SystemClock);
    assert_eq!(at_once(&pace), Ok(()));
    let path = folder.0.join("smtp").join(format!("{}.minute", pace.key));
    let _held = FileLock::take(&path, None).unwrap().unwrap();
    assert_eq!(at_once(&pace), Ok(()));
    assert!(pace.warning().unwrap().contains("keeps the list"));
}

#[test]
fn whoever_got_leave_late_has_the_rest_of_the_time() {
    for (seconds, least, most) in [(8, 7, 8), (60, 20, 30)] {
        let whole = Deadline::after(Duration::from_secs(seconds));
        let (_, tries) = twice(&[()], whole, Doubt::TryAgain, |_, this| {
            let left = Pace::ends(this).early.left().unwrap();
            assert!(left > Duration::from_secs(least) && left <= Duration::from_secs(most));
            vec![Outcome::Sent]
        });
        assert_eq!(tries, 1);
    }
}
