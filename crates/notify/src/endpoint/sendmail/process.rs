//! Runs a program to its end, or to a deadline: its exit status and the beginning of its error output.

use std::fs::File;
use std::io::{ErrorKind, Read};
use std::os::unix::process::ExitStatusExt;
use std::process::ExitStatus;
use std::time::Duration;

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::io::Errno;
use rustix::process::{
    Pid, PidfdFlags, Signal, WaitOptions, kill_process_group, pidfd_open, waitpid,
};

use super::start::Started;
use crate::Deadline;

/// How much of the error output is kept, in bytes.
const MAX_SAID: usize = 2048;
/// How long a killed program may take to end. One that hangs in the kernel longer than that, as on a
/// dead network disk, is left to the host program, which may reap it: nothing can hurry it, and a thread
/// that waited for it would outlive the call.
const GRACE: Duration = Duration::from_millis(300);

/// How the program ended.
pub(super) enum End {
    Exited(ExitStatus, String),
    Late,
    /// Somebody else has taken its exit status.
    Lost(std::io::Error),
}

/// Waits for the end of the program, not for that of what it may have left running.
pub(super) fn run(program: Started, deadline: Deadline) -> End {
    let pid = program.pid;
    let mut said = Vec::new();
    let mut output = Some(program.says);
    let end = watch(pid, &mut output, &mut said, deadline);
    match end {
        Ok(true) => {
            // what came before its end and was not read yet
            if let Some(output) = &mut output {
                drain(output, &mut said);
            }
            match wait(pid) {
                Ok(status) => End::Exited(status, shown(&said)),
                Err(error) => End::Lost(error),
            }
        }
        Ok(false) => {
            kill(pid);
            End::Late
        }
        // it is gone already, and its number may be another's
        Err(Errno::SRCH) => End::Lost(Errno::SRCH.into()),
        Err(error) => {
            kill(pid);
            End::Lost(error.into())
        }
    }
}

/// Whether it ended before the deadline.
fn watch(
    pid: Pid,
    output: &mut Option<File>,
    said: &mut Vec<u8>,
    deadline: Deadline,
) -> Result<bool, Errno> {
    let ended = pidfd_open(pid, PidfdFlags::empty())?;
    while let Some(left) = deadline.left() {
        let mut files = vec![PollFd::new(&ended, PollFlags::IN)];
        if let Some(output) = output.as_ref() {
            files.push(PollFd::new(output, PollFlags::IN));
        }
        let left = Timespec::try_from(left).map_err(|_| Errno::INVAL)?;
        match poll(&mut files, Some(&left)) {
            Ok(_) | Err(Errno::INTR) => {}
            Err(error) => return Err(error),
        }
        let happened = |index: usize| files.get(index).is_some_and(|f| !f.revents().is_empty());
        let (has_ended, has_output) = (happened(0), happened(1));
        drop(files);
        if has_ended {
            return Ok(true);
        }
        if has_output && !output.as_mut().is_some_and(|output| take(output, said)) {
            *output = None;
        }
    }
    Ok(false)
}

/// Reads once and keeps what there is room for; false at the end.
fn take(output: &mut File, said: &mut Vec<u8>) -> bool {
    let mut buffer = [0; 4096];
    match output.read(&mut buffer) {
        Ok(0) => false,
        Ok(count) => {
            let room = MAX_SAID.saturating_sub(said.len()).min(count);
            said.extend_from_slice(buffer.get(..room).unwrap_or_default());
            true
        }
        Err(error) => error.kind() == ErrorKind::Interrupted,
    }
}

/// Reads what is there without waiting for more.
fn drain(output: &mut File, said: &mut Vec<u8>) {
    while said.len() < MAX_SAID {
        let mut files = [PollFd::new(output, PollFlags::IN)];
        let now = Timespec::default();
        if !matches!(poll(&mut files, Some(&now)), Ok(count) if count > 0) || !take(output, said) {
            return;
        }
    }
}

fn kill(pid: Pid) {
    // it was not waited for yet, so that its number is still its own
    let _ = kill_process_group(pid, Signal::KILL);
    let end = Deadline::after(GRACE);
    if matches!(watch(pid, &mut None, &mut Vec::new(), end), Ok(true)) {
        let _ = wait(pid);
    }
}

/// Takes the exit status of a program that has ended.
fn wait(pid: Pid) -> std::io::Result<ExitStatus> {
    loop {
        match waitpid(Some(pid), WaitOptions::empty()) {
            Ok(Some((_, status))) => return Ok(ExitStatus::from_raw(status.as_raw())),
            Ok(None) | Err(Errno::INTR) => {}
            Err(error) => return Err(error.into()),
        }
    }
}

/// The error output as one line.
fn shown(said: &[u8]) -> String {
    let text = String::from_utf8_lossy(said);
    let words: Vec<String> = text
        .split_whitespace()
        .map(|word| word.replace(char::is_control, ""))
        .collect();
    words.join(" ")
}
