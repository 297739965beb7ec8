//! A server whose every word is the fuzzer's.

use std::io::{Read, Write};
use std::net::{Shutdown, TcpListener};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::Duration;

/// Says the same to whoever connects, then listens until the other side has gone.
pub struct Peer {
    /// Where it listens, on 127.0.0.1.
    pub port: u16,
    words: Arc<Mutex<Vec<u8>>>,
}

impl Peer {
    /// Starts it; it lives as long as the process.
    pub fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let port = listener.local_addr().expect("an address").port();
        let words = Arc::new(Mutex::new(Vec::new()));
        let said = Arc::clone(&words);
        thread::spawn(move || {
            for stream in listener.incoming() {
                let Ok(mut stream) = stream else { continue };
                let words = said.lock().unwrap_or_else(PoisonError::into_inner).clone();
                // whoever has gone before the end has heard enough
                let _ = stream.set_read_timeout(Some(Duration::from_secs(5)));
                let _ = stream.write_all(&words);
                let _ = stream.shutdown(Shutdown::Write);
                while matches!(stream.read(&mut [0; 4096]), Ok(1..)) {}
            }
        });
        Self { port, words }
    }

    /// What it says from now on.
    pub fn says(&self, words: &[u8]) {
        let mut said = self.words.lock().unwrap_or_else(PoisonError::into_inner);
        words.clone_into(&mut said);
    }
}
