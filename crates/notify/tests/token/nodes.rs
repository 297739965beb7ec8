//! Several nodes with one folder, and a double of what pmxcfs does with locks: it removes a lock that
//! somebody asks for, by setting its time to 0, when it was not renewed for so long.

use std::collections::HashMap;
use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use notify::Deadline;
use notify::state::Standing;
use rustix::process::Signal;

use crate::peer::{Folder, Pki};
use crate::provider::{Provider, Rule};
use crate::site::{Site, Worker};
use crate::together::soak;

struct Pmxcfs {
    stop: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl Pmxcfs {
    fn start(dir: &Path, life: Duration) -> Self {
        let locks = dir.join("priv/lock");
        fs::create_dir_all(&locks).unwrap();
        let stop = Arc::new(AtomicBool::new(false));
        let stopped = Arc::clone(&stop);
        let watch = move || {
            // inode, time and moment of the last renewal by name
            let mut seen: HashMap<_, (u64, (i64, i64), Instant)> = HashMap::new();
            while !stopped.load(Ordering::SeqCst) {
                for entry in fs::read_dir(&locks).unwrap().map_while(Result::ok) {
                    let Ok(about) = entry.metadata() else {
                        continue;
                    };
                    let time = (about.mtime(), about.mtime_nsec());
                    let known = seen
                        .entry(entry.file_name())
                        .or_insert_with(|| (about.ino(), time, Instant::now()));
                    if known.0 != about.ino() || (time != known.1 && time.0 != 0) {
                        *known = (about.ino(), time, Instant::now());
                    } else if time.0 == 0 && known.2.elapsed() > life {
                        let _ = fs::remove_dir(entry.path());
                    }
                }
                thread::sleep(Duration::from_millis(10));
            }
        };
        Self {
            stop,
            thread: Some(thread::spawn(watch)),
        }
    }
}

impl Drop for Pmxcfs {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::SeqCst);
        let _ = self.thread.take().unwrap().join();
    }
}

/// A folder that all nodes have.
fn cluster(life: Duration) -> (Folder, Pmxcfs) {
    let folder = Folder::new();
    fs::write(folder.0.join("ca.crt"), Pki::shared().bundle()).unwrap();
    let pmxcfs = Pmxcfs::start(&folder.0, life);
    (folder, pmxcfs)
}

const NODES: [(&str, i64); 3] = [
    ("one.example.org", 0),
    ("two.example.org", 600),
    ("three.example.org", 1200),
];

/// F-15, and single flight over nodes.
#[test]
fn f_15_three_nodes_with_clocks_ten_minutes_apart_are_one_refresh_per_expiry() {
    let (folder, _pmxcfs) = cluster(Duration::from_secs(120));
    let provider = Provider::new(Rule::Strict);
    let url = provider.url();
    Site::at(&folder.0, &url, "pve", NODES[0].0).consent("r-cAnArY-0");
    for (passed, number) in [(0, 1), (1000, 1), (3700, 2), (4700, 2), (7400, 3)] {
        let mut workers = NODES
            .map(|(node, shift)| Worker::start(&folder.0, &url, "pve", node, (shift, passed), 4));
        for worker in &mut workers {
            worker.go();
        }
        for worker in workers {
            let results = worker.results();
            assert_eq!(results.len(), 4);
            for result in results {
                assert_eq!(result, Ok(format!("a-cAnArY-{number}")), "after {passed} s");
            }
        }
        assert_eq!((provider.asked(), provider.replays()), (number, 0));
    }
    assert_eq!(fs::read_dir(folder.0.join("priv/lock")).unwrap().count(), 0);
}

/// F-13 on a cluster.
#[test]
fn f_13_waiters_for_a_killed_node_give_up_at_their_deadline_and_spend_nothing() {
    let (folder, _pmxcfs) = cluster(Duration::from_secs(120));
    let provider = Provider::new(Rule::Strict);
    let url = provider.url();
    let site = Site::at(&folder.0, &url, "pve", NODES[1].0);
    site.consent("r-cAnArY-0");
    let release = provider.hold();
    let mut holder = Worker::start(&folder.0, &url, "pve", NODES[0].0, (0, 0), 1);
    holder.go();
    provider.wait_for(1);
    holder.kill();
    drop(release);
    let started = Instant::now();
    let deadline = Deadline::after(Duration::from_millis(1500));
    let error = site
        .keeper()
        .access_token(&site.account, deadline)
        .unwrap_err();
    let took = started.elapsed().as_millis();
    assert!((1500..2000).contains(&took), "{took} ms");
    assert_eq!(error.code(), 504, "{error}");
    assert_eq!(provider.asked(), 1);
}

#[test]
fn f_13_the_lock_of_a_killed_node_is_given_on_by_pmxcfs() {
    let (folder, _pmxcfs) = cluster(Duration::from_millis(500));
    let provider = Provider::new(Rule::Omit);
    let url = provider.url();
    let site = Site::at(&folder.0, &url, "pve", NODES[1].0);
    site.consent("r-cAnArY-0");
    let release = provider.hold();
    let mut holder = Worker::start(&folder.0, &url, "pve", NODES[0].0, (0, 0), 1);
    holder.go();
    provider.wait_for(1);
    holder.kill();
    drop(release);
    assert_eq!(site.token().unwrap(), "a-cAnArY-2");
}

/// F-14.
#[test]
fn f_14_a_holder_that_was_stopped_for_too_long_discards_its_result() {
    // pmxcfs waits for 120 s
    let (life, stopped) = if soak() { (120, 130) } else { (1, 2) };
    thread::scope(|scope| {
        for rule in [Rule::Lenient, Rule::Strict] {
            scope.spawn(move || {
                taken_over(
                    rule,
                    Duration::from_secs(life),
                    Duration::from_secs(stopped),
                );
            });
        }
    });
}

/// A holder is stopped for so long while its lock lives for `life`, and goes on then.
fn taken_over(rule: Rule, life: Duration, stopped: Duration) {
    let (folder, _pmxcfs) = cluster(life);
    let provider = Provider::new(rule);
    let url = provider.url();
    let site = Site::at(&folder.0, &url, "pve", NODES[1].0);
    site.consent("r-cAnArY-0");
    let release = provider.hold();
    let mut holder = Worker::start(&folder.0, &url, "pve", NODES[0].0, (0, 0), 1);
    holder.go();
    provider.wait_for(1);
    holder.signal(Signal::STOP);
    let since = Instant::now();
    thread::sleep(life);
    let took_over = site.access();
    let generation = site.record().unwrap().generation;
    drop(release);
    thread::sleep(stopped.saturating_sub(since.elapsed()));
    holder.signal(Signal::CONT);
    let late = holder.results();
    assert_eq!(
        site.record().unwrap().generation,
        generation,
        "nothing was overwritten"
    );
    assert_eq!(provider.asked(), 2);
    if rule == Rule::Lenient {
        assert_eq!(took_over.unwrap().token.expose(), "a-cAnArY-2");
        assert_eq!(
            late,
            [Ok("a-cAnArY-2".to_owned())],
            "and it uses the newer token"
        );
        assert_eq!(site.refresh_token(), "r-cAnArY-2");
    } else {
        // the provider has ended the grant: that is told, not hidden
        took_over.unwrap_err();
        late[0].as_ref().unwrap_err();
        assert_eq!(site.record().unwrap().standing, Standing::AuthorizeAgain);
    }
    assert_eq!(site.files(), ["mail.json"]);
    assert_eq!(fs::read_dir(folder.0.join("priv/lock")).unwrap().count(), 0);
}
