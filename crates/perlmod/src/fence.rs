//! The one way in from Perl and the one way out to code that may die.
//!
//! [`enter`] runs a call: it catches every panic, drops every value and returns
//! a status; the C side throws afterwards. [`guarded`] runs a function of
//! `glue/guarded.c`: what dies in there comes back as an [`Error`].
//!
//! The interpreter is known per thread while a call runs, and only then: a
//! thread without one is refused.

pub(crate) mod native;

use std::cell::{Cell, RefCell};
use std::ffi::{c_char, c_int};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::ptr;
use std::sync::atomic::{AtomicBool, Ordering};

use crate::args::{Args, Returned, Thrown};
use crate::error::Error;
use crate::ffi::{self, Call, Export, Interpreter, Key, ReturnValue, SV, returns, status};
use crate::panics;
use crate::scalar::Scalar;

#[cfg(not(panic = "unwind"))]
compile_error!("perlmod turns panics into exceptions: it needs panic = \"unwind\"");

struct State {
    perl: Cell<*mut Interpreter>,
    call: Cell<*mut Call>,
    /// Counts guarded sections: pointers described before one are stale after it.
    generation: Cell<u64>,
    /// `exit`, or a jump to an outer eval, waits until Rust has returned.
    leaving: Cell<c_int>,
    /// There may be listed loans, a thrown object that an error keeps, or `leaving`.
    untidy: Cell<bool>,
    /// A value is being converted for Perl.
    serializing: Cell<bool>,
}

/// A scalar whose buffer or magic Rust has by reference, with a count.
struct Loan {
    call: *mut Call,
    sv: *mut SV,
    pinned: bool,
}

impl State {
    fn leave_with(&self, status: c_int) {
        self.leaving.set(status);
        self.untidy.set(true);
    }
}

impl Loan {
    fn new(state: &State, sv: *mut SV, pinned: bool) -> Self {
        let call = state.call.get();
        Self { call, sv, pinned }
    }
}

thread_local! {
    static STATE: State = const {
        State {
            perl: Cell::new(ptr::null_mut()),
            call: Cell::new(ptr::null_mut()),
            generation: Cell::new(0),
            leaving: Cell::new(status::OK),
            untidy: Cell::new(false),
            serializing: Cell::new(false),
        }
    };
    /// Loans that found no room in their calls.
    static LOANS: RefCell<Vec<Loan>> = const { RefCell::new(Vec::new()) };
}

/// The interpreter of the running call, if this thread has one.
pub(crate) fn try_perl() -> Option<*mut Interpreter> {
    let perl = STATE.try_with(|state| state.perl.get()).ok()?;
    (!perl.is_null()).then_some(perl)
}

/// The interpreter of the running call.
#[allow(
    clippy::panic,
    reason = "the only answer constructors of values can give"
)]
pub(crate) fn perl() -> *mut Interpreter {
    match try_perl() {
        Some(perl) => perl,
        None => panic!("perl is not available in this thread"),
    }
}

/// Makes `call` the running one, and the previous one again when dropped.
struct Frame<'a> {
    state: &'a State,
    perl: *mut Interpreter,
    call: *mut Call,
}

impl<'a> Frame<'a> {
    #[inline]
    fn new(state: &'a State, call: *mut Call, perl: *mut Interpreter) -> Self {
        Self {
            state,
            perl: state.perl.replace(perl),
            call: state.call.replace(call),
        }
    }

    #[cold]
    fn tidy(&self) {
        let (call, perl) = (self.state.call.get(), self.state.perl.get());
        LOANS.with_borrow_mut(|loans| {
            let first = loans.partition_point(|loan| loan.call != call);
            for loan in loans.drain(first..) {
                // SAFETY: the loan took this count
                unsafe { ffi::rp_release(perl, loan.sv) };
            }
        });
        if self.call.is_null() {
            Error::forget_raised();
            let leaving = self.state.leaving.get() != status::OK;
            self.state.untidy.set(leaving);
        }
    }
}

impl Drop for Frame<'_> {
    #[inline]
    fn drop(&mut self) {
        if self.state.untidy.get() {
            self.tidy();
        }
        self.state.perl.set(self.perl);
        self.state.call.set(self.call);
    }
}

