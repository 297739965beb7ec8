//! F-33: hostile amounts of data from a mail server are refused at the bound, without memory for them.
//! A process of its own, since the peak of the whole process is measured.

#[path = "smtp/mta.rs"]
#[allow(dead_code)]
mod mta;
#[path = "exchange/peer.rs"]
#[allow(dead_code)]
mod peer;

use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::net::TcpStream;
use std::time::Duration;

use mta::{Mail, Mta, key};
use peer::Server;

/// How far the peak may rise above the memory in use before the call.
const BOUND_KIB: usize = 2048;

/// A figure of this process, in KiB.
fn figure(name: &str) -> usize {
    let status = fs::read_to_string("/proc/self/status").unwrap();
    let line = status
        .lines()
        .find_map(|line| line.strip_prefix(name))
        .unwrap();
    let number = line.trim_start_matches(':').trim().trim_end_matches(" kB");
    number.parse().unwrap()
}

/// Sends the bytes again and again, 2 GB at most, until the other side hangs up.
fn flood(tcp: &mut TcpStream, bytes: &[u8]) {
    for _ in 0..(2_usize << 30) / bytes.len() {
        if tcp.write_all(bytes).is_err() {
            return;
        }
    }
    panic!("2 GB were taken");
}

static BLOCK: [u8; 65536] = [b'x'; 65536];

#[test]
fn f33_hostile_amounts() {
    let warm = Mta::new(&["AUTH PLAIN"]).start();
    assert_eq!(Mail::to(&warm).password().outcomes(), ["sent"]);
    type Script = fn(&mut TcpStream);
    let table: [(&str, &str, Script); 5] = [
        ("an endless line as greeting", "", |tcp| flood(tcp, &BLOCK)),
        ("a million continuation lines", "EHLO", |tcp| {
            let lines = b"250-X-MORE\r\n".repeat(1000);
            for _ in 0..1000 {
                if tcp.write_all(&lines).is_err() {
                    return;
                }
            }
        }),
        ("an endless line behind a code", "AUTH", |tcp| {
            let _ = tcp.write_all(b"535 ");
            flood(tcp, &BLOCK);
        }),
        ("lines of 2 KiB without end", "MAIL", |tcp| {
            let line = format!("250-{}\r\n", "x".repeat(2000));
            flood(tcp, line.repeat(32).as_bytes());
        }),
        ("bytes that are no text", "EHLO", |tcp| {
            let _ = tcp.write_all(b"250-");
            flood(tcp, &[0xff; 65536]);
        }),
    ];
    for (name, place, script) in table {
        let server = Server::tcp(move |tcp, _| {
            let mut link = BufReader::with_capacity(512, tcp);
            if !place.is_empty() {
                link.get_mut().write_all(b"220 hello\r\n").unwrap();
            }
            let mut said = String::new();
            while !said.starts_with(place) {
                said.clear();
                let reply: &[u8] = match link.read_line(&mut said) {
                    Ok(count) if count > 0 && said.starts_with("EHLO") => {
                        b"250-hello\r\n250 AUTH PLAIN\r\n"
                    }
                    Ok(count) if count > 0 => b"250 ok\r\n",
                    _ => return,
                };
                if !said.starts_with(place) {
                    link.get_mut().write_all(reply).unwrap();
                }
            }
            script(link.get_mut());
        });
        let mut mail = Mail::to_port(server.address.port()).password();
        mail.budget = Duration::from_secs(5);
        // the peak of the past is forgotten
        fs::write("/proc/self/clear_refs", "5").unwrap();
        let before = figure("VmRSS");
        let error = mail.submit().expect_err(name);
        let rise = figure("VmHWM").saturating_sub(before);
        assert_eq!(key(&error), "smtp-garbled", "{name}: {error}");
        assert!(rise <= BOUND_KIB, "{name}: the peak rose by {rise} KiB");
    }
}
