//! Answers of web servers broken at random: every call ends in time, and no outcome says more than the
//! server did.
//!
//! A failure names its seed, and `HTTP_SEED` repeats that answer alone. `SOAK` goes on for 60 s.

use std::io::Write;
use std::net::Shutdown;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::{Duration, Instant, SystemTime};

use crate::peer::{Server, read_request};
use crate::site::{Site, words};

/// Shorter than the pause before a second try.
const BUDGET: Duration = Duration::from_millis(250);

const ANSWERS: [&[u8]; 8] = [
    b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}",
    b"HTTP/1.1 204 No Content\r\n\r\n",
    b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n",
    b"HTTP/1.0 302 Found\r\nLocation: http://127.0.0.1:1/\r\n\r\n",
    b"HTTP/1.1 401 Unauthorized\r\nWWW-Authenticate: Basic\r\nContent-Length: 0\r\n\r\n",
    b"HTTP/1.1 429 Slow Down\r\nRetry-After: 1\r\nContent-Length: 0\r\n\r\n",
    b"HTTP/1.1 503 Busy\r\nRetry-After: Wed, 21 Oct 2015 07:28:00 GMT\r\nConnection: close\r\n\r\n",
    b"HTTP/1.1 500 No\r\nContent-Encoding: gzip\r\nContent-Length: 4\r\n\r\n\x1f\x8b\x08\x00",
];

/// xorshift64*
struct Random(u64);

impl Random {
    /// A number below `end`.
    fn below(&mut self, end: usize) -> usize {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        usize::try_from(self.0.wrapping_mul(0x2545_F491_4F6C_DD1D) >> 33).unwrap() % end
    }

    fn byte(&mut self) -> u8 {
        u8::try_from(self.below(256)).unwrap()
    }

    fn answer(&mut self) -> Vec<u8> {
        let mut bytes = ANSWERS[self.below(ANSWERS.len())].to_vec();
        for _ in 0..self.below(4) {
            let at = self.below(bytes.len() + 1);
            let insert: Vec<u8> = match self.below(5) {
                0 => vec![self.byte()],
                1 => b"\r\n".to_vec(),
                2 => b"Content-Length: 99999999999999999999\r\n".to_vec(),
                3 => vec![b'x'; self.below(70_000)],
                _ => b"A: b\r\n".repeat(self.below(200)),
            };
            match self.below(4) {
                0 => bytes.truncate(at),
                1 if at < bytes.len() => bytes[at] = self.byte(),
                2 if at < bytes.len() => drop(bytes.remove(at)),
                _ => bytes.splice(at..at, insert).for_each(drop),
            }
        }
        bytes
    }
}

/// Whether a status of one of these classes is in there.
fn says(bytes: &[u8], classes: &[u8]) -> bool {
    bytes
        .windows(10)
        .any(|window| window.starts_with(b"HTTP/1.") && classes.contains(&window[9]))
}

fn ask(seed: u64) {
    let answer = Arc::new(Random(seed | 1).answer());
    let sent = Arc::clone(&answer);
    let is_answered = Arc::new(AtomicBool::new(false));
    let answers = Arc::clone(&is_answered);
    let server = Server::tcp(move |mut tcp, _| {
        read_request(&mut tcp);
        answers.store(true, Ordering::SeqCst);
        let _ = tcp.write_all(&sent);
        let _ = tcp.shutdown(Shutdown::Write);
        read_request(&mut tcp);
    });
    let public = format!(
        "gotify: phone\n\tserver http://localhost:{}\n",
        server.address.port()
    );
    let site = Site::new(&public, "gotify: phone\n\ttoken cAnArY\n").within(BUDGET);
    let begin = Instant::now();
    let delivery = site.send("t", "t");
    let took = begin.elapsed();
    let context = format!("HTTP_SEED={seed}: {delivery:?}");
    assert!(
        took < BUDGET + Duration::from_millis(500),
        "{took:?} {context}"
    );
    assert_eq!(delivery.targets[0].attempts, 1, "{context}");
    match words(&delivery)[0].2 {
        "sent" => assert!(says(&answer, b"2"), "{context}"),
        "refused" => assert!(
            says(&answer, b"0136789") || says(&answer, b"4"),
            "{context}"
        ),
        // a busy machine may need the whole budget to come so far
        "unsent" if !is_answered.load(Ordering::SeqCst) => {}
        "unsent" => assert!(says(&answer, b"45"), "{context}"),
        _ => {}
    }
}

/// How many answers at most: each leaves a port that nobody can use for a minute.
const MOST: usize = 10_000;

#[test]
fn f22_answers_broken_at_random() {
    if let Ok(seed) = std::env::var("HTTP_SEED") {
        return ask(seed.parse().unwrap());
    }
    let soak = std::env::var_os("SOAK").is_some();
    let end = Instant::now() + Duration::from_secs(if soak { 60 } else { 2 });
    let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
    let base = u64::try_from(now.unwrap().as_nanos() & u128::from(u64::MAX >> 1)).unwrap();
    let count = Mutex::new(0);
    thread::scope(|scope| {
        for worker in 0..4 {
            let count = &count;
            scope.spawn(move || {
                let mut seeds = Random(base ^ ((worker + 1) << 40));
                while Instant::now() < end && *count.lock().unwrap() < MOST {
                    let high = u64::try_from(seeds.below(1 << 31)).unwrap();
                    ask((high << 31) | u64::try_from(seeds.below(1 << 31)).unwrap());
                    *count.lock().unwrap() += 1;
                }
            });
        }
    });
    let count = *count.lock().unwrap();
    assert!(count > 20, "only {count} answers");
}
