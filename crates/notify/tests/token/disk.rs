//! Disks that fail at the worst moment: no token is spent for which there is no room, and whatever
//! was on disk stays readable.

use std::fs;
use std::io;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use notify::disk::{Disk, Draft, Found, Stamp, SystemDisk};
use notify::state;
use notify::state::Standing;
use notify::token::Error;
use rustix::io::Errno;

use crate::provider::{Provider, Rule};
use crate::site::{Site, TARGET, soon};

/// The machine's disk, whose n-th change fails.
#[derive(Clone, Debug)]
struct FailingDisk {
    left: Arc<AtomicUsize>,
    errno: Errno,
}

impl FailingDisk {
    fn at(step: usize, errno: Errno) -> Self {
        let left = Arc::new(AtomicUsize::new(step));
        Self { left, errno }
    }

    fn step(&self) -> io::Result<()> {
        match self.left.fetch_sub(1, Ordering::SeqCst) {
            1 => Err(self.errno.into()),
            // never again
            0 => {
                self.left.store(0, Ordering::SeqCst);
                Ok(())
            }
            _ => Ok(()),
        }
    }

    /// Whether the failure has happened.
    fn has_failed(&self) -> bool {
        self.left.load(Ordering::SeqCst) == 0
    }
}

#[derive(Debug)]
struct FailingDraft(Box<dyn Draft>, FailingDisk);

impl Disk for FailingDisk {
    fn read(&self, path: &Path) -> io::Result<Option<Found>> {
        SystemDisk.read(path)
    }
    fn stamp(&self, path: &Path) -> io::Result<Option<Stamp>> {
        SystemDisk.stamp(path)
    }
    fn create(&self, path: &Path) -> io::Result<Box<dyn Draft>> {
        self.step()?;
        Ok(Box::new(FailingDraft(
            SystemDisk.create(path)?,
            self.clone(),
        )))
    }
    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        self.step()?;
        SystemDisk.rename(from, to)
    }
    fn remove(&self, path: &Path) -> io::Result<()> {
        SystemDisk.remove(path)
    }
    fn sync_dir(&self, dir: &Path) -> io::Result<()> {
        self.step()?;
        SystemDisk.sync_dir(dir)
    }
    fn names(&self, dir: &Path) -> io::Result<Vec<String>> {
        SystemDisk.names(dir)
    }
    fn make_dir(&self, dir: &Path) -> io::Result<()> {
        self.step()?;
        SystemDisk.make_dir(dir)
    }
}

impl Draft for FailingDraft {
    fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        if let Err(error) = self.1.step() {
            self.0.write(&bytes[..bytes.len() / 2])?;
            return Err(error);
        }
        self.0.write(bytes)
    }
    fn sync(&mut self) -> io::Result<()> {
        self.1.step()?;
        self.0.sync()
    }
}

/// F-04, F-05, F-06, F-10.
#[test]
fn f_04_to_06_a_failure_before_the_provider_is_asked_asks_nobody_and_one_after_it_loses_nothing_else()
 {
    for errno in [
        Errno::NOSPC,
        Errno::DQUOT,
        Errno::FBIG,
        Errno::IO,
        Errno::ROFS,
        Errno::INTR,
        Errno::ACCESS,
        Errno::XDEV,
    ] {
        let mut step = 0;
        loop {
            step += 1;
            let disk = FailingDisk::at(step, errno);
            let provider = Provider::new(Rule::Strict);
            let site = Site::consented(&provider.url());
            let keeper = site.keeper().with_disk(&disk);
            let result = keeper.access_token(&site.account, soon());
            // reading again after whatever has happened
            let token = site.refresh_token();
            assert_eq!(site.files(), ["mail.json"], "{errno} at {step}");
            if !disk.has_failed() {
                result.unwrap();
                break;
            }
            match provider.asked() {
                0 => {
                    let error = result.unwrap_err();
                    let text = error.to_string();
                    assert!(matches!(error, Error::State(_)), "{text}");
                    assert!(text.contains("notify-test-"), "the path: {text}");
                    assert_eq!(token, "r-cAnArY-0");
                    // nothing was spent: the next call succeeds
                    assert_eq!(site.token().unwrap(), "a-cAnArY-1");
                    assert_eq!(provider.replays(), 0);
                }
                1 => match result {
                    Ok(_) => assert_eq!(token, "r-cAnArY-1", "{errno} at {step}"),
                    Err(error) => {
                        assert!(matches!(error, Error::State(_)), "{error}");
                        assert!(["r-cAnArY-0", "r-cAnArY-1"].contains(&token.as_str()));
                    }
                },
                asked => panic!("{asked} requests with {errno} at {step}"),
            }
            assert!(step < 30, "no end");
        }
        assert!(step > 8, "only {step} steps with {errno}");
    }
}

