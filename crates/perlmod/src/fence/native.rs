//! Hand-written subs, which perl calls without the fence, and blocks.
//!
//! For as long as such a sub runs the thread knows its interpreter; perl's
//! scope stack ends that also when an exception leaves the sub.

use std::ffi::c_int;

use super::{Frame, STATE, perl, pin};
use crate::ffi::{self, Call, status, surface};
use crate::value::Scalar;

pub(crate) extern "C" fn begin_sub(call: &mut Call) {
    // `end_sub` ends it
    std::mem::forget(Frame::new(call));
}

pub(crate) extern "C" fn end_sub(call: &mut Call) -> c_int {
    // SAFETY: the running call
    unsafe { ffi::rp_end_loans(call.perl, call) };
    let frame = Frame(call);
    let leaving = frame.state().leaving.get();
    drop(frame);
    STATE.with(|state| state.leaving.set(status::OK));
    leaving
}

/// Whether the running sub is a hand-written one, which perl may jump out of.
pub(crate) fn in_native_sub() -> bool {
    STATE.with(|state| {
        let call = state.call.get();
        // SAFETY: the running call lives as long as it runs
        unsafe { call.as_ref() }.is_some_and(|call| call.items < 0)
    })
}

/// The sub that runs, if perl called one.
pub(crate) fn running_sub(call: &Call) -> Scalar {
    if call.cv.is_null() {
        return Scalar::new_undef();
    }
    // SAFETY: perl holds the sub it runs
    unsafe { Scalar::from_raw_ref(call.cv.cast()) }
}

/// A block of perl's; what it left behind is freed when this is dropped.
pub(crate) struct Block(());

impl Block {
    pub(crate) fn new() -> Self {
        let perl = perl();
        // what is lent now has to outlast the block
        pin(perl, STATE.with(|state| state.call.get()));
        // SAFETY: `drop` ends the block
        unsafe { surface::rp_block_begin(perl) };
        Self(())
    }
}

impl Drop for Block {
    fn drop(&mut self) {
        let (perl, call, leaving) =
            STATE.with(|state| (state.perl.get(), state.call.get(), state.leaving.get()));
        // an exit has ended every block already
        if leaving != status::OK {
            return;
        }
        pin(perl, call);
        // SAFETY: begun in `new`
        let status = unsafe { surface::rp_block_end(perl, call) };
        if status != status::OK {
            STATE.with(|state| state.leave_with(status));
        }
    }
}
