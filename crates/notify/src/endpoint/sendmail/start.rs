//! Starts a program that inherits nothing from this process but what it is given: files 0, 1 and 2,
//! the root folder, a process group of its own and the usual signals.
//!
//! Files of ours close themselves when a program starts. Those that the host program, or whoever has
//! started it, left open need not, and std's `Command` hands them on.

use std::collections::BTreeSet;
use std::ffi::CString;
use std::fmt::Display;
use std::fs::{self, File};
use std::io;
use std::os::fd::{AsRawFd, OwnedFd, RawFd};
use std::os::unix::ffi::OsStrExt;
use std::panic::resume_unwind;
use std::path::Path;
use std::process;
use std::sync::atomic::{AtomicU32, Ordering};
use std::thread;
use std::time::Duration;

use nix::sched::{CloneFlags, unshare};
use nix::spawn::{PosixSpawnAttr, PosixSpawnFileActions, PosixSpawnFlags, posix_spawn};
use nix::sys::signal::{SigSet, Signal};
use rustix::io::{Errno, fcntl_dupfd_cloexec};
use rustix::pipe::{PipeFlags, pipe_with};
use rustix::process::{Pid, Resource, getrlimit, setrlimit};

use crate::pool::callers_mask;
use crate::shield::shielded;

/// Numbers of files that are closed although nothing has them: another thread may open a file while
/// the program starts, and the system gives it the lowest number that is free.
const MARGIN: usize = 32;

const ENVIRONMENT: [&str; 2] = ["PATH=/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL=C"];

/// A program that runs and has to be waited for.
pub(super) struct Started {
    pub pid: Pid,
    /// Its error output.
    pub says: File,
}

/// Why it did not start.
#[derive(Debug)]
pub(super) enum Fault {
    /// The system did not run this program.
    Program(io::Error),
    /// Something else of this machine that is needed for a start.
    Machine(io::Error),
}

/// All but the last step is about the machine.
impl<E: Into<io::Error>> From<E> for Fault {
    fn from(error: E) -> Self {
        Self::Machine(error.into())
    }
}

/// Starts it with this input, no output, and a pipe for its error output.
pub(super) fn start(
    program: &Path,
    arguments: &[String],
    input: OwnedFd,
) -> Result<Started, Fault> {
    start_without_output(Path::new("/dev/null"), program, arguments, input)
}

/// The same with this file in the place of `/dev/null`.
fn start_without_output(
    null: &Path,
    program: &Path,
    arguments: &[String],
    input: OwnedFd,
) -> Result<Started, Fault> {
    let (says, output) = pipe_with(PipeFlags::CLOEXEC)?;
    let opened = File::options().write(true).open(null);
    let null = opened.map_err(|error| within(&null.display(), &error))?;
    let given = [
        at_least(3, input)?,
        at_least(3, null.into())?,
        at_least(3, output)?,
    ];
    let mut words = vec![CString::new(program.as_os_str().as_bytes())?];
    for argument in arguments {
        words.push(CString::new(argument.as_str())?);
    }
    let mask = callers_mask();
    let pid = in_root_folder(|| spawn(&words, &given, &mask))?;
    let pid = Pid::from_raw(pid.as_raw()).ok_or(io::ErrorKind::Other)?;
    let says = says.into();
    Ok(Started { pid, says })
}

/// The same file with this number or a higher one: none must be in the way of another one's place.
fn at_least(number: RawFd, file: OwnedFd) -> io::Result<OwnedFd> {
    if file.as_raw_fd() >= number {
        return Ok(file);
    }
    Ok(fcntl_dupfd_cloexec(file, number)?)
}

