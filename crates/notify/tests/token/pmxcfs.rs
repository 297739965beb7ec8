//! The whole life of a token on a file system that does what pmxcfs does and no more: 1 MiB a file, of
//! which 1,048,552 bytes can be read, nothing to sync, below `priv` only files of mode 0600, and no change
//! without quorum.

use std::fs;
use std::io;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

use notify::disk::{Disk, Draft, Found, Stamp, SystemDisk};
use notify::token::Error;
use notify::{Secret, state};
use rustix::io::Errno;

use crate::peer::{Folder, Pki};
use crate::provider::{Provider, Rule};
use crate::site::{Site, TARGET, soon};

/// The largest file.
const MAX: usize = 1024 * 1024;
/// What can be read of it; what becomes of the rest is not known.
const READABLE: u64 = 1_048_552;

/// The machine's disk, restricted.
#[derive(Clone, Debug)]
struct PmxcfsDisk {
    /// Where it is mounted.
    root: PathBuf,
    quorum: Arc<AtomicBool>,
}

#[derive(Debug)]
struct PmxcfsDraft {
    draft: Box<dyn Draft>,
    path: PathBuf,
    disk: PmxcfsDisk,
}

impl PmxcfsDisk {
    fn change(&self, path: &Path) -> io::Result<()> {
        // the copies below the run folder are the node's own
        if !path.starts_with(&self.root) || self.quorum.load(Ordering::SeqCst) {
            Ok(())
        } else {
            Err(Errno::ACCESS.into())
        }
    }

    fn set_quorum(&self, is_there: bool) {
        self.quorum.store(is_there, Ordering::SeqCst);
    }
}

impl Disk for PmxcfsDisk {
    fn read(&self, path: &Path) -> io::Result<Option<Found>> {
        let size = fs::metadata(path).map_or(0, |about| about.len());
        assert!(size <= READABLE, "{} cannot be read", path.display());
        SystemDisk.read(path)
    }
    fn stamp(&self, path: &Path) -> io::Result<Option<Stamp>> {
        SystemDisk.stamp(path)
    }
    fn create(&self, path: &Path) -> io::Result<Box<dyn Draft>> {
        self.change(path)?;
        let draft = SystemDisk.create(path)?;
        let mode = fs::metadata(path)?.permissions().mode();
        assert_eq!(mode & 0o7777, 0o600, "the only mode it takes");
        Ok(Box::new(PmxcfsDraft {
            draft,
            path: path.to_owned(),
            disk: self.clone(),
        }))
    }
    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        self.change(to)?;
        SystemDisk.rename(from, to)
    }
    fn remove(&self, path: &Path) -> io::Result<()> {
        self.change(path)?;
        SystemDisk.remove(path)
    }
    fn sync_dir(&self, _: &Path) -> io::Result<()> {
        Ok(())
    }
    fn names(&self, dir: &Path) -> io::Result<Vec<String>> {
        SystemDisk.names(dir)
    }
    fn make_dir(&self, dir: &Path) -> io::Result<()> {
        if !dir.is_dir() {
            self.change(dir)?;
        }
        SystemDisk.make_dir(dir)
    }
}

impl Draft for PmxcfsDraft {
    fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.disk.change(&self.path)?;
        if bytes.len() > MAX {
            return Err(Errno::FBIG.into());
        }
        self.draft.write(bytes)
    }
    fn sync(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// A node whose grant has a refresh token as long as one may be.
fn node(provider: &Provider) -> (Folder, PmxcfsDisk, Site) {
    let folder = Folder::new();
    fs::write(folder.0.join("ca.crt"), Pki::shared().bundle()).unwrap();
    let site = Site::at(&folder.0, &provider.url(), "pve", "one.example.org");
    fs::create_dir_all(folder.0.join("priv/lock")).unwrap();
    let disk = PmxcfsDisk {
        root: folder.0.join("priv"),
        quorum: Arc::new(AtomicBool::new(true)),
    };
    let token = "r-cAnArY".repeat(2048);
    provider.set(|state| state.current.clone_from(&token));
    let keeper = site.keeper().with_disk(&disk);
    keeper
        .consent(&site.account, &Secret::new(token), "root@pam", soon())
        .unwrap();
    (folder, disk, site)
}

fn is_no_quorum(error: &Error) -> bool {
    matches!(error, Error::State(state::Error::NoQuorum { .. }))
}

#[test]
fn a_token_is_given_renewed_and_forgotten_on_pmxcfs() {
    let provider = Provider::new(Rule::Strict);
    let (_folder, disk, site) = node(&provider);
    let keeper = site.keeper().with_disk(&disk);
    for number in 1..4 {
        let token = keeper.access_token(&site.account, soon()).unwrap();
        assert_eq!(token.token.expose(), format!("a-cAnArY-{number}"));
        site.clock.pass(3600);
    }
    assert_eq!(site.files(), ["mail.json"]);
    keeper.forget(TARGET, soon()).unwrap();
    assert!(site.files().is_empty(), "{:?}", site.files());
}

/// F-06.
#[test]
fn f_06_a_node_without_quorum_asks_nobody_and_goes_on_when_it_is_back() {
    let provider = Provider::new(Rule::Strict);
    let (_folder, disk, site) = node(&provider);
    let keeper = site.keeper().with_disk(&disk);
    disk.set_quorum(false);
    let error = keeper.access_token(&site.account, soon()).unwrap_err();
    assert!(is_no_quorum(&error), "{error}");
    assert!(is_no_quorum(&keeper.forget(TARGET, soon()).unwrap_err()));
    assert_eq!(provider.asked(), 0);
    disk.set_quorum(true);
    keeper.access_token(&site.account, soon()).unwrap();
    assert_eq!((provider.asked(), provider.replays()), (1, 0));
}

/// F-06.
#[test]
fn f_06_quorum_that_is_lost_while_the_provider_is_asked_loses_no_grant_where_old_tokens_stay_valid()
{
    for rule in [Rule::Lenient, Rule::Strict] {
        let provider = Provider::new(rule);
        let (_folder, disk, mut site) = node(&provider);
        site.account.provider.old_tokens_live = rule == Rule::Lenient;
        let keeper = site.keeper().with_disk(&disk);
        let release = provider.hold();
        let before = site.refresh_token();
        thread::scope(|scope| {
            let call = scope.spawn(|| keeper.access_token(&site.account, soon()));
            provider.wait_for(1);
            disk.set_quorum(false);
            drop(release);
            let error = call.join().unwrap().unwrap_err();
            assert!(is_no_quorum(&error), "{error}");
        });
        assert_eq!(site.refresh_token(), before);
        disk.set_quorum(true);
        let next = keeper.access_token(&site.account, soon());
        assert_eq!(next.is_ok(), rule == Rule::Lenient, "{next:?}");
        assert_eq!(provider.asked(), 2);
        assert_eq!(site.files(), ["mail.json"]);
    }
}
