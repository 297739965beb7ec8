//! A machine with one OAuth2 target, a clock that can be set, and children that are other processes
//! or other nodes.

use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::{Duration, Instant};
use std::{env, fs};

use notify::oauth2::{Account, ClientAuth, Provider};
use notify::state::{Identity, Peer, Record, Store};
use notify::token::Error;
use notify::token::{AccessToken, Cache, Keeper};
use notify::{Clock, Deadline, Host, LocalTime, Secret, SystemClock};

use rustix::process::{Pid, Signal, kill_process};

use crate::peer::{CANARY, Folder, Pki};

pub const TARGET: &str = "mail";

/// The system's clock, put forward or back.
#[derive(Debug, Default)]
pub struct ShiftedClock {
    /// Of the wall clock alone, as by somebody who sets it.
    pub set: AtomicI64,
    /// Of both clocks, as by time that passes.
    pub passed: AtomicI64,
}

impl ShiftedClock {
    pub fn set(&self, seconds: i64) {
        self.set.fetch_add(seconds, Ordering::SeqCst);
    }

    pub fn pass(&self, seconds: i64) {
        self.passed.fetch_add(seconds, Ordering::SeqCst);
    }
}

impl Clock for ShiftedClock {
    fn now(&self) -> i64 {
        SystemClock.now() + self.set.load(Ordering::SeqCst) + self.passed.load(Ordering::SeqCst)
    }

    fn local(&self, seconds: i64) -> Option<LocalTime> {
        SystemClock.local(seconds)
    }

    fn uptime(&self) -> Duration {
        let passed = u64::try_from(self.passed.load(Ordering::SeqCst)).unwrap();
        SystemClock.uptime() + Duration::from_secs(passed)
    }
}

/// A machine.
pub struct Site {
    pub host: Host,
    pub account: Account,
    pub cache: Cache,
    pub clock: ShiftedClock,
    pub dir: PathBuf,
    _folder: Option<Folder>,
}

/// Ten seconds.
pub fn soon() -> Deadline {
    Deadline::after(Duration::from_secs(10))
}

fn loopback(_: &str, port: u16) -> std::io::Result<Vec<std::net::SocketAddr>> {
    Ok(vec![([127, 0, 0, 1], port).into()])
}

pub fn account(url: &str) -> Account {
    let scopes = vec!["https://mail.google.com/".to_owned()];
    let mut provider = Provider::custom(url, "https://example.org/authorize", scopes).unwrap();
    // one request, one answer
    provider.client_auth = Some(ClientAuth::Post);
    Account {
        target: TARGET.to_owned(),
        provider,
        client_secret: Secret::new("s-cAnArY"),
        identity: Identity {
            provider: "custom-oauth2".to_owned(),
            token_url: url.to_owned(),
            client: "client".to_owned(),
            login: "mail@example.org".to_owned(),
            ..Identity::default()
        },
        peer: Peer {
            server: "mail.example.org".to_owned(),
            port: 465,
            mode: "tls".to_owned(),
            ..Peer::default()
        },
        secret_ends: None,
        refresh_before: None,
    }
}

impl Site {
    /// A machine of its own.
    pub fn new(url: &str) -> Self {
        let folder = Folder::new();
        fs::write(folder.0.join("ca.crt"), Pki::shared().bundle()).unwrap();
        let mut site = Self::at(&folder.0, url, "standalone", "one.example.org");
        site._folder = Some(folder);
        site
    }

    /// A node of a cluster that has this one's folder.
    pub fn at(dir: &Path, url: &str, kind: &str, node: &str) -> Self {
        let host = match kind {
            "pve" => Host::pve().with_config_dir(dir),
            _ => Host::standalone(dir),
        };
        let host = host
            .with_ca_bundle(dir.join("ca.crt"))
            .with_run_dir(dir.join(format!("run-{node}")))
            .with_fqdn(node)
            .with_lookup(loopback);
        if kind == "pve" {
            fs::create_dir_all(dir.join("priv")).unwrap();
        }
        Self {
            host,
            account: account(url),
            cache: Cache::new(),
            clock: ShiftedClock::default(),
            dir: dir.to_owned(),
            _folder: None,
        }
    }

    /// The same machine after somebody has consented.
    pub fn consented(url: &str) -> Self {
        let site = Self::new(url);
        site.consent("r-cAnArY-0");
        site
    }

    pub fn consent(&self, token: &str) {
        self.keeper()
            .consent(&self.account, &Secret::new(token), "root@pam", soon())
            .unwrap();
    }

