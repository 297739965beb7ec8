//! What tests ask about the process, and calls from where there is no perl.

#[perlmod::package(name = "PerlmodTest::Probe", lib = "perlmod_test")]
mod export {
    use std::cell::RefCell;
    use std::panic::catch_unwind;

    use perlmod::ffi::{AV, SV};
    use perlmod::ser::Return;
    use perlmod::{Array, Scalar, Value};

    use crate::counted::Counted;

    unsafe extern "C" {
        safe fn perlmod_test_sv_count() -> isize;
        fn perlmod_test_full_stack(sub: *mut SV, returned: *mut AV) -> isize;
    }

    thread_local! {
        static KEPT: RefCell<Vec<Scalar>> = const { RefCell::new(Vec::new()) };
    }

    /// The number of scalars in this interpreter.
    #[export]
    fn sv_count() -> isize {
        perlmod_test_sv_count()
    }

    /// As many numbers, as a list.
    #[export]
    fn list(count: Option<u32>) -> Return<(), Vec<u32>> {
        Return::List((0..count.unwrap_or(5000)).collect())
    }

    /// Calls a sub while perl's stack is full but for one: how many of the values
    /// it returned lie beyond the stack's end, and these values.
    #[export(raw_return)]
    fn full_stack(#[raw] sub: Value) -> (Value, Value) {
        let returned = Array::new();
        // SAFETY: both live; an exception ends in there
        let beyond = unsafe { perlmod_test_full_stack(sub.as_raw(), returned.av()) };
        (Value::new_int(beyond), Value::new_ref(&returned))
    }

    /// Keeps a hold on a value until this thread ends, which is after its interpreter has.
    #[export]
    fn keep(#[raw] value: Value) {
        KEPT.with_borrow_mut(|kept| kept.push(value.into_scalar()));
    }

    /// What each use of perl says in a thread that perl does not know.
    #[export]
    fn without_perl() -> Vec<String> {
        let uses: [(&str, fn()); 6] = [
            ("scalar", || drop(Scalar::new_int(1))),
            ("string", || drop(Value::new_string("text"))),
            ("hash", || drop(Value::new_hash())),
            ("to_value", || drop(perlmod::to_value(&[1, 2]))),
            ("bless", || {
                drop(Value::new_undef().bless("Some::Class"));
            }),
            ("wantarray", || {
                perlmod::wantarray();
            }),
        ];
        let thread = std::thread::spawn(move || {
            uses.map(|(name, run)| match catch_unwind(run) {
                Ok(()) => format!("{name}: worked"),
                Err(payload) => match payload.downcast_ref::<&str>() {
                    Some(text) => format!("{name}: {text}"),
                    None => format!("{name}: another panic"),
                },
            })
            .to_vec()
        });
        thread
            .join()
            .unwrap_or_else(|_| vec!["thread panicked".to_string()])
    }

    /// A pure Rust thread may work with what has been converted.
    #[export]
    fn in_thread(text: Counted) -> String {
        std::thread::spawn(move || text.0.to_uppercase())
            .join()
            .unwrap_or_default()
    }

    /// The sum of a list, which may be long.
    #[export]
    fn sum(numbers: Vec<i64>) -> i64 {
        numbers.iter().sum()
    }

    /// The number of bytes of a text.
    #[export]
    fn length(text: &str) -> usize {
        text.len()
    }

    /// A text of so many characters.
    #[export]
    fn repeat(text: &str, count: usize) -> String {
        text.repeat(count)
    }

    /// As many numbers.
    #[export]
    fn numbers(count: u32) -> Vec<u32> {
        (0..count).collect()
    }
}
