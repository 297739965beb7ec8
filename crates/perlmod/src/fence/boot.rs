//! What happens when a package is loaded.

use std::ffi::c_char;
use std::ptr;
use std::sync::atomic::{AtomicBool, Ordering};

use super::empty_call;
use crate::ffi::{self, Export, Interpreter, SV, status};
use crate::panics;

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
