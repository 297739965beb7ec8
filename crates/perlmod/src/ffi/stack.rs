//! Perl's stack as hand-written subs use it, the context of a call, and blocks.

use std::marker::PhantomData;
use std::ops::Deref;

use super::{SV, surface};
use crate::fence::{self, native};
use crate::ser::Return;
use crate::value::{Mortal, Scalar};

/// Where a hand-written sub's arguments begin.
#[derive(Debug)]
pub struct StackMark(isize);

/// The arguments of a hand-written sub, each with a hold.
#[derive(Debug)]
pub struct StackIter<'a> {
    at: isize,
    end: isize,
    marker: PhantomData<&'a StackMark>,
}

/// Takes the running sub's mark.
///
/// # Safety
/// Once per call of a sub made by [`Value::new_xsub`](crate::Value::new_xsub),
/// before anything else there.
pub unsafe fn pop_arg_mark() -> StackMark {
    // SAFETY: the caller's promise
    StackMark(unsafe { surface::rp_pop_mark(fence::perl()) })
}

impl StackMark {
    /// The number of arguments.
    pub fn count(&self) -> usize {
        // SAFETY: reads perl's stack pointer
        let count = unsafe { surface::rp_stack_count(fence::perl(), self.0) };
        usize::try_from(count).unwrap_or(0)
    }

    /// The arguments.
    pub fn iter(&self) -> StackIter<'_> {
        StackIter {
            at: self.0,
            end: self.0.saturating_add_unsigned(self.count()),
            marker: PhantomData,
        }
    }

    /// Takes the arguments off the stack; what is pushed next is returned.
    ///
    /// # Safety
    /// The sub that the mark belongs to still runs.
    pub unsafe fn set_stack(self) {
        // SAFETY: the caller's promise
        unsafe { surface::rp_stack_set(fence::perl(), self.0) };
    }
}

impl<'a> IntoIterator for &'a StackMark {
    type Item = Scalar;
    type IntoIter = StackIter<'a>;

    fn into_iter(self) -> StackIter<'a> {
        self.iter()
    }
}

impl Iterator for StackIter<'_> {
    type Item = Scalar;

    fn next(&mut self) -> Option<Scalar> {
        if self.at >= self.end {
            return None;
        }
        self.at += 1;
        // SAFETY: at most the last argument, which the mark was counted with
        let sv = unsafe { surface::rp_stack_get(fence::perl(), self.at) };
        // SAFETY: the function returns a count
        Some(unsafe { Scalar::from_raw_move(sv) })
    }
}

/// Pushes a scalar.
///
/// # Safety
/// It is live until the statement that made the call ends.
pub unsafe fn stack_push_raw(sv: *mut SV) {
    // SAFETY: the caller's promise; perl extends its stack
    unsafe { surface::rp_stack_push(fence::perl(), sv) };
}

/// Pushes a scalar.
pub fn stack_push(value: Mortal) {
    let sv = value.into_raw();
    // SAFETY: perl frees it when the statement that made the call ends
    unsafe { stack_push_raw(sv) };
}

/// Throws a scalar.
///
/// In an exported function every value is dropped on the way out. A hand-written
/// sub is left by a jump: it must not hold values then.
///
/// # Safety
/// The scalar is live, and the caller keeps no count of it. In a hand-written
/// sub no frame that is jumped over has anything to drop.
pub unsafe fn croak(sv: *mut SV) -> ! {
    if native::in_native_sub() {
        // SAFETY: the caller's promise
        unsafe { surface::rp_croak(fence::perl(), sv) }
    }
    // SAFETY: the caller's promise
    fence::throw(unsafe { Scalar::from_raw_ref(sv) })
}

/// Runs `body` in a block of perl's: what it left to be freed is freed at its end.
///
/// Destructors may run then. Text and bytes borrowed from values stay valid.
pub fn pseudo_block<F: FnOnce() -> R, R>(body: F) -> R {
    let _block = native::Block::new();
    body()
}

/// What the running call's result is wanted as.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Gimme {
    /// Nothing.
    Void,
    /// One value.
    Scalar,
    /// A list.
    List,
}

/// The methods of a [`Gimme`] that is at hand; [`Gimme::map`] asks perl.
#[derive(Debug)]
pub struct Context(Gimme);

static CONTEXTS: [Context; 3] = [
    Context(Gimme::Void),
    Context(Gimme::Scalar),
    Context(Gimme::List),
];

impl Gimme {
    /// The running call's context.
    pub fn get() -> Self {
        // SAFETY: there is a running call
        match unsafe { super::rp_wants_list(fence::perl()) } {
            1 => Self::Void,
            3 => Self::List,
            _ => Self::Scalar,
        }
    }

    /// What the running call wants: `scalar()`, or `list()`, or nothing.
    ///
    /// `Gimme::get().map(scalar, list)` is the same for a context at hand.
    pub fn map<T, U>(scalar: impl FnOnce() -> T, list: impl FnOnce() -> U) -> Return<T, U> {
        Self::get().deref().map(scalar, list)
    }

    /// As [`Gimme::map`], for functions that may fail.
    ///
    /// # Errors
    /// Those of the function that was called.
    pub fn try_map<T, U, E>(
        scalar: impl FnOnce() -> Result<T, E>,
        list: impl FnOnce() -> Result<U, E>,
    ) -> Result<Return<T, U>, E> {
        Self::get().deref().try_map(scalar, list)
    }
}

impl Context {
    /// `scalar()`, or `list()`, or nothing.
    pub fn map<T, U>(&self, scalar: impl FnOnce() -> T, list: impl FnOnce() -> U) -> Return<T, U> {
        match self.0 {
            Gimme::Void => Return::Void,
            Gimme::Scalar => Return::Single(scalar()),
            Gimme::List => Return::List(list()),
        }
    }

    /// As [`Context::map`], for functions that may fail.
    ///
    /// # Errors
    /// Those of the function that was called.
    pub fn try_map<T, U, E>(
        &self,
        scalar: impl FnOnce() -> Result<T, E>,
        list: impl FnOnce() -> Result<U, E>,
    ) -> Result<Return<T, U>, E> {
        Ok(match self.0 {
            Gimme::Void => Return::Void,
            Gimme::Scalar => Return::Single(scalar()?),
            Gimme::List => Return::List(list()?),
        })
    }
}

/// So that both `Gimme::map(..)` and `Gimme::get().map(..)` are there.
impl Deref for Gimme {
    type Target = Context;

    fn deref(&self) -> &Context {
        let [void, scalar, list] = &CONTEXTS;
        match self {
            Self::Void => void,
            Self::Scalar => scalar,
            Self::List => list,
        }
    }
}