/// F-06.
#[test]
fn f_06_without_quorum_the_error_says_so_and_a_living_token_is_used() {
    let provider = Provider::new(Rule::Strict);
    let folder = crate::peer::Folder::new();
    fs::write(folder.0.join("ca.crt"), crate::peer::Pki::shared().bundle()).unwrap();
    let site = Site::at(&folder.0, &provider.url(), "pve", "one.example.org");
    site.consent("r-cAnArY-0");
    site.token().unwrap();
    site.clock.pass(3000);
    let disk = FailingDisk::at(1, Errno::ACCESS);
    let keeper = site.keeper().with_disk(&disk);
    let token = keeper.access_token(&site.account, soon()).unwrap();
    assert_eq!(token.token.expose(), "a-cAnArY-1");
    assert!(disk.has_failed());
    site.clock.pass(3000);
    let disk = FailingDisk::at(1, Errno::ACCESS);
    let keeper = site.keeper().with_disk(&disk);
    let error = keeper.access_token(&site.account, soon()).unwrap_err();
    assert!(
        matches!(error, Error::State(state::Error::NoQuorum { .. })),
        "{error}"
    );
    assert!(error.to_string().contains("no quorum"), "{error}");
    assert_eq!(provider.asked(), 1);
}

/// F-07.
#[test]
fn f_07_an_unreadable_record_is_moved_aside_and_told_until_somebody_acts() {
    let provider = Provider::new(Rule::Strict);
    let site = Site::consented(&provider.url());
    fs::write(site.record_file(), "{\"version\": 1, ").unwrap();
    let health = crate::health::of(&site);
    assert!(health.last_error.unwrap().contains("unreadable"));
    let error = site.refusal().to_string();
    assert!(error.contains("it was moved to"), "{error}");
    let files = site.files();
    assert!(
        files.len() == 1 && files[0].starts_with("mail.json.corrupt-"),
        "{files:?}"
    );
    let again = site.refusal().to_string();
    assert!(again.contains(&files[0]), "{again}");
    assert_eq!(provider.asked(), 0);
    site.consent("r-cAnArY-0");
    site.token().unwrap();
    assert_eq!(site.files().len(), 2);
    site.keeper().forget(TARGET, soon()).unwrap();
    assert!(site.files().is_empty());
}

/// F-11.
#[test]
fn f_11_a_record_restored_from_a_backup_costs_one_refresh_and_then_its_grant_if_need_be() {
    for rule in [Rule::Omit, Rule::Strict] {
        let provider = Provider::new(rule);
        let site = Site::consented(&provider.url());
        site.token().unwrap();
        let backup = fs::read(site.record_file()).unwrap();
        site.clock.pass(3600);
        site.token().unwrap();
        fs::write(site.record_file(), &backup).unwrap();
        if rule == Rule::Omit {
            for _ in 0..3 {
                assert_eq!(site.token().unwrap(), "a-cAnArY-3");
            }
        } else {
            for _ in 0..3 {
                site.refusal();
            }
            assert_eq!(site.record().unwrap().standing, Standing::AuthorizeAgain);
        }
        assert_eq!(provider.asked(), 3);
    }
}

#[test]
fn while_the_record_cannot_be_read_a_living_token_of_this_machine_is_used() {
    let provider = Provider::new(Rule::Strict);
    let mut site = Site::consented(&provider.url());
    site.token().unwrap();
    site.restart();
    // a folder that is a file: reading fails in another way than "not there"
    let dir = site.host.state_dir();
    fs::rename(&dir, dir.with_extension("away")).unwrap();
    fs::write(&dir, "").unwrap();
    assert_eq!(site.token().unwrap(), "a-cAnArY-1");
    site.clock.pass(3600);
    assert!(matches!(
        site.refusal(),
        Error::State(state::Error::Disk { .. })
    ));
    assert_eq!(provider.asked(), 1);
}

#[test]
fn copies_and_locks_are_the_owners_alone() {
    use std::os::unix::fs::PermissionsExt;
    let provider = Provider::new(Rule::Strict);
    let site = Site::consented(&provider.url());
    site.token().unwrap();
    let mut seen = 0;
    for dir in [site.host.run_dir().join("oauth2"), site.host.state_dir()] {
        let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
        assert_eq!(mode(&dir), 0o700, "{}", dir.display());
        for entry in fs::read_dir(&dir).unwrap() {
            let path = entry.unwrap().path();
            assert_eq!(mode(&path), 0o600, "{}", path.display());
            seen += 1;
        }
    }
    assert_eq!(seen, 3, "a copy, a lock and a record");
}
