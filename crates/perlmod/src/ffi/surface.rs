//! The functions of `glue/surface.c`, with the loops around them.

use std::ffi::{c_char, c_int};
use std::ptr;

use super::{CV, Call, Export, Interpreter, MAGIC, MGVTBL, SV};
use crate::error::Error;
use crate::fence;
use crate::value::Scalar;

glue! {
    fn rp_number(call: *mut Call, sv: *mut SV, out: *mut f64, error: *mut *mut SV) -> c_int;
    fn rp_string(call: *mut Call, sv: *mut SV, out: *mut *mut SV, error: *mut *mut SV) -> c_int;
    fn rp_reftype(sv: *mut SV, blessed: c_int) -> *mut SV;
    fn rp_is_a(
        call: *mut Call, sv: *mut SV, class: *const u8, len: usize, found: *mut c_int,
        error: *mut *mut SV,
    ) -> c_int;
    fn rp_container(
        call: *mut Call, op: c_int, sv: *mut SV, index: *mut isize, other: *mut *mut SV,
        out: *mut *mut SV, found: *mut c_int, error: *mut *mut SV,
    ) -> c_int;
    fn rp_main_stash() -> *mut SV;
    fn rp_magic_add_raw(
        sv: *mut SV, obj: *mut SV, kind: c_int, vtbl: *const MGVTBL, name: *const c_char, len: i32,
    );
    fn rp_magic_find_raw(sv: *mut SV, kind: c_int, vtbl: *const MGVTBL) -> *mut MAGIC;
    fn rp_magic_remove(
        call: *mut Call, sv: *mut SV, kind: c_int, vtbl: *const MGVTBL, error: *mut *mut SV,
    ) -> c_int;
    fn rp_new_sub(
        sub: perl_fn!(extern "C" fn(*mut CV)),
        begin: extern "C" fn(&mut Call),
        end: extern "C" fn(&mut Call) -> c_int,
    ) -> *mut SV;
    fn rp_pop_mark() -> isize;
    fn rp_stack_count(mark: isize) -> isize;
    fn rp_stack_get(at: isize) -> *mut SV;
    fn rp_stack_set(mark: isize);
    fn rp_stack_push(sv: *mut SV);
    fn rp_croak(sv: *mut SV) -> !;
    fn rp_block_begin();
    fn rp_block_end(call: *mut Call) -> c_int;
    fn rp_run_export(cv: *mut CV, export: *const Export);
}

unsafe extern "C" {
    pub(crate) fn rp_svtype(sv: *const SV) -> c_int;
    safe fn rp_magic_ext() -> c_int;
    safe fn rp_set_errno(number: c_int);
}

/// The letter of magic that extensions attach.
pub(crate) fn magic_ext() -> c_int {
    rp_magic_ext()
}

/// Sets libc's error number to [`get_errno`](crate::error::get_errno)'s.
///
/// # Safety
/// None is needed; the signature says that libc's number changes under others.
pub unsafe fn copy_errno_to_libc() {
    rp_set_errno(crate::error::get_errno());
}

/// What the symbol of an exported function does.
#[allow(
    clippy::not_unsafe_ptr_arg_deref,
    reason = "called by expanded code alone, with what perl passed"
)]
pub fn run_export(perl: *mut Interpreter, cv: *mut CV, export: &'static Export) {
    // SAFETY: perl calls the symbol with its interpreter and the sub
    unsafe { rp_run_export(perl, cv, export) };
}

/// One step on an array or hash; mirrored in `glue/surface.c`.
#[derive(Clone, Copy)]
pub(crate) enum Step {
    ArrayLen,
    ArrayGet,
    ArraySet,
    ArrayPop,
    ArrayDelete,
    HashGet,
    HashSet,
    HashExists,
    HashDelete,
    HashFirst,
    HashNext,
}

/// What a step on a container takes and gives.
pub(crate) struct Done {
    pub(crate) index: usize,
    pub(crate) key: Option<Scalar>,
    pub(crate) value: Option<Scalar>,
    pub(crate) found: bool,
}

/// Does one step, which may run code of Perl's.
///
/// # Errors
/// What was thrown.
pub(crate) fn step(
    step: Step,
    container: &crate::value::ScalarRef,
    index: usize,
    key: Option<&crate::value::ScalarRef>,
    value: Option<&crate::value::ScalarRef>,
) -> Result<Done, Error> {
    let raw = |scalar: Option<&crate::value::ScalarRef>| {
        scalar.map_or(ptr::null_mut(), crate::value::ScalarRef::as_raw)
    };
    let Ok(mut position) = isize::try_from(index) else {
        return Error::fail("index is too large");
    };
    let (mut other, mut out, mut found) = match step {
        Step::ArraySet => (raw(value), ptr::null_mut(), 0),
        _ => (raw(key), raw(value), 0),
    };
    fence::guarded(|perl, call, error| {
        // SAFETY: all live for the caller's borrows
        unsafe {
            rp_container(
                perl,
                call,
                step as c_int,
                container.as_raw(),
                &mut position,
                &mut other,
                &mut out,
                &mut found,
                error,
            )
        }
    })?;
    let owned = |sv: *mut SV, is_new: bool| {
        // SAFETY: the step returned a count
        (is_new && !sv.is_null()).then(|| unsafe { Scalar::from_raw_move(sv) })
    };
    Ok(Done {
        index: position.unsigned_abs(),
        key: owned(other, matches!(step, Step::HashNext)),
        value: owned(out, !matches!(step, Step::ArraySet | Step::HashSet)),
        found: found != 0,
    })
}