/// Calls the function in a thread with a working directory of its own, the root: that of this process
/// is the host program's, and may be on a disk that has to be unmounted or gone already. Where the
/// system refuses that, the program starts where the host program is.
fn in_root_folder<T: Send>(function: impl Fn() -> T + Sync) -> T {
    let job = || {
        if unshare(CloneFlags::CLONE_FS).is_ok() {
            let _ = std::env::set_current_dir("/");
        }
        function()
    };
    let done = thread::scope(|scope| {
        let thread = thread::Builder::new().name("notify".to_owned());
        let thread = shielded(|| thread.spawn_scoped(scope, job)).ok()?;
        Some(thread.join().unwrap_or_else(|panic| resume_unwind(panic)))
    });
    done.unwrap_or_else(function)
}

fn spawn(
    words: &[CString],
    given: &[OwnedFd; 3],
    mask: &SigSet,
) -> Result<nix::unistd::Pid, Fault> {
    let (program, environment) = (
        words.first().ok_or(io::ErrorKind::InvalidInput)?,
        environment()?,
    );
    let mut attributes = PosixSpawnAttr::init()?;
    attributes.set_flags(
        PosixSpawnFlags::POSIX_SPAWN_SETPGROUP
            | PosixSpawnFlags::POSIX_SPAWN_SETSIGMASK
            | PosixSpawnFlags::POSIX_SPAWN_SETSIGDEF,
    )?;
    attributes.set_pgroup(nix::unistd::Pid::from_raw(0))?;
    attributes.set_sigmask(mask)?;
    // a handler does not outlive the start of a program, but ignoring does
    attributes.set_sigdefault(&SigSet::from(Signal::SIGPIPE))?;
    let mut files = PosixSpawnFileActions::init()?;
    for (number, file) in (0..).zip(given) {
        files.add_dup2(file.as_raw_fd(), number)?;
    }
    close_all(&mut files, &open_files()?)?;
    posix_spawn(program.as_c_str(), &files, &attributes, words, &environment)
        .map_err(|error| Fault::Program(error.into()))
}

/// The same error with the file or folder that it is about.
fn within(path: &dyn Display, error: &io::Error) -> io::Error {
    io::Error::new(error.kind(), format!("{path}: {error}"))
}

fn environment() -> io::Result<Vec<CString>> {
    let all = ENVIRONMENT.into_iter().map(CString::new);
    Ok(all.collect::<Result<_, _>>()?)
}

/// The numbers of this process's files; one of them may be that of the list itself.
fn open_files() -> io::Result<BTreeSet<RawFd>> {
    let folder = "/proc/thread-self/fd";
    let wrong = |error: io::Error| within(&folder, &error);
    let mut numbers = BTreeSet::new();
    for entry in fs::read_dir(folder).map_err(wrong)? {
        let name = entry.map_err(wrong)?.file_name();
        numbers.extend(name.to_str().and_then(|name| name.parse::<RawFd>().ok()));
    }
    Ok(numbers)
}

/// Adds what closes all that is open and the lowest numbers that are free. Closing what is not open is no
/// error, below the limit of open files.
fn close_all(files: &mut PosixSpawnFileActions, open: &BTreeSet<RawFd>) -> io::Result<()> {
    let _turn = Turn::take();
    let limit = getrlimit(Resource::Nofile);
    let mut add = || {
        let all = to_close(open, limit.current.unwrap_or(u64::MAX));
        all.into_iter()
            .try_for_each(|number| files.add_close(number))
    };
    let highest = open.last().map_or(0, |&number| size(number));
    if limit.current.is_none_or(|limit| highest < limit) {
        return Ok(add()?);
    }
    // it was lowered after a file was opened, and the C library adds no action for such a file, silently
    let above = |error: Errno| {
        let text =
            format!("file {highest} of this process is above its limit of open files: {error}");
        io::Error::other(text)
    };
    let mut more = limit;
    more.current = Some(highest + 1);
    setrlimit(Resource::Nofile, more).map_err(above)?;
    let added = add();
    setrlimit(Resource::Nofile, limit).map_err(above)?;
    Ok(added?)
}

/// One thread at a time changes the limit. This is no mutex: a process that is forked while another thread
/// has that would wait for ever, as nobody in it gives it back.
struct Turn;

