//! Replies broken at random: every call ends in time, and no outcome says more than the server did.
//!
//! A failure names its seed, and `SMTP_SEED` repeats that conversation alone. `SOAK` goes on for 60 s.

use std::io::{BufRead, BufReader, Write};
use std::net::{Shutdown, TcpStream};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant, SystemTime};

use crate::mta::Mail;
use crate::peer::Server;

const BUDGET: Duration = Duration::from_millis(200);

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

    fn bytes(&mut self) -> Vec<u8> {
        const PARTS: [&[u8]; 12] = [
            b"\r\n",
            b"\n",
            b"\r",
            b"-",
            b" ",
            b"\0",
            b"\xff",
            b"250 ok\r\n",
            b"354 go\r\n",
            b"421 bye\r\n",
            b"5.7.8",
            b"=",
        ];
        match self.below(3) {
            0 => PARTS[self.below(PARTS.len())].to_vec(),
            1 => vec![u8::try_from(self.below(256)).unwrap(); 1],
            _ => vec![b'x'; self.below(5000)],
        }
    }

    /// The reply, more often than not as it is.
    fn bend(&mut self, reply: &[u8]) -> Vec<u8> {
        let mut bytes = reply.to_vec();
        if self.below(4) > 0 {
            return bytes;
        }
        for _ in 0..=self.below(3) {
            let at = self.below(bytes.len() + 1);
            match self.below(6) {
                0 => bytes.truncate(at),
                1 => bytes.splice(at..at, self.bytes()).for_each(drop),
                2 if at < bytes.len() => bytes[at] = u8::try_from(self.below(256)).unwrap(),
                3 if at < bytes.len() => drop(bytes.remove(at)),
                4 => bytes = [bytes.clone(), bytes].concat(),
                _ => {
                    let code = ["250", "235", "334", "354", "421", "450", "550", "999"];
                    let code = code[self.below(code.len())];
                    bytes =
                        format!("{code} {}x\r\n", ["", "5.7.1 ", "4.2.0 "][self.below(3)]).into();
                }
            }
        }
        bytes
    }
}

/// What the server did around the message.
#[derive(Default, Debug)]
struct Truth {
    /// The final dot came.
    whole: bool,
    /// What was said from then on.
    after: Vec<u8>,
}

fn serve(tcp: TcpStream, random: &mut Random, truth: &Mutex<Truth>) -> std::io::Result<()> {
    let mut link = BufReader::new(tcp);
    let mut said = Vec::new();
    let mut reply: &[u8] = b"220 hello\r\n";
    let (mut in_message, mut whole) = (false, false);
    loop {
        let bytes = random.bend(reply);
        if whole {
            truth.lock().unwrap().after.extend_from_slice(&bytes);
        }
        link.get_mut().write_all(&bytes)?;
        if random.below(40) == 0 {
            return link.get_mut().shutdown(Shutdown::Write);
        }
        loop {
            said.clear();
            if link.read_until(b'\n', &mut said)? == 0 {
                return Ok(());
            }
            if !in_message || said == b".\r\n" {
                break;
            }
        }
        if in_message {
            (in_message, whole) = (false, true);
            truth.lock().unwrap().whole = true;
            reply = b"250 2.0.0 queued\r\n";
            continue;
        }
        reply = match said.get(..4).unwrap_or_default() {
            b"EHLO" => {
                b"250-hello\r\n250-PIPELINING\r\n250-SIZE 100000\r\n250 AUTH PLAIN LOGIN\r\n"
            }
            b"AUTH" => b"235 2.7.0 welcome\r\n",
            b"QUIT" => b"221 bye\r\n",
            b"DATA" => {
                in_message = true;
                b"354 go\r\n"
            }
            _ => b"250 2.1.0 ok\r\n",
        };
    }
}

/// Whether a line of that class was said, or one that may be such a line once it is whole.
fn says(bytes: &[u8], classes: &[u8]) -> bool {
    bytes
        .split(|&byte| byte == b'\n')
        .any(|line| line.first().is_some_and(|first| classes.contains(first)))
}

/// What a call may take beyond its budget; more where the machine has other tests to run.
fn tolerance() -> Duration {
    let is_alone = std::env::var_os("SOAK").is_some();
    Duration::from_millis(if is_alone { 500 } else { 1000 })
}

fn converse(seed: u64) {
    let truth = Arc::new(Mutex::new(Truth::default()));
    let seen = Arc::clone(&truth);
    let server = Server::tcp(move |tcp, _| {
        // what the client makes of it is what counts
        let _ = serve(tcp, &mut Random(seed | 1), &seen);
    });
    let mut mail = Mail::to_port(server.address.port()).password();
    mail.to.push("b@example.org".to_owned());
    mail.budget = BUDGET;
    let start = Instant::now();
    let result = mail.submit();
    let took = start.elapsed();
    assert!(took < BUDGET + tolerance(), "seed {seed}: {took:?}");
    let Ok(outcomes) = result else {
        assert!(!truth.lock().unwrap().whole, "seed {seed}: {result:?}");
        return;
    };
    let truth = truth.lock().unwrap();
    for (_, outcome) in outcomes {
        let context = format!("seed {seed}: {outcome:?} after {truth:?}");
        match outcome.as_str() {
            "sent" => assert!(truth.whole && says(&truth.after, b"2"), "{context}"),
            // the server may hang up before it has read all that left this machine
            "unknown" => {}
            _ if truth.whole && !outcome.reason().unwrap().contains("at RCPT TO") => {
                assert!(says(&truth.after, b"45"), "{context}");
            }
            _ => {}
        }
    }
}

#[test]
fn f33_replies_broken_at_random() {
    if let Ok(seed) = std::env::var("SMTP_SEED") {
        return converse(seed.parse().unwrap());
    }
    let time = if std::env::var_os("SOAK").is_some() {
        60
    } else {
        2
    };
    let end = Instant::now() + Duration::from_secs(time);
    let now = SystemTime::now()
        .duration_since(SystemTime::UNIX_EPOCH)
        .unwrap();
    let base = u64::try_from(now.as_nanos() & u128::from(u64::MAX >> 1)).unwrap();
    let count = Mutex::new(0);
    thread::scope(|scope| {
        for worker in 0..8 {
            let count = &count;
            scope.spawn(move || {
                let mut seeds = Random(base ^ ((worker + 1) << 40));
                while Instant::now() < end {
                    let high = u64::try_from(seeds.below(1 << 31)).unwrap();
                    converse((high << 31) | u64::try_from(seeds.below(1 << 31)).unwrap());
                    *count.lock().unwrap_or_else(PoisonError::into_inner) += 1;
                }
            });
        }
    });
    let count = *count.lock().unwrap();
    println!("{count} conversations");
    assert!(count > 50, "only {count} conversations");
}
