//! An interpreter in the test's own process, for the time of one test.

use std::any::Any;
use std::cell::RefCell;
use std::ffi::{c_char, c_int};
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::ptr;
use std::sync::{Mutex, Once, PoisonError};

use perlmod::__private__::{CV, Interpreter};
use perlmod::perl_fn;

type Body = Box<dyn FnOnce()>;

thread_local! {
    static BODY: RefCell<Option<Body>> = const { RefCell::new(None) };
    static FAILURE: RefCell<Option<Box<dyn Any + Send>>> = const { RefCell::new(None) };
}

unsafe extern "C" {
    fn Perl_sys_init3(argc: *mut c_int, argv: *mut *mut *mut c_char, env: *mut *mut *mut c_char);
    fn perl_alloc() -> *mut Interpreter;
    fn perl_construct(perl: *mut Interpreter);
    fn perl_parse(
        perl: *mut Interpreter,
        init: extern "C" fn(*mut Interpreter),
        argc: c_int,
        argv: *mut *mut c_char,
        env: *mut *mut c_char,
    ) -> c_int;
    fn perl_run(perl: *mut Interpreter) -> c_int;
    fn perl_destruct(perl: *mut Interpreter) -> c_int;
    fn perl_free(perl: *mut Interpreter);
}

#[cfg(perlmod_threads)]
unsafe extern "C" {
    fn Perl_newXS(
        perl: *mut Interpreter,
        name: *const c_char,
        sub: perl_fn!(extern "C" fn(*mut CV)),
        file: *const c_char,
    ) -> *mut CV;
}

#[cfg(not(perlmod_threads))]
unsafe extern "C" {
    fn Perl_newXS(
        name: *const c_char,
        sub: perl_fn!(extern "C" fn(*mut CV)),
        file: *const c_char,
    ) -> *mut CV;
}

extern "C" fn init(perl: *mut Interpreter) {
    let (name, file) = (c"Embedded::bootstrap".as_ptr(), c"embedded".as_ptr());
    #[cfg(perlmod_threads)]
    // SAFETY: perl asks for this while it starts; the texts are static
    unsafe {
        Perl_newXS(perl, name, package::boot_Embedded, file);
    }
    #[cfg(not(perlmod_threads))]
    // SAFETY: perl asks for this while it starts; the texts are static
    unsafe {
        let _ = perl;
        Perl_newXS(name, package::boot_Embedded, file);
    }
}

#[perlmod::package(name = "Embedded", lib = "embedded")]
mod package {
    use perlmod::Value;

    #[export]
    fn run() {
        super::run();
    }

    /// What a test of conversions wants from Perl's side.
    #[export(raw_return)]
    fn same(#[raw] value: Value) -> Value {
        value
    }
}

fn run() {
    let Some(body) = BODY.take() else { return };
    if let Err(payload) = catch_unwind(AssertUnwindSafe(body)) {
        FAILURE.set(Some(payload));
    }
}

/// Runs a test inside a call from a fresh interpreter, which then ends.
pub fn with(body: impl FnOnce() + 'static) {
    static ONE: Mutex<()> = Mutex::new(());
    static START: Once = Once::new();
    let _one = ONE.lock().unwrap_or_else(PoisonError::into_inner);
    let mut program = [
        c"embedded".as_ptr().cast_mut(),
        c"-e".as_ptr().cast_mut(),
        c"Embedded::bootstrap(); Embedded::run();"
            .as_ptr()
            .cast_mut(),
        ptr::null_mut(),
    ];
    START.call_once(|| {
        let (mut argc, mut argv, mut env) = (0, ptr::null_mut(), ptr::null_mut());
        // SAFETY: once, before the first interpreter
        unsafe { Perl_sys_init3(&mut argc, &mut argv, &mut env) };
    });
    BODY.set(Some(Box::new(body)));
    // SAFETY: the functions of perlembed in their order, one interpreter at a time
    unsafe {
        let perl = perl_alloc();
        perl_construct(perl);
        let parsed = perl_parse(perl, init, 3, program.as_mut_ptr(), ptr::null_mut());
        assert_eq!(parsed, 0, "perl starts");
        assert_eq!(perl_run(perl), 0, "the program ends well");
        perl_destruct(perl);
        perl_free(perl);
    }
    assert!(BODY.take().is_none(), "the test has run");
    if let Some(payload) = FAILURE.take() {
        resume_unwind(payload);
    }
}