/// The process whose thread has the turn; 0: nobody.
static HOLDER: AtomicU32 = AtomicU32::new(0);

impl Turn {
    fn take() -> Self {
        let own = process::id();
        let mut known = 0;
        loop {
            match HOLDER.compare_exchange(known, own, Ordering::Acquire, Ordering::Relaxed) {
                Ok(_) => return Self,
                // a moment, as nothing waits while it has the turn
                Err(holder) if holder == own => {
                    known = 0;
                    thread::sleep(Duration::from_micros(50));
                }
                // free again, or a thread of the process that this one was forked from
                Err(holder) => known = holder,
            }
        }
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        HOLDER.store(0, Ordering::Release);
    }
}

/// As many numbers as there are open files and a few more, however many files the process may have.
fn to_close(open: &BTreeSet<RawFd>, limit: u64) -> Vec<RawFd> {
    let free = (3..).take_while(|&number| size(number) < limit);
    let free = free.filter(|number| !open.contains(number)).take(MARGIN);
    open.iter()
        .copied()
        .filter(|&number| number > 2)
        .chain(free)
        .collect()
}

fn size(number: RawFd) -> u64 {
    u64::try_from(number).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_cost_by_their_count_not_by_their_numbers_or_the_limit() {
        let open = BTreeSet::from([0, 1, 2, 4, 900_000]);
        let numbers = to_close(&open, 1_000_000);
        assert_eq!(numbers.len(), 2 + MARGIN);
        assert_eq!(numbers[..6], [4, 900_000, 3, 5, 6, 7]);
        // closing a free number that the limit excludes would be an error
        assert_eq!(to_close(&open, 6), [4, 900_000, 3, 5]);
    }

    #[test]
    fn the_turn_of_a_process_that_this_one_was_forked_from_is_nobodys() {
        let turn = Turn::take();
        assert_eq!(HOLDER.load(Ordering::Relaxed), process::id());
        // as a child finds it that was forked now
        HOLDER.store(process::id() + 1, Ordering::Relaxed);
        thread::scope(|scope| {
            for _ in 0..4 {
                scope.spawn(|| drop(Turn::take()));
            }
        });
        drop(turn);
        assert_eq!(HOLDER.load(Ordering::Relaxed), 0);
    }

    #[test]
    fn a_file_moves_out_of_the_way() {
        let null = || OwnedFd::from(File::open("/dev/null").unwrap());
        let number = null().as_raw_fd();
        assert!(at_least(number + 500, null()).unwrap().as_raw_fd() >= number + 500);
        let high = at_least(600, null()).unwrap();
        let number = high.as_raw_fd();
        assert_eq!(at_least(3, high).unwrap().as_raw_fd(), number);
    }

    #[test]
    fn a_program_that_cannot_be_started_leaves_its_error() {
        let input = || File::open("/dev/null").unwrap().into();
        for (program, kind) in [
            ("/nowhere/sendmail", io::ErrorKind::NotFound),
            ("/proc/version", io::ErrorKind::PermissionDenied),
        ] {
            let fault = start(Path::new(program), &[], input()).err().unwrap();
            let Fault::Program(error) = fault else {
                panic!("{fault:?}");
            };
            assert_eq!(error.kind(), kind, "{error}");
        }
        let start = |null: &str, argument: &str| {
            let (null, program) = (Path::new(null), Path::new("/bin/true"));
            let fault = start_without_output(null, program, &[argument.to_owned()], input());
            match fault.err().unwrap() {
                Fault::Machine(error) => (error.kind(), error.to_string()),
                Fault::Program(error) => panic!("{error} is not the program's"),
            }
        };
        let (kind, _) = start("/dev/null", "a\0b");
        assert_eq!(kind, io::ErrorKind::InvalidInput);
        let (kind, text) = start("/nowhere/null", "a");
        assert_eq!(kind, io::ErrorKind::NotFound);
        assert!(text.starts_with("/nowhere/null: "), "{text}");
    }
}
