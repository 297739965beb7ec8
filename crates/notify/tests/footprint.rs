//! What a delivery leaves behind: no thread, no file, no zombie, hardly any memory; and that neither a
//! deadly SIGPIPE nor a fork changes anything. A process of its own, since all of it is counted.

#[path = "exchange/peer.rs"]
#[allow(dead_code)]
mod peer;
#[path = "deliver/site.rs"]
#[allow(dead_code)]
mod site;

use std::io::Write;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};
use std::{env, fs, thread};

use peer::{Pki, Server, close, hold, read_request};
use site::{OK, Site, web, words};

/// Children and memory are those of the whole process: one test after the other.
fn alone() -> MutexGuard<'static, ()> {
    static TURN: Mutex<()> = Mutex::new(());
    TURN.lock().unwrap_or_else(PoisonError::into_inner)
}

/// A figure of this process.
fn figure(name: &str) -> usize {
    let status = fs::read_to_string("/proc/self/status").unwrap();
    let line = status
        .lines()
        .find_map(|line| line.strip_prefix(name))
        .unwrap();
    let text = line.trim_start_matches(':').trim().trim_end_matches(" kB");
    text.parse().unwrap()
}

fn count(folder: &str) -> usize {
    fs::read_dir(folder).unwrap().count()
}

fn children() -> String {
    let mut all = String::new();
    for task in fs::read_dir("/proc/self/task").unwrap() {
        let path = task.unwrap().path().join("children");
        all.push_str(&fs::read_to_string(path).unwrap_or_default());
    }
    all
}

fn gotify(name: &str, port: u16) -> String {
    format!("gotify: {name}\n\tserver http://localhost:{port}\n\n")
}

fn token(name: &str) -> String {
    format!("gotify: {name}\n\ttoken cAnArY\n\n")
}

/// Sends from a child process, as a forking daemon does; true if all went well there.
fn in_a_child(work: impl FnOnce() -> bool) -> bool {
    // SAFETY: the child uses what the parent made, and ends without running anything of the parent's.
    let pid = unsafe { libc::fork() };
    assert!(pid >= 0);
    if pid == 0 {
        let done = std::panic::catch_unwind(std::panic::AssertUnwindSafe(work)).unwrap_or(false);
        // SAFETY: ends this process at once.
        unsafe { libc::_exit(i32::from(!done)) };
    }
    let mut status = 0;
    // SAFETY: `status` is ours.
    let waited = unsafe { libc::waitpid(pid, &raw mut status, 0) };
    waited == pid && libc::WIFEXITED(status) && libc::WEXITSTATUS(status) == 0
}

#[test]
fn nothing_is_left_behind() {
    let _turn = alone();
    // SAFETY: no handler runs; Perl leaves the signal at this default.
    unsafe { libc::signal(libc::SIGPIPE, libc::SIG_DFL) };

    let (good, _) = web(OK);
    let good = good.address.port();
    // F-38: resets while the request is written
    let reset = Server::tcp(|tcp, _| {
        let _ = socket2::SockRef::from(&tcp).set_linger(Some(Duration::ZERO));
    });
    let silent = Server::tcp(|mut tcp, _| hold(&mut tcp));
    // F-26: an endless head, an endless body
    let head = Server::tcp(|mut tcp, _| {
        read_request(&mut tcp);
        let _ = tcp.write_all(b"HTTP/1.1 200 OK\r\n");
        while tcp.write_all(&[b'x'; 4096]).is_ok() {}
    });
    let body = Server::tcp(|mut tcp, _| {
        read_request(&mut tcp);
        let _ = tcp.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 1000000000\r\n\r\n");
        while tcp.write_all(&[b'x'; 65536]).is_ok() {}
    });
    let names = ["good", "reset", "silent", "head", "body"];
    let ports = [
        good,
        reset.address.port(),
        silent.address.port(),
        head.address.port(),
        body.address.port(),
    ];
    let mut public: String = names
        .iter()
        .zip(ports)
        .map(|(name, port)| gotify(name, port))
        .collect();
    let private: String = names.iter().map(|name| token(name)).collect();
    // does not read its input, leaves a child behind
    public.push_str("sendmail: local\n\tmailto root\n\n");
    let budget = Duration::from_secs(2);
    let site = Site::new(&public, &private).within(budget);
    site.sendmail("exec <&-; exit 75");
    let wanted = ["sent", "unsent", "unknown", "unknown", "sent", "unsent"];
    for round in 0..4 {
        fs::write("/proc/self/clear_refs", "5").unwrap();
        let before = figure("VmRSS");
        let begin = Instant::now();
        let delivery = site.send("title", &"text ".repeat(1000));
        assert!(begin.elapsed() < budget + Duration::from_millis(500));
        let all: Vec<_> = words(&delivery)
            .into_iter()
            .map(|(_, _, word)| word)
            .collect();
        assert_eq!(all[0], wanted[0]);
        assert!(["unsent", "unknown"].contains(&all[1]), "{all:?}");
        assert_eq!(all[2..], wanted[2..], "{delivery:?}");
        let rise = figure("VmHWM").saturating_sub(before);
        // the first round fills caches and arenas
        assert!(
            round == 0 || rise <= 2048,
            "round {round}: the peak rose by {rise} KiB"
        );
        assert_eq!(children(), "", "zombies");
    }
}

