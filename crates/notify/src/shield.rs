//! Threads to which no signal is delivered.
//!
//! A signal handler of the host program may run in any thread of the process. Perl's finds no
//! interpreter in a thread of ours and ends the process. The kernel prefers the main thread, but
//! that one blocks all signals for the moment in which it makes another thread.

use nix::sys::signal::{SigSet, SigmaskHow};

/// Runs code that starts a thread, which inherits the mask that is in force at its birth. Signals
/// that come meanwhile are delivered afterwards.
pub(crate) fn shielded<T>(start: impl FnOnce() -> T) -> T {
    // neither call can fail: both are given a whole set and a known way
    let before = SigSet::all().thread_swap_mask(SigmaskHow::SIG_SETMASK);
    let started = start();
    if let Ok(before) = before {
        let _ = before.thread_set_mask();
    }
    started
}

#[cfg(test)]
pub(crate) mod tests {
    /// The signals that a thread or process blocks, as its status file says.
    pub(crate) fn blocked(status: &str) -> u64 {
        let line = status.lines().find_map(|line| line.strip_prefix("SigBlk:"));
        u64::from_str_radix(line.unwrap().trim(), 16).unwrap()
    }

    /// SIGHUP, SIGINT, SIGUSR1, SIGUSR2, SIGALRM, SIGTERM and SIGCHLD.
    pub(crate) const USUAL: u64 = 0b1_0110_1010_0000_0011;
}
