//! Hostile amounts of data: refused at the bound, without memory for them. A process of its own, since
//! the peak of the whole process is measured.

#[path = "exchange/peer.rs"]
#[allow(dead_code)]
mod peer;

use std::fs;
use std::io::Write;
use std::process::{Command, Stdio};
use std::time::Duration;

use peer::{GRANT, Machine, Server, Tls, close, json, key, read_request};

/// How far the peak may rise above the memory in use before the call.
const BOUND_KIB: usize = 2048;

/// A figure of this process, in KiB.
fn figure(name: &str) -> usize {
    let status = fs::read_to_string("/proc/self/status").unwrap();
    let line = status
        .lines()
        .find_map(|line| line.strip_prefix(name))
        .unwrap();
    line.trim_start_matches(':')
        .trim()
        .trim_end_matches(" kB")
        .parse()
        .unwrap()
}

/// Sends the bytes again and again, 2 GB at most, until the other side hangs up.
fn flood(tls: &mut Tls, bytes: &'static [u8]) {
    for _ in 0..(2_usize << 30) / bytes.len() {
        if tls.write_all(bytes).is_err() {
            return;
        }
    }
    panic!("2 GB were taken");
}

/// 64 KiB of spaces.
static SPACES: [u8; 65536] = [b' '; 65536];

fn bomb() -> Vec<u8> {
    let mut gzip = Command::new("gzip")
        .args(["-9", "-c"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut input = gzip.stdin.take().unwrap();
    let writer = std::thread::spawn(move || {
        for _ in 0..512 {
            input.write_all(&SPACES).unwrap();
        }
    });
    let output = gzip.wait_with_output().unwrap();
    writer.join().unwrap();
    assert!(output.status.success() && output.stdout.len() < 64 * 1024);
    output.stdout
}

#[test]
fn f26_hostile_amounts() {
    let warm = Server::answering(json("200 OK", GRANT));
    Machine::new(&warm).exchange().unwrap();
    let bomb: &'static [u8] = Box::leak(bomb().into_boxed_slice());
    type Script = fn(&mut Tls, &'static [u8]);
    let table: [(&str, Script, &str); 8] = [
        (
            "1 GB of body",
            |tls, _| {
                tls.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 1000000000\r\n\r\n")
                    .unwrap();
                flood(tls, &SPACES);
            },
            "answer-too-large",
        ),
        (
            "endless body",
            |tls, _| {
                tls.write_all(b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n")
                    .unwrap();
                flood(tls, &SPACES);
            },
            "answer-too-large",
        ),
        (
            "endless chunks",
            |tls, _| {
                tls.write_all(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
                    .unwrap();
                flood(tls, b"4\r\n    \r\n");
            },
            "answer-too-large",
        ),
        (
            "endless extension of a chunk",
            |tls, _| {
                tls.write_all(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4;")
                    .unwrap();
                flood(tls, &[b'x'; 4096]);
            },
            "malformed-http",
        ),
        (
            "gzip bomb",
            |tls, bomb| {
                let head = format!(
                    "HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: {}\r\n\r\n",
                    bomb.len()
                );
                tls.write_all(head.as_bytes()).unwrap();
                tls.write_all(bomb).unwrap();
                close(tls);
            },
            "unreadable-answer",
        ),
        (
            "one field without end",
            |tls, _| {
                tls.write_all(b"HTTP/1.1 200 OK\r\nX: ").unwrap();
                flood(tls, &[b'x'; 4096]);
            },
            "head-too-large",
        ),
        (
            "fields without end",
            |tls, _| {
                tls.write_all(b"HTTP/1.1 200 OK\r\n").unwrap();
                flood(tls, b"X: y\r\n");
            },
            "malformed-http",
        ),
        (
            "100000 fields at once",
            |tls, _| {
                tls.write_all(b"HTTP/1.1 200 OK\r\n").unwrap();
                for _ in 0..100_000 {
                    if tls.write_all(b"A:\r\n").is_err() {
                        return;
                    }
                }
            },
            "malformed-http",
        ),
    ];
    for (name, script, wanted) in table {
        let server = Server::tls(move |tls, _| {
            read_request(tls);
            script(tls, bomb);
        });
        let machine = Machine::new(&server);
        // the peak of the past is forgotten
        fs::write("/proc/self/clear_refs", "5").unwrap();
        let before = figure("VmRSS");
        let error = machine.within(Duration::from_secs(5)).expect_err(name);
        let rise = figure("VmHWM").saturating_sub(before);
        assert_eq!(
            (key(&error), error.code()),
            (wanted, 502),
            "{name}: {error}"
        );
        assert!(rise <= BOUND_KIB, "{name}: the peak rose by {rise} KiB");
    }
}
