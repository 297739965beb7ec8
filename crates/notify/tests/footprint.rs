//! What a delivery leaves behind: no thread, no file, no zombie, hardly any memory; and that neither a
//! deadly SIGPIPE nor a fork changes anything. A process of its own, since all of it is counted.
//!
//! Its main function is none of Rust's, as that of perl is none. Where it is, the standard library keeps a
//! lock for the moment in which a thread begins, and a child that was forked in that moment can begin no
//! thread at all.

#![no_main]

#[path = "exchange/peer.rs"]
#[allow(dead_code)]
mod peer;
#[path = "deliver/site.rs"]
#[allow(dead_code)]
mod site;

use std::io::{Read, Write};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, mpsc};
use std::time::{Duration, Instant};
use std::{env, fs, thread};

use peer::{GRANT, Machine, Pki, Server, close, hold, json, read_request};
use site::{OK, Site, web, words};

/// One after the other: children and memory are those of the whole process.
const TESTS: [(&str, fn()); 7] = [
    ("nothing_is_left_behind", nothing_is_left_behind),
    (
        "threads_and_files_are_the_same_before_and_after",
        threads_and_files_are_the_same_before_and_after,
    ),
    (
        "twenty_targets_that_begin_together_read_the_bundle_once",
        twenty_targets_that_begin_together_read_the_bundle_once,
    ),
    (
        "f46_every_child_sends_and_no_message_id_comes_twice",
        f46_every_child_sends_and_no_message_id_comes_twice,
    ),
    (
        "f46_no_child_draws_the_random_bytes_of_another",
        f46_no_child_draws_the_random_bytes_of_another,
    ),
    (
        "f46_a_fork_while_another_thread_waits_within_a_handshake",
        f46_a_fork_while_another_thread_waits_within_a_handshake,
    ),
    (
        "f46_a_fork_while_a_look_up_is_left_behind",
        f46_a_fork_while_a_look_up_is_left_behind,
    ),
];

