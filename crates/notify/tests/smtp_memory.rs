//! F-33: hostile amounts of data from a mail server are refused at the bound, without memory for them.
//! A process of its own, since the peak of the whole process is measured.

#[path = "smtp/mta.rs"]
#[allow(dead_code)]
mod mta;
#[path = "exchange/peer.rs"]
#[allow(dead_code)]
mod peer;

use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::thread;
use std::time::Duration;

use mta::{Mail, Mta, key};
use notify::config::SmtpMode;
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
fn flood(link: &mut dyn Write, bytes: &[u8]) {
    for _ in 0..(2_usize << 30) / bytes.len() {
        if link.write_all(bytes).is_err() {
            return;
        }
    }
    panic!("2 GB were taken");
}

static BLOCK: [u8; 65536] = [b'x'; 65536];

type Script = fn(&mut dyn Write);

/// What it is, the command in whose place it comes, and what is said.
const FLOODS: [(&str, &str, Script); 5] = [
    ("an endless line as greeting", "", |link| {
        flood(link, &BLOCK)
    }),
    ("a million continuation lines", "EHLO", |link| {
        let lines = b"250-X-MORE\r\n".repeat(1000);
        for _ in 0..1000 {
            if link.write_all(&lines).is_err() {
                return;
            }
        }
    }),
    ("an endless line behind a code", "AUTH", |link| {
        let _ = link.write_all(b"535 ");
        flood(link, &BLOCK);
    }),
    ("lines of 2 KiB without end", "MAIL", |link| {
        let line = format!("250-{}\r\n", "x".repeat(2000));
        flood(link, line.repeat(32).as_bytes());
    }),
    ("bytes that are no text", "EHLO", |link| {
        let _ = link.write_all(b"250-");
        flood(link, &[0xff; 65536]);
    }),
];

/// Behaves up to the place, then floods.
fn serve(link: impl Read + Write, place: &str, script: Script) {
    let mut link = BufReader::with_capacity(512, link);
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
}

/// A server that floods, and a mail to it.
fn hostile(mode: SmtpMode, place: &'static str, script: Script) -> (Server, Mail) {
    let server = if mode == SmtpMode::Tls {
        Server::tls(move |tls, _| serve(tls, place, script))
    } else {
        Server::tcp(move |tcp, _| serve(tcp, place, script))
    };
    let mut mail = Mail::to_port(server.address.port()).mode(mode).password();
    mail.budget = Duration::from_secs(5);
    (server, mail)
}

/// By how much the peak rises above the memory in use before the call, in KiB.
fn rise(call: impl FnOnce()) -> usize {
    // the peak of the past is forgotten
    fs::write("/proc/self/clear_refs", "5").unwrap();
    let before = figure("VmRSS");
    call();
    figure("VmHWM").saturating_sub(before)
}

#[test]
fn f33_hostile_amounts() {
    for mode in [SmtpMode::Insecure, SmtpMode::Tls] {
        let warm = Mta::new(&["AUTH PLAIN"]);
        let warm = match mode {
            SmtpMode::Tls => warm.tls_at_once().start(),
            _ => warm.start(),
        };
        assert_eq!(Mail::to(&warm).mode(mode).password().outcomes(), ["sent"]);
        for (name, place, script) in FLOODS {
            let (_server, mail) = hostile(mode, place, script);
            let rise = rise(|| {
                let error = mail.submit().expect_err(name);
                assert_eq!(key(&error), "smtp-garbled", "{name}: {error}");
            });
            assert!(rise <= BOUND_KIB, "{mode} {name}: {rise} KiB");
        }
        // all of them at the same time
        let all = FLOODS.map(|(_, place, script)| hostile(mode, place, script));
        let rise = rise(|| {
            thread::scope(|scope| {
                for (_, mail) in &all {
                    scope.spawn(|| mail.refusal());
                }
            });
        });
        assert!(rise <= BOUND_KIB, "{mode} all at once: {rise} KiB");
    }
}
