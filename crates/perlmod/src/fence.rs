//! The one way in from Perl and the one way out to code that may die.
//!
//! [`enter`] runs a call: it catches every panic, drops every value and returns
//! a status; the C side throws afterwards. [`guarded`] runs a function of
//! `glue/guarded.c`: what dies in there comes back as an [`Error`].
//!
//! The interpreter is known per thread while a call runs, and only then: a
//! thread without one is refused.

mod boot;
pub(crate) mod native;

use std::cell::{Cell, RefCell};
use std::ffi::c_int;
use std::mem::MaybeUninit;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::ptr;

pub use boot::{Package, boot};

use crate::args::{Args, Returned, Thrown};
use crate::error::Error;
use crate::ffi::{self, Call, Interpreter, Key, ReturnValue, SV, returns, status};
use crate::panics;
use crate::scalar::Scalar;
use crate::value::make::Perl;

#[cfg(not(panic = "unwind"))]
compile_error!("perlmod turns panics into exceptions: it needs panic = \"unwind\"");

#[repr(C)]
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

// `rp_state` has room for it, and is all zero at first
const _: () = assert!(size_of::<State>() <= 32 && align_of::<State>() <= 8 && status::OK == 0);

/// The running thread's state.
struct Here;

static STATE: Here = Here;

impl Here {
    #[inline]
    fn with<R>(&self, body: impl FnOnce(&State) -> R) -> R {
        // SAFETY: memory of this thread that lives as long as it does, and is a state
        body(unsafe { &*ffi::rp_thread_state().cast() })
    }
}

thread_local! {
    /// Loans that found no room in their calls.
    static LOANS: RefCell<Vec<Loan>> = const { RefCell::new(Vec::new()) };
}

/// The interpreter of the running call, if this thread has one.
pub(crate) fn try_perl() -> Option<*mut Interpreter> {
    let perl = STATE.with(|state| state.perl.get());
    (!perl.is_null()).then_some(perl)
}

/// The interpreter of the running call.
pub(crate) fn perl() -> *mut Interpreter {
    known(STATE.with(|state| state.perl.get()))
}

#[inline]
#[allow(
    clippy::panic,
    reason = "the only answer constructors of values can give"
)]
fn known(perl: *mut Interpreter) -> *mut Interpreter {
    assert!(!perl.is_null(), "perl is not available in this thread");
    perl
}

/// Makes `call` the running one, and the previous one again when dropped. All is
/// kept in the call itself, so that the way through it needs few registers.
struct Frame(*mut Call);

impl Frame {
    #[inline]
    fn new(call: &mut Call) -> Self {
        let frame = Self(call);
        let state = frame.state();
        call.outer_perl = state.perl.replace(call.perl);
        call.outer_call = state.call.replace(call);
        frame
    }

    #[inline]
    fn call(&self) -> &Call {
        // SAFETY: the call runs for longer than the frame lives
        unsafe { &*self.0 }
    }

    #[inline]
    fn state(&self) -> &State {
        // SAFETY: the C side gives each call the state of its thread
        unsafe { &*self.call().state.cast() }
    }

    #[cold]
    fn tidy(&self) {
        let (call, perl) = (self.0, self.call().perl);
        LOANS.with_borrow_mut(|loans| {
            let first = loans.partition_point(|loan| loan.call != call);
            for loan in loans.drain(first..) {
                // SAFETY: the loan took this count
                unsafe { ffi::rp_release(perl, loan.sv) };
            }
        });
        if self.call().outer_call.is_null() {
            Error::forget_raised();
            let leaving = self.state().leaving.get() != status::OK;
            self.state().untidy.set(leaving);
        }
    }
}

impl Drop for Frame {
    #[inline]
    fn drop(&mut self) {
        if self.state().untidy.get() {
            self.tidy();
        }
        let state = self.state();
        state.perl.set(self.call().outer_perl);
        state.call.set(self.call().outer_call);
    }
}

/// Runs one call of an exported function; the result says how it ended.
#[inline]
pub fn enter(call: &mut Call, body: impl FnOnce(&Args) -> Result<Returned, Thrown>) -> c_int {
    let args = Args::new(call);
    let frame = Frame::new(call);
    match catch_unwind(AssertUnwindSafe(|| body(&args))) {
        Ok(Ok(returned)) if !frame.state().untidy.get() => {
            hand_over(frame.0, returned);
            status::OK
        }
        result => leave(&frame, result),
    }
}