#[allow(clippy::print_stdout)] // the result, as of any test
#[unsafe(no_mangle)]
extern "C" fn main() -> libc::c_int {
    let wanted: Vec<String> = env::args().skip(1).collect();
    let wanted: Vec<&String> = wanted
        .iter()
        .filter(|word| !word.starts_with('-'))
        .collect();
    let mut failed = 0;
    for (name, test) in TESTS {
        if !wanted.is_empty() && !wanted.iter().any(|word| name.contains(word.as_str())) {
            continue;
        }
        let passed = std::panic::catch_unwind(test).is_ok();
        println!("test {name} ... {}", if passed { "ok" } else { "FAILED" });
        failed += i32::from(!passed);
    }
    i32::from(failed > 0)
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

fn smtp(name: &str, port: u16, mode: &str) -> (String, String) {
    let settings = "\tfrom-address pve@example.org\n\tmailto ann@example.org\n";
    (
        format!("smtp: {name}\n\tserver localhost\n\tport {port}\n\tmode {mode}\n{settings}\n"),
        format!("smtp: {name}\n\n"),
    )
}

/// Sends from a child process, as a forking daemon does; true if all went well there.
fn in_a_child(work: impl FnOnce() -> bool) -> bool {
    // SAFETY: the child uses what the parent made, and ends without running anything of the parent's.
    let pid = unsafe { libc::fork() };
    assert!(pid >= 0);
    if pid == 0 {
        // SAFETY: a child that hangs is ended.
        unsafe { libc::alarm(60) };
        let done = std::panic::catch_unwind(std::panic::AssertUnwindSafe(work)).unwrap_or(false);
        // SAFETY: ends this process at once.
        unsafe { libc::_exit(i32::from(!done)) };
    }
    let mut status = 0;
    // SAFETY: `status` is ours.
    let waited = unsafe { libc::waitpid(pid, &raw mut status, 0) };
    waited == pid && libc::WIFEXITED(status) && libc::WEXITSTATUS(status) == 0
}

fn nothing_is_left_behind() {
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

fn threads_and_files_are_the_same_before_and_after() {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let public: String = (0..40)
        .map(|n| gotify(&format!("t-{n:02}"), port))
        .collect();
    let private: String = (0..40).map(|n| token(&format!("t-{n:02}"))).collect();
    let reset = Server::tcp(|tcp, _| {
        let _ = socket2::SockRef::from(&tcp).set_linger(Some(Duration::ZERO));
    });
    // agrees to TLS and never begins it
    let stuck = Server::tcp(|mut tcp, _| {
        for reply in ["220 hello", "250-hello\r\n250 STARTTLS", "220 go"] {
            let _ = tcp.write_all(format!("{reply}\r\n").as_bytes());
            let _ = tcp.read(&mut [0; 512]);
        }
        hold(&mut tcp);
    });
    let mails = [
        smtp("silent", port, "insecure"),
        smtp("silent-tls", port, "tls"),
        smtp("reset", reset.address.port(), "insecure"),
        smtp("stuck", stuck.address.port(), "starttls"),
    ];
    let (mails, private) = mails.into_iter().fold(
        (String::new(), private),
        |(public, private), (one, secret)| (public + &one, private + &secret),
    );
    let site = Site::new(
        &format!("{public}{mails}sendmail: local\n\tmailto root\n\n"),
        &private,
    )
    .within(Duration::from_millis(700));
    site.sendmail("sleep 100");
    // in a child nobody else starts threads or opens files
    assert!(in_a_child(|| {
        let before = (count("/proc/self/task"), count("/proc/self/fd"));
        let delivery = site.send("title", "text");
        let after = (count("/proc/self/task"), count("/proc/self/fd"));
        for (target, recipient, word) in words(&delivery) {
            let is_mail = recipient == "ann@example.org";
            let wanted = if is_mail { "unsent" } else { "unknown" };
            assert_eq!(word, wanted, "{target}: {delivery:?}");
        }
        before == after && children().is_empty()
    }));
    drop(listener);
}

fn twenty_targets_that_begin_together_read_the_bundle_once() {
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

fn f46_every_child_sends_and_no_message_id_comes_twice() {
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
    // in a soak the children alone send 10 000
    let is_soak = env::var_os("SOAK").is_some();
    let (children, each) = if is_soak { (1000, 5) } else { (20, 1) };
    let send_all = || (0..each).all(|_| send());
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
        let all_sent =
            (0..children).all(|_| in_a_child(send_all) && in_a_child(|| in_a_child(send_all)));
        stop.store(true, Ordering::Relaxed);
        assert!(all_sent, "a child failed");
        other.join().unwrap()
    });
    assert!(send());
    let ids = site.noted("ids");
    let mut ids: Vec<&str> = ids.lines().collect();
    ids.sort_unstable();
    ids.dedup();
    let all = 2 + 2 * children * each + sent;
    assert_eq!((ids.len(), seen.lock().unwrap().len()), (all, all));
}

fn f46_no_child_draws_the_random_bytes_of_another() {
    let (sender, receiver) = mpsc::channel();
    let server = Server::tcp(move |mut tcp, _| {
        let mut hello = [0; 4096];
        let count = tcp.read(&mut hello).unwrap();
        assert!(count > 43 && hello[5] == 1, "a client's hello");
        sender.send(hello[11..43].to_vec()).unwrap();
    });
    let machine = Machine::new(&server);
    // the generator is in use before anybody forks
    assert!(machine.exchange().is_err());
    for _ in 0..3 {
        assert!(in_a_child(|| machine.exchange().is_err()));
    }
    assert!(machine.exchange().is_err());
    server.settle();
    let mut seen: Vec<_> = receiver.try_iter().collect();
    assert_eq!(seen.len(), 5);
    seen.sort();
    seen.dedup();
    assert_eq!(seen.len(), 5, "random bytes come twice");
}

fn f46_a_fork_while_another_thread_waits_within_a_handshake() {
    let (release, released) = mpsc::channel::<()>();
    let released = Mutex::new(released);
    let silent = Server::tcp(move |_tcp, _| {
        let _ = released.lock().unwrap().recv();
    });
    let stuck = Machine::new(&silent);
    let server = Server::tls(|tls, _| {
        read_request(tls);
        let _ = tls.write_all(&json("200 OK", GRANT));
        close(tls);
    });
    let machine = Machine::new(&server);
    let children = if env::var_os("SOAK").is_some() {
        500
    } else {
        5
    };
    thread::scope(|scope| {
        let waiting = scope.spawn(|| stuck.within(Duration::from_secs(300)));
        let end = Instant::now() + Duration::from_secs(5);
        while silent.count() == 0 {
            assert!(Instant::now() < end, "nobody has come");
            thread::yield_now();
        }
        thread::sleep(Duration::from_millis(50));
        for _ in 0..children {
            assert!(in_a_child(|| machine.exchange().is_ok()));
            // no thread of the server is at work when the next one begins
            server.settle();
        }
        assert!(!waiting.is_finished(), "it was no fork within a handshake");
        drop(release);
        assert!(waiting.join().unwrap().is_err());
    });
}

/// Look-ups of this name last until they are let go.
static PARKED: Mutex<()> = Mutex::new(());

/// Whether a thread of a look-up is alive in this process.
fn looks_up() -> bool {
    let tasks = fs::read_dir("/proc/self/task").unwrap();
    let names = tasks.map(|task| fs::read_to_string(task.unwrap().path().join("comm")));
    names.flatten().any(|name| name == "lookup\n")
}

fn f46_a_fork_while_a_look_up_is_left_behind() {
    let (web, seen) = web(OK);
    let late = smtp("late", 25, "insecure");
    let mut site = Site::new(
        &format!(
            "{}sendmail: local\n\tmailto root\n\n{}",
            gotify("phone", web.address.port()),
            late.0.replace("localhost", "late.example.org")
        ),
        &(token("phone") + &late.1),
    )
    .within(Duration::from_secs(1));
    site.sendmail("grep -i '^Message-ID:' >>\"$dir/ids\"");
    site.host = site.host.with_lookup(|name, port| {
        if name == "late.example.org" {
            drop(PARKED.lock());
        }
        Ok(vec![([127, 0, 0, 1], port).into()])
    });
    let send = || {
        let begin = Instant::now();
        let delivery = site.send("title", "text");
        assert!(begin.elapsed() < Duration::from_millis(1500));
        let all: Vec<_> = words(&delivery)
            .into_iter()
            .map(|(_, _, word)| word)
            .collect();
        let reason = delivery.targets[2].recipients[0].outcome.reason().unwrap();
        all == ["sent", "sent", "unsent"] && reason.contains("timeout while looking up the name")
    };
    let parked = PARKED.lock().unwrap();
    assert!(send());
    assert!(looks_up(), "nothing was left behind");
    let children = if env::var_os("SOAK").is_some() { 50 } else { 3 };
    for _ in 0..children {
        // a child has only the thread that forked
        assert!(in_a_child(|| !looks_up() && send()));
    }
    drop(parked);
    let end = Instant::now() + Duration::from_secs(5);
    while looks_up() {
        assert!(Instant::now() < end, "the look-up has not ended");
        thread::yield_now();
    }
    let ids = site.noted("ids");
    let mut ids: Vec<&str> = ids.lines().collect();
    ids.sort_unstable();
    ids.dedup();
    let all = 1 + children;
    assert_eq!((ids.len(), seen.lock().unwrap().len()), (all, all));
}