/// Runs one call of an exported function; the result says how it ended.
#[inline]
pub fn enter(call: &mut Call, body: impl FnOnce(&Args) -> Result<Returned, Thrown>) -> c_int {
    let perl = call.perl;
    let args = Args::new(call);
    let call: *mut Call = call;
    STATE.with(|state| {
        let _frame = Frame::new(state, call, perl);
        match catch_unwind(AssertUnwindSafe(|| body(&args))) {
            Ok(Ok(returned)) if !state.untidy.get() => {
                hand_over(call, perl, returned);
                status::OK
            }
            result => leave(state, call, perl, result),
        }
    })
}

/// Turns what is no plain success into what the C side throws.
#[inline(never)]
fn leave(
    state: &State,
    call: *mut Call,
    perl: *mut Interpreter,
    result: std::thread::Result<Result<Returned, Thrown>>,
) -> c_int {
    let leaving = state.leaving.replace(status::OK);
    if leaving != status::OK {
        if let Err(payload) = result {
            panics::discard(payload);
        }
        return leaving;
    }
    let thrown = match result {
        Ok(Ok(returned)) => {
            hand_over(call, perl, returned);
            return status::OK;
        }
        Ok(Err(thrown)) => thrown,
        Err(payload) => match payload.downcast::<Raise>() {
            Ok(raise) => Thrown::error(&raise.0),
            Err(payload) => Thrown::Text(panics::exception(payload)),
        },
    };
    let error = match thrown {
        Thrown::Value(scalar) => scalar,
        Thrown::Text(text) => Scalar::new_string(&text),
    };
    // SAFETY: the caller lends the call for as long as this function runs
    unsafe { (*call).error = error.into_raw() };
    status::DIED
}

#[inline]
fn hand_over(call: *mut Call, perl: *mut Interpreter, returned: Returned) {
    let (kind, value) = match returned {
        Returned::Nothing => return,
        Returned::One(scalar) => {
            let sv = scalar.into_raw();
            (returns::SCALAR, ReturnValue { sv })
        }
        Returned::Int(int) => (returns::INT, ReturnValue { int }),
        Returned::Uint(uint) => (returns::UINT, ReturnValue { uint }),
        Returned::Float(float) => (returns::FLOAT, ReturnValue { float }),
        Returned::Many(list) => return push(call, perl, list),
    };
    // SAFETY: `enter` was lent the call for as long as it runs
    let call = unsafe { &mut *call };
    call.returns = kind;
    call.value = value;
}

fn push(call: *mut Call, perl: *mut Interpreter, list: Vec<Scalar>) {
    for scalar in list {
        // SAFETY: the arguments below are not looked at any more
        unsafe { ffi::rp_push(perl, call, scalar.into_raw()) };
    }
}

/// What [`raise`] unwinds with.
struct Raise(Error);

/// Ends the running call with an exception, for functions that return no error.
///
/// Every value is dropped on the way, as with a panic, but nobody is told of one.
pub fn raise(error: Error) -> ! {
    std::panic::resume_unwind(Box::new(Raise(error)))
}

/// The value, for functions that return no error.
pub(crate) fn or_raise<T>(result: Result<T, Error>) -> T {
    match result {
        Ok(value) => value,
        Err(err) => raise(err),
    }
}

/// Ends the running call with this exception.
pub(crate) fn throw(thrown: Scalar) -> ! {
    STATE.with(|state| state.untidy.set(true));
    raise(Error::raised(thrown))
}

/// As [`enter`]; what [`set_errno`](crate::error::set_errno) was told becomes `$!`.
pub fn enter_errno(call: &mut Call, body: impl FnOnce(&Args) -> Result<Returned, Thrown>) -> c_int {
    crate::error::forget_errno();
    let status = enter(call, body);
    call.errnum = crate::error::taken_errno().unwrap_or(-1);
    status
}

