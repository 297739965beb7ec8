//! F-46: children that were forked at any moment, also while another thread refreshes, get tokens of
//! their own accord and believe of no lock that it is theirs because their parent holds it.

use std::process::{Command, Stdio};
use std::time::Duration;
use std::{env, fs, thread};

use notify::Deadline;
use notify::disk::SystemDisk;
use notify::state::{Error, Guard, Lock, Record, Store};

use crate::peer::{Folder, Pki};
use crate::provider::{Provider, Rule};
use crate::site::{Site, TARGET};
use crate::together::soak;

/// A forked process.
struct Child(libc::pid_t);

impl Child {
    /// It does this work, and ends without running anything of its parent's.
    fn doing(work: impl FnOnce() -> bool) -> Self {
        // SAFETY: the child has this one thread; the memory of the others is left alone.
        let pid = unsafe { libc::fork() };
        assert!(pid >= 0);
        if pid == 0 {
            // SAFETY: a child that hangs is ended.
            unsafe { libc::alarm(30) };
            let done = std::panic::catch_unwind(std::panic::AssertUnwindSafe(work));
            // SAFETY: ends this process at once.
            unsafe { libc::_exit(i32::from(!done.unwrap_or(false))) };
        }
        Self(pid)
    }

    /// Whether its work went well.
    fn has_done(self) -> bool {
        let mut status = 0;
        // SAFETY: `status` is ours.
        let waited = unsafe { libc::waitpid(self.0, &raw mut status, 0) };
        waited == self.0 && libc::WIFEXITED(status) && libc::WEXITSTATUS(status) == 0
    }

    fn kill(self) {
        // SAFETY: it is our child, and was not waited for.
        unsafe { libc::kill(self.0, libc::SIGKILL) };
        self.has_done();
    }
}

/// Runs a test that forks in a process where no other test has a thread.
fn alone(name: &str) {
    let status = Command::new(env::current_exe().unwrap())
        .args([name, "--exact", "--ignored"])
        .env("FORKS", "1")
        .stdout(Stdio::null())
        .status()
        .unwrap();
    assert!(status.success(), "{name}: {status}");
}

fn may_fork() -> bool {
    env::var_os("FORKS").is_some()
}

fn gets(site: &Site, token: &str) -> bool {
    site.token().is_ok_and(|given| given == token)
}

/// F-46.
#[test]
fn f_46_a_fork_during_a_refresh_in_another_thread_holds_up_nobody() {
    alone("fork::during_a_refresh");
}

#[test]
#[ignore = "started by another test"]
fn during_a_refresh() {
    if !may_fork() {
        return;
    }
    let provider = Provider::new(Rule::Strict);
    let site = Site::consented(&provider.url());
    let release = provider.hold();
    thread::scope(|scope| {
        let refresh = scope.spawn(|| site.token());
        provider.wait_for(1);
        let waiting = Child::doing(|| gets(&site, "a-cAnArY-1"));
        let impatient = Child::doing(|| {
            let deadline = Deadline::after(Duration::from_millis(200));
            let call = site.keeper().access_token(&site.account, deadline);
            call.is_err_and(|error| error.code() == 504)
        });
        // lives on with its copy of the locked file
        let idle = Child::doing(|| {
            thread::sleep(Duration::from_secs(20));
            true
        });
        assert!(impatient.has_done());
        drop(release);
        assert_eq!(refresh.join().unwrap().unwrap(), "a-cAnArY-1");
        assert!(waiting.has_done());
        site.clock.pass(3600);
        let next = Child::doing(|| gets(&site, "a-cAnArY-2"));
        assert!(next.has_done(), "the lock ended with the refresh");
        assert_eq!(site.token().unwrap(), "a-cAnArY-2");
        idle.kill();
    });
    assert_eq!((provider.asked(), provider.replays()), (2, 0));
}

/// F-46.
#[test]
fn f_46_many_children_at_expiry_are_one_refresh() {
    alone("fork::many_children");
}

#[test]
#[ignore = "started by another test"]
fn many_children() {
    if !may_fork() {
        return;
    }
    let provider = Provider::new(Rule::Strict);
    let site = Site::consented(&provider.url());
    for (round, count) in [1, 10, if soak() { 1000 } else { 20 }]
        .into_iter()
        .enumerate()
    {
        site.token().unwrap();
        site.clock.pass(3600);
        let token = format!("a-cAnArY-{}", round + 2);
        let children: Vec<_> = (0..count)
            .map(|_| Child::doing(|| gets(&site, &token)))
            .collect();
        let done = children.into_iter().map(Child::has_done);
        assert_eq!(done.filter(|done| *done).count(), count);
        assert_eq!((provider.asked(), provider.replays()), (round + 2, 0));
    }
}

/// F-46.
#[test]
fn f_46_a_lock_of_the_parent_is_not_the_childs() {
    alone("fork::inherited_lock");
}

#[test]
#[ignore = "started by another test"]
fn inherited_lock() {
    if !may_fork() {
        return;
    }
    for kind in ["standalone", "pve"] {
        let folder = Folder::new();
        fs::write(folder.0.join("ca.crt"), Pki::shared().bundle()).unwrap();
        fs::create_dir_all(folder.0.join("priv/lock")).unwrap();
        let site = Site::at(&folder.0, "https://localhost:1/token", kind, "one");
        site.consent("r-cAnArY-0");
        let lock = || Lock::new(&site.host, TARGET).unwrap().try_take().unwrap();
        let mut guard = lock();
        assert!(guard.is_some());
        let child = Child::doing(|| {
            let refused = guard.as_ref().is_some_and(|guard| refuses(&site, guard));
            drop(guard.take());
            refused && lock().is_none()
        });
        assert!(child.has_done(), "{kind}");
        assert!(lock().is_none(), "the child has not let it go, {kind}");
        assert!(guard.as_ref().unwrap().is_owned(), "{kind}");
        drop(guard.take());
        assert!(lock().is_some(), "{kind}");
        assert_eq!(site.refresh_token(), "r-cAnArY-0", "{kind}");
    }
}

/// Whether nothing can be done with this lock.
fn refuses(site: &Site, guard: &Guard) -> bool {
    let store = Store::new(&site.host, &SystemDisk);
    let record = store.read(TARGET).unwrap();
    let superseded = |result: Result<(), Error>| matches!(result, Err(Error::Superseded { .. }));
    !guard.is_owned()
        && superseded(store.reserve(guard, TARGET, record.as_ref()).map(|_| ()))
        && superseded(store.remove(guard, TARGET))
        && record.as_ref().map(Record::mark)
            == store.read(TARGET).unwrap().as_ref().map(Record::mark)
}
