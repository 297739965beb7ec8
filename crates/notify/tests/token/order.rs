//! F-17: locks taken in the wrong order, and threads that come between each other at every step: nobody
//! hangs, and one expiry stays one refresh.

use std::io;
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Barrier, Mutex};
use std::thread;
use std::time::{Duration, Instant};

use notify::disk::{Disk, Draft, Found, Stamp, SystemDisk};
use notify::state::Lock;
use notify::token::Error;
use notify::{Deadline, Secret};

use crate::provider::{Provider, Rule};
use crate::site::{Site, TARGET, soon};
use crate::together::soak;

/// What asks for a record's lock.
type Call = fn(&Site, Deadline) -> Result<(), Error>;

/// F-17.
#[test]
fn f_17_whoever_takes_the_locks_in_the_wrong_order_is_waited_for_until_the_deadline() {
    let calls: [Call; 4] = [
        |site, deadline| {
            let token = site.keeper().access_token(&site.account, deadline);
            token.map(|_| ())
        },
        |site, deadline| {
            let alive = site.keeper().keep_alive(&site.account, deadline);
            alive.map(|_| ())
        },
        |site, deadline| {
            let token = Secret::new("r-cAnArY-1");
            site.keeper()
                .consent(&site.account, &token, "root@pam", deadline)
        },
        |site, deadline| site.keeper().forget(TARGET, deadline),
    ];
    for (number, call) in calls.into_iter().enumerate() {
        let provider = Provider::new(Rule::Strict);
        let site = Site::consented(&provider.url());
        site.clock.pass(86_400);
        let (config, both) = (Mutex::new(()), Barrier::new(2));
        let started = Instant::now();
        thread::scope(|scope| {
            let reversed = scope.spawn(|| {
                let record = Lock::new(&site.host, TARGET).unwrap().take(soon()).unwrap();
                both.wait();
                let settings = config.lock().unwrap();
                drop((settings, record));
            });
            let settings = config.lock().unwrap();
            both.wait();
            let error = call(&site, Deadline::after(Duration::from_millis(300))).unwrap_err();
            assert_eq!(error.code(), 504, "call {number}: {error}");
            drop(settings);
            reversed.join().unwrap();
        });
        assert!(started.elapsed() < Duration::from_secs(3), "call {number}");
        assert_eq!(provider.asked(), 0, "call {number}");
        call(&site, soon()).unwrap();
    }
}

/// The machine's disk, at whose every step other threads come first, now and then by a moment.
#[derive(Clone, Debug, Default)]
struct YieldingDisk(Arc<AtomicU64>);

impl YieldingDisk {
    fn step(&self) {
        // high bits of multiples of the golden ratio: spread, and without a period
        let number = self.0.fetch_add(1, Ordering::SeqCst);
        match number.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 60 {
            // enough for a whole refresh by somebody else
            0 => thread::sleep(Duration::from_millis(20)),
            number @ 1..=4 => thread::sleep(Duration::from_micros(number * 250)),
            _ => thread::yield_now(),
        }
    }
}

#[derive(Debug)]
struct YieldingDraft(Box<dyn Draft>, YieldingDisk);

impl Disk for YieldingDisk {
    fn read(&self, path: &Path) -> io::Result<Option<Found>> {
        self.step();
        let found = SystemDisk.read(path);
        self.step();
        found
    }
    fn stamp(&self, path: &Path) -> io::Result<Option<Stamp>> {
        let stamp = SystemDisk.stamp(path);
        self.step();
        stamp
    }
    fn create(&self, path: &Path) -> io::Result<Box<dyn Draft>> {
        self.step();
        Ok(Box::new(YieldingDraft(
            SystemDisk.create(path)?,
            self.clone(),
        )))
    }
    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        self.step();
        let renamed = SystemDisk.rename(from, to);
        self.step();
        renamed
    }
    fn remove(&self, path: &Path) -> io::Result<()> {
        self.step();
        SystemDisk.remove(path)
    }
    fn sync_dir(&self, dir: &Path) -> io::Result<()> {
        let synced = SystemDisk.sync_dir(dir);
        self.step();
        synced
    }
    fn names(&self, dir: &Path) -> io::Result<Vec<String>> {
        SystemDisk.names(dir)
    }
    fn make_dir(&self, dir: &Path) -> io::Result<()> {
        SystemDisk.make_dir(dir)
    }
}

impl Draft for YieldingDraft {
    fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.1.step();
        self.0.write(bytes)
    }
    fn sync(&mut self) -> io::Result<()> {
        self.1.step();
        self.0.sync()
    }
}

/// F-17.
#[test]
fn f_17_threads_that_come_between_each_other_at_every_step_are_one_refresh() {
    const THREADS: usize = 6;
    let rounds = if soak() { 1000 } else { 40 };
    let provider = Provider::new(Rule::Strict);
    let site = Site::consented(&provider.url());
    let disk = YieldingDisk::default();
    for round in 1..=rounds {
        let (start, wanted) = (Barrier::new(THREADS), format!("a-cAnArY-{round}"));
        thread::scope(|scope| {
            for number in 0..THREADS {
                let (start, wanted) = (&start, &wanted);
                let keeper = site.keeper().with_disk(&disk);
                let site = &site;
                scope.spawn(move || {
                    start.wait();
                    if number == 0 {
                        // what the daily run does: for it, nothing is due any more
                        keeper.keep_alive(&site.account, soon()).unwrap();
                    }
                    let token = keeper.access_token(&site.account, soon()).unwrap();
                    assert_eq!(token.token.expose(), wanted);
                });
            }
        });
        assert_eq!((provider.asked(), provider.replays()), (round, 0));
        site.clock.pass(86_400);
    }
}