/// Runs `body` as part of a conversion for Perl.
#[inline]
pub(crate) fn serializing<R>(body: impl FnOnce() -> R) -> R {
    struct Reset<'a>(&'a Cell<bool>, bool);
    impl Drop for Reset<'_> {
        fn drop(&mut self) {
            self.0.set(self.1);
        }
    }
    STATE.with(|state| {
        let _reset = Reset(&state.serializing, state.serializing.replace(true));
        body()
    })
}

/// Whether a value is being converted for Perl in this thread.
pub(crate) fn is_serializing() -> bool {
    STATE.with(|state| state.serializing.get())
}

/// Runs a callback of perl's that cannot raise: panics end here.
pub(crate) fn shield(perl: *mut Interpreter, body: impl FnOnce()) {
    let mut call = empty_call(perl);
    STATE.with(|state| {
        let _frame = Frame::new(state, &mut call, perl);
        if let Err(payload) = catch_unwind(AssertUnwindSafe(body)) {
            panics::discard(payload);
        }
        // SAFETY: the call outlives its frame
        unsafe { ffi::rp_end_loans(perl, &mut call) };
    });
}

fn empty_call(perl: *mut Interpreter) -> Call {
    Call {
        perl,
        ax: 0,
        items: 0,
        count: 0,
        value: ReturnValue { int: 0 },
        returns: returns::STACK,
        lent_count: 0,
        lent_pinned: 0,
        lent: [ptr::null_mut(); ffi::LENT],
        error: ptr::null_mut(),
        restartop: ptr::null_mut(),
        restartjmpenv: ptr::null_mut(),
        pinned: 1,
        errnum: -1,
        cv: ptr::null_mut(),
    }
}

/// Notices that code of Perl's may have run.
pub(crate) struct Watch {
    state: *const State,
    seen: u64,
}

impl Watch {
    #[inline]
    pub(crate) fn new() -> Self {
        STATE.with(|state| Self {
            state: ptr::from_ref(state),
            seen: state.generation.get(),
        })
    }

    /// Whether none has run since this was made.
    #[inline]
    pub(crate) fn is_fresh(&self) -> bool {
        // SAFETY: a thread's state lives as long as the thread, which the pointer keeps this in
        let state = unsafe { &*self.state };
        state.generation.get() == self.seen
    }
}

/// Keeps a scalar in place until the running call ends.
pub(crate) fn lend(sv: *mut SV) {
    STATE.with(|state| {
        // SAFETY: the caller describes a live scalar
        let sv = unsafe { ffi::rp_hold(sv) };
        LOANS.with_borrow_mut(|loans| loans.push(Loan::new(state, sv, false)));
        state.untidy.set(true);
    });
}

/// Keeps a string's buffer in place until the running call ends, if that can be.
pub(crate) fn lend_buffer(sv: *mut SV) -> bool {
    let call = STATE.with(|state| state.call.get());
    // SAFETY: the running call, and a scalar that the caller has described
    match unsafe { ffi::rp_lend(call, sv) } {
        0 => return false,
        1 => {}
        _ => lend(sv),
    }
    true
}

/// Keeps a key that has no scalar in place until the running call ends, if that can be.
pub(crate) fn lend_key(key: &Key) -> bool {
    STATE.with(|state| {
        // SAFETY: the running call, and a key of a live hash
        unsafe { ffi::rp_lend_key(state.perl.get(), state.call.get(), key) != 0 }
    })
}

/// Whether a scalar is lent to the running call or to one around it.
pub(crate) fn is_lent(sv: *mut SV) -> bool {
    LOANS.with_borrow(|loans| loans.iter().any(|loan| loan.sv == sv))
}