    pub fn keeper(&self) -> Keeper<'_> {
        Keeper::new(&self.host, &self.cache).with_clock(&self.clock)
    }

    pub fn token(&self) -> Result<String, Error> {
        self.access().map(|access| access.token.expose().to_owned())
    }

    pub fn access(&self) -> Result<AccessToken, Error> {
        let result = self.keeper().access_token(&self.account, soon());
        assert!(!format!("{result:?}").contains(CANARY), "{result:?}");
        if let Err(error) = &result {
            assert!(!error.to_string().contains(CANARY), "{error}");
        }
        result
    }

    /// The error of a call that must fail.
    pub fn refusal(&self) -> Error {
        self.access().expect_err("there should be no token")
    }

    pub fn record(&self) -> Option<Record> {
        Store::new(&self.host, &notify::disk::SystemDisk)
            .read(TARGET)
            .unwrap()
    }

    pub fn refresh_token(&self) -> String {
        let token = self.record().unwrap().refresh_token.unwrap();
        token.expose().to_owned()
    }

    pub fn record_file(&self) -> PathBuf {
        self.host.state_dir().join(format!("{TARGET}.json"))
    }

    /// What lies in the folder of the records.
    pub fn files(&self) -> Vec<String> {
        let entries = fs::read_dir(self.host.state_dir()).unwrap();
        let mut names: Vec<_> = entries
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect();
        names.sort();
        names
    }

    /// Forgets what this process knows, as a restart of a daemon does.
    pub fn restart(&mut self) {
        self.cache = Cache::new();
    }

    /// The machine of this process if it is a worker, once it may begin.
    pub fn of_worker() -> Option<Self> {
        let dir = env::var("WORKER_DIR").ok()?;
        let text = |name: &str| env::var(name).unwrap();
        let site = Self::at(
            Path::new(&dir),
            &text("WORKER_URL"),
            &text("WORKER_KIND"),
            &text("WORKER_NODE"),
        );
        site.clock.set(text("WORKER_SET").parse().unwrap());
        site.clock.pass(text("WORKER_PASSED").parse().unwrap());
        std::io::stdin().read_line(&mut String::new()).unwrap();
        Some(site)
    }
}

/// Another process that waits for a line, then gets tokens in threads and prints one line for each.
pub struct Worker {
    child: Child,
}

impl Worker {
    /// The clock is set and put forward by so many seconds.
    pub fn start(
        dir: &Path,
        url: &str,
        kind: &str,
        node: &str,
        clock: (i64, i64),
        threads: usize,
    ) -> Self {
        Self::doing("site::worker", dir, url, kind, node, clock, threads)
    }

    /// The same with other work.
    pub fn doing(
        work: &str,
        dir: &Path,
        url: &str,
        kind: &str,
        node: &str,
        clock: (i64, i64),
        threads: usize,
    ) -> Self {
        let child = Command::new(env::current_exe().unwrap())
            .args([work, "--exact", "--ignored", "--nocapture"])
            .env("WORKER_DIR", dir)
            .env("WORKER_URL", url)
            .env("WORKER_KIND", kind)
            .env("WORKER_NODE", node)
            .env("WORKER_SET", clock.0.to_string())
            .env("WORKER_PASSED", clock.1.to_string())
            .env("WORKER_THREADS", threads.to_string())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        Self { child }
    }

    pub fn go(&mut self) {
        self.child.stdin.take().unwrap().write_all(b"go\n").unwrap();
    }

    pub fn signal(&self, signal: Signal) {
        let pid = Pid::from_raw(self.child.id().try_into().unwrap()).unwrap();
        kill_process(pid, signal).unwrap();
    }

    pub fn kill(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    /// What its calls came to.
    pub fn results(self) -> Vec<Result<String, String>> {
        self.report().results
    }

    /// The same, and what the calls have cost.
    pub fn report(mut self) -> Report {
        let mut report = Report::default();
        let lines = BufReader::new(self.child.stdout.take().unwrap()).lines();
        for line in lines.map_while(Result::ok) {
            let line = line.split_once('@').map(|(_, said)| said);
            match line.and_then(|said| said.split_once(' ')) {
                Some(("token", token)) => report.results.push(Ok(token.to_owned())),
                Some(("error", error)) => report.results.push(Err(error.to_owned())),
                Some(("waited", time)) => {
                    let time = Duration::from_millis(time.parse().unwrap());
                    report.waits.push(time);
                }
                Some(("grown", size)) => report.grown = size.parse().unwrap(),
                _ => {}
            }
        }
        self.child.wait().unwrap();
        report
    }
}

/// What a worker has to say.
#[derive(Default)]
pub struct Report {
    pub results: Vec<Result<String, String>>,
    /// How long each call took.
    pub waits: Vec<Duration>,
    /// The most memory of its own beyond what was there before, in KiB.
    pub grown: u64,
}

/// A figure of this process's memory, in KiB.
fn memory(name: &str) -> u64 {
    let status = fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find(|line| line.starts_with(name)).unwrap();
    line.split_whitespace().nth(1).unwrap().parse().unwrap()
}

impl Drop for Worker {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// What a worker does; no test of its own.
#[test]
#[ignore = "started by other tests"]
fn worker() {
    let Some(site) = Site::of_worker() else {
        return;
    };
    // what the callers take for themselves: a library's pages are the page cache's, all processes share them
    let before = memory("VmRSS") - memory("RssFile");
    let threads = env::var("WORKER_THREADS").unwrap();
    std::thread::scope(|scope| {
        for _ in 0..threads.parse::<usize>().unwrap() {
            scope.spawn(|| {
                let deadline = Deadline::after(Duration::from_secs(30));
                let started = Instant::now();
                let line = match site.keeper().access_token(&site.account, deadline) {
                    Ok(access) => format!("\n@token {}\n", access.token.expose()),
                    Err(error) => format!("\n@error {error}\n"),
                };
                let line = format!("{line}@waited {}\n", started.elapsed().as_millis());
                std::io::stdout().lock().write_all(line.as_bytes()).unwrap();
            });
        }
    });
    let grown = (memory("VmHWM") - memory("RssFile")).saturating_sub(before);
    let line = format!("\n@grown {grown}\n");
    std::io::stdout().write_all(line.as_bytes()).unwrap();
}