/// Turns what is no plain success into what the C side throws.
#[inline(never)]
fn leave(frame: &Frame, result: std::thread::Result<Result<Returned, Thrown>>) -> c_int {
    let leaving = frame.state().leaving.replace(status::OK);
    if leaving != status::OK {
        if let Err(payload) = result {
            panics::discard(payload);
        }
        return leaving;
    }
    let thrown = match result {
        Ok(Ok(returned)) => {
            hand_over(frame.0, returned);
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
        Thrown::Text(text) => Perl::of(frame.call().perl).string(&text),
    };
    // SAFETY: the caller lends the call for as long as this function runs
    unsafe { (*frame.0).error = error.into_raw() };
    status::DIED
}

#[inline]
fn hand_over(call: *mut Call, returned: Returned) {
    let (kind, value) = match returned {
        Returned::Nothing => return,
        Returned::One(scalar) => {
            let sv = scalar.into_raw();
            (returns::SCALAR, ReturnValue { sv })
        }
        Returned::Int(int) => (returns::INT, ReturnValue { int }),
        Returned::Uint(uint) => (returns::UINT, ReturnValue { uint }),
        Returned::Float(float) => (returns::FLOAT, ReturnValue { float }),
        Returned::Many(list) => return push(call, list),
    };
    // SAFETY: `enter` was lent the call for as long as it runs
    let call = unsafe { &mut *call };
    call.returns = kind;
    call.value = value;
}

fn push(call: *mut Call, list: Vec<Scalar>) {
    // SAFETY: as above
    let perl = unsafe { (*call).perl };
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

impl State {
    #[inline]
    fn serializing<R>(&self, body: impl FnOnce(*mut Interpreter) -> R) -> R {
        struct Reset<'a>(&'a Cell<bool>, bool);
        impl Drop for Reset<'_> {
            fn drop(&mut self) {
                self.0.set(self.1);
            }
        }
        let _reset = Reset(&self.serializing, self.serializing.replace(true));
        body(known(self.perl.get()))
    }
}

/// Runs `body`, with the interpreter of the running call, as part of a conversion
/// for Perl.
pub(crate) fn serializing<R>(body: impl FnOnce(*mut Interpreter) -> R) -> R {
    STATE.with(|state| state.serializing(body))
}

/// The same for the running call, which is known.
#[inline]
pub(crate) fn serializing_in<R>(call: &Call, body: impl FnOnce(*mut Interpreter) -> R) -> R {
    // SAFETY: the C side gives each call the state of its thread
    unsafe { &*call.state.cast::<State>() }.serializing(body)
}

/// Whether a value is being converted for Perl in this thread.
pub(crate) fn is_serializing() -> bool {
    STATE.with(|state| state.serializing.get())
}

/// Runs a callback of perl's that cannot raise: panics end here.
pub(crate) fn shield(perl: *mut Interpreter, body: impl FnOnce()) {
    let mut call = empty_call(perl);
    let frame = Frame::new(&mut call);
    if let Err(payload) = catch_unwind(AssertUnwindSafe(body)) {
        panics::discard(payload);
    }
    // SAFETY: the call outlives its frame
    unsafe { ffi::rp_end_loans(perl, frame.0) };
}

fn empty_call(perl: *mut Interpreter) -> Call {
    Call {
        perl,
        state: ffi::rp_thread_state(),
        outer_perl: ptr::null_mut(),
        outer_call: ptr::null_mut(),
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
        pairs_used: Cell::new(0),
        // C fills in only what belongs to a value's kind
        pairs: [const { MaybeUninit::zeroed() }; ffi::PAIRS],
    }
}

/// Notices that code of Perl's may have run.
#[derive(Clone, Copy)]
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

    /// The interpreter of the running call, and that call.
    #[inline]
    pub(crate) fn running(&self) -> (*mut Interpreter, *mut Call) {
        // SAFETY: as below
        let state = unsafe { &*self.state };
        (known(state.perl.get()), state.call.get())
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