/// Before code of Perl's runs: what Rust borrowed is made to outlast it.
fn pin(perl: *mut Interpreter, call: *mut Call) {
    // SAFETY: the call is the running one
    unsafe { ffi::rp_pin_arguments(perl, call) };
    // SAFETY: as above
    let call = unsafe { &mut *call };
    STATE.with(|state| {
        LOANS.with_borrow_mut(|loans| {
            let first = loans.iter().rposition(|loan| loan.pinned);
            let first = first.map_or(0, |last| last + 1);
            let (start, end) = (call.lent_pinned as usize, call.lent_count as usize);
            let lent = call.lent.get(start..end).unwrap_or_default();
            let listed = loans.iter().skip(first).map(|loan| loan.sv);
            for sv in listed.chain(lent.iter().copied()).collect::<Vec<_>>() {
                // SAFETY: the loan holds a count
                let keeper = unsafe { ffi::rp_pin_buffer(perl, sv) };
                if !keeper.is_null() {
                    loans.push(Loan::new(state, keeper, true));
                    state.untidy.set(true);
                }
            }
            loans
                .iter_mut()
                .skip(first)
                .for_each(|loan| loan.pinned = true);
            call.lent_pinned = call.lent_count;
        });
        state.generation.set(state.generation.get() + 1);
    });
}

/// Runs one function of `guarded.c`.
///
/// # Errors
/// What was thrown in there.
pub(crate) fn guarded(
    body: impl FnOnce(*mut Interpreter, *mut Call, *mut *mut SV) -> c_int,
) -> Result<(), Error> {
    let perl = perl();
    let (call, leaving) = STATE.with(|state| (state.call.get(), state.leaving.get()));
    if leaving != status::OK {
        return Error::fail("perl is leaving the running code");
    }
    pin(perl, call);
    let mut error = ptr::null_mut();
    match body(perl, call, &mut error) {
        status::OK => Ok(()),
        status::DIED => {
            STATE.with(|state| state.untidy.set(true));
            // SAFETY: the guard leaves a count of its own
            Err(Error::raised(unsafe { Scalar::from_raw_move(error) }))
        }
        other => {
            STATE.with(|state| state.leave_with(other));
            Error::fail("perl is leaving the running code")
        }
    }
}

/// Whether the running call's result is wanted as a list.
pub fn wantarray() -> bool {
    const G_LIST: c_int = 3;
    // SAFETY: there is a running call
    unsafe { ffi::rp_wants_list(perl()) == G_LIST }
}

/// A package as its module declares it.
pub struct Package {
    /// The exports of the module and of each of its parts.
    pub exports: &'static [&'static [Export]],
    /// What runs at the first bootstrap.
    pub boot: Option<Export>,
    /// It has run, and did not fail.
    pub booted: AtomicBool,
    /// Panics tell their place alone.
    pub location_only: bool,
}

/// Bootstraps a package in the interpreter that asks for it.
///
/// What goes wrong is thrown from this frame, which then holds no value.
pub fn boot(perl: *mut Interpreter, package: &Package) {
    let perl = if perl.is_null() {
        ptr::dangling_mut()
    } else {
        perl
    };
    // SAFETY: perl calls its boot function with its interpreter
    let refusal = unsafe { ffi::rp_check_perl(perl) };
    if !refusal.is_null() {
        return throw_text(perl, refusal);
    }
    if package.location_only {
        panics::location_only();
    }
    // the hook and threads' ends lead here for as long as the process lives
    ffi::rp_stay_loaded();
    panics::install_hook();
    let mut error = ptr::null_mut();
    if !install(perl, package, &mut error) {
        // SAFETY: the guard left a count of its own; nothing here needs a drop
        unsafe { ffi::rp_throw(perl, error) };
    }
}

fn throw_text(perl: *mut Interpreter, text: *const c_char) {
    // SAFETY: the text is static; nothing here needs a drop
    unsafe { ffi::rp_throw_text(perl, text) };
}

fn install(perl: *mut Interpreter, package: &Package, error: &mut *mut SV) -> bool {
    let mut call = empty_call(perl);
    for exports in package.exports {
        // SAFETY: exports are statics
        let status =
            unsafe { ffi::rp_install(perl, &mut call, exports.as_ptr(), exports.len(), error) };
        if status != status::OK {
            return false;
        }
    }
    let Some(boot) = &package.boot else {
        return true;
    };
    if package.booted.swap(true, Ordering::AcqRel) {
        return true;
    }
    // SAFETY: the package is a static
    let ended = unsafe { ffi::rp_run_boot(perl, &mut call, boot, error) };
    package.booted.store(ended == status::OK, Ordering::Release);
    ended == status::OK
}