#[test]
fn threads_and_files_are_the_same_before_and_after() {
    let _turn = alone();
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let public: String = (0..40)
        .map(|n| gotify(&format!("t-{n:02}"), port))
        .collect();
    let private: String = (0..40).map(|n| token(&format!("t-{n:02}"))).collect();
    let site = Site::new(
        &format!("{public}sendmail: local\n\tmailto root\n\n"),
        &private,
    )
    .within(Duration::from_millis(700));
    site.sendmail("sleep 100");
    // in a child nobody else starts threads or opens files
    assert!(in_a_child(|| {
        let before = (count("/proc/self/task"), count("/proc/self/fd"));
        let delivery = site.send("title", "text");
        let after = (count("/proc/self/task"), count("/proc/self/fd"));
        assert!(
            words(&delivery)
                .iter()
                .all(|(_, _, word)| *word == "unknown"),
            "{delivery:?}"
        );
        before == after && children().is_empty()
    }));
    drop(listener);
}

#[test]
fn twenty_targets_that_begin_together_read_the_bundle_once() {
    let _turn = alone();
    let server = Server::tls(|tls, _| {
        read_request(tls);
        let _ = tls.write_all(OK.as_bytes());
        close(tls);
    });
    let port = server.address.port();
    let public: String = (0..20)
        .map(|n| gotify(&format!("t-{n:02}"), port).replace("http:", "https:"))
        .collect();
    let private: String = (0..20).map(|n| token(&format!("t-{n:02}"))).collect();
    let site = Site::new(&public, &private);
    let size = 4 * 1024 * 1024;
    let comment = "# a line between certificates\n".repeat(size / 30);
    site.file("ca.crt", &(comment + &Pki::shared().bundle()));
    // what this process reads from files; what sockets receive does not count
    let read = || {
        let text = fs::read_to_string("/proc/self/io").unwrap();
        let (_, number) = text.lines().next().unwrap().split_once(": ").unwrap();
        number.parse::<usize>().unwrap()
    };
    let before = read();
    let all = words(&site.send("title", "text"));
    let count = (read() - before) as f64 / size as f64;
    assert!(all.iter().all(|(_, _, word)| *word == "sent"), "{all:?}");
    assert!((0.9..1.5).contains(&count), "read {count} times");
}

#[test]
fn f46_every_child_sends_and_no_message_id_comes_twice() {
    let _turn = alone();
    let (web, seen) = web(OK);
    let site = Site::new(
        &format!(
            "{}sendmail: local\n\tmailto root\n\n",
            gotify("phone", web.address.port())
        ),
        &token("phone"),
    );
    site.sendmail("grep -i '^Message-ID:' >>\"$dir/ids\"");
    let send = || {
        let all = words(&site.send("title", "text"));
        all.len() == 2 && all.iter().all(|(_, _, word)| *word == "sent")
    };
    assert!(send());
    let children = if env::var_os("SOAK").is_some() {
        1000
    } else {
        20
    };
    let stop = AtomicBool::new(false);
    let sent = thread::scope(|scope| {
        // forks happen while another thread is in the middle of a delivery
        let other = scope.spawn(|| {
            let mut sent = 0;
            while !stop.load(Ordering::Relaxed) {
                assert!(send());
                sent += 1;
            }
            sent
        });
        let all_sent = (0..children).all(|_| in_a_child(send) && in_a_child(|| in_a_child(send)));
        stop.store(true, Ordering::Relaxed);
        assert!(all_sent, "a child failed");
        other.join().unwrap()
    });
    assert!(send());
    let ids = site.noted("ids");
    let mut ids: Vec<&str> = ids.lines().collect();
    ids.sort_unstable();
    ids.dedup();
    let all = 2 + 2 * children + sent;
    assert_eq!((ids.len(), seen.lock().unwrap().len()), (all, all));
}
