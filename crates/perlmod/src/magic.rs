//! Rust values attached to Perl's objects.
//!
//! The address of a tag identifies the type, so that a pointer found under it
//! is what was attached under it. A thread's copy of an object carries no
//! pointer; copies by other means carry no magic. Both are reported.

use std::ffi::c_int;
use std::marker::PhantomData;
use std::rc::Rc;
use std::sync::Arc;

use crate::error::MagicError;
use crate::fence;
use crate::ffi::{self, Interpreter, MAGIC, MGVTBL, SV};
use crate::value::{ScalarRef, Value, access};

/// A pointer-like value that can be leaked to perl and taken back.
///
/// # Safety
/// `reclaim` undoes `leak`; `get_ref` is good while the value is leaked.
pub unsafe trait Leakable {
    /// What it points to.
    type Pointee;

    /// Gives up ownership.
    fn leak(self) -> *const Self::Pointee;

    /// Takes ownership again.
    ///
    /// # Safety
    /// The pointer comes from `leak` and is not used any more.
    unsafe fn reclaim(ptr: *const Self::Pointee) -> Self;

    /// Looks at the leaked value.
    ///
    /// # Safety
    /// The pointer comes from `leak` and is not reclaimed during `'a`.
    unsafe fn get_ref<'a>(ptr: *const Self::Pointee) -> &'a Self::Pointee {
        // SAFETY: the caller's promise
        unsafe { &*ptr }
    }
}

// SAFETY: `from_raw` undoes `into_raw`
unsafe impl<T> Leakable for Box<T> {
    type Pointee = T;

    fn leak(self) -> *const T {
        Self::into_raw(self)
    }

    unsafe fn reclaim(ptr: *const T) -> Self {
        // SAFETY: the caller's promise
        unsafe { Self::from_raw(ptr.cast_mut()) }
    }
}

// SAFETY: `from_raw` undoes `into_raw`
unsafe impl<T> Leakable for Arc<T> {
    type Pointee = T;

    fn leak(self) -> *const T {
        Self::into_raw(self)
    }

    unsafe fn reclaim(ptr: *const T) -> Self {
        // SAFETY: the caller's promise
        unsafe { Self::from_raw(ptr) }
    }
}

// SAFETY: `from_raw` undoes `into_raw`
unsafe impl<T> Leakable for Rc<T> {
    type Pointee = T;

    fn leak(self) -> *const T {
        Self::into_raw(self)
    }

    unsafe fn reclaim(ptr: *const T) -> Self {
        // SAFETY: the caller's promise
        unsafe { Self::from_raw(ptr) }
    }
}

/// The identity of a kind of attached value. Put it into a static.
#[repr(transparent)]
pub struct MagicTag<T = ()>(MGVTBL, PhantomData<fn(T)>);

impl<T> MagicTag<T> {
    /// A tag whose values perl does not free.
    pub const fn new() -> Self {
        let mut table = MGVTBL::zero();
        table.dup = Some(ffi::rp_magic_dup);
        Self(table, PhantomData)
    }
}

impl<T> Default for MagicTag<T> {
    fn default() -> Self {
        Self::new()
    }
}

impl<T: Leakable> MagicTag<T> {
    /// A tag whose values are dropped when perl frees their object.
    pub const DEFAULT: Self = {
        let mut tag = Self::new();
        tag.0.free = Some(free_hook::<T>);
        tag
    };
}

/// Drops an attached value. A panic in its drop ends here.
#[doc(hidden)]
#[cfg(perlmod_threads)]
pub extern "C" fn free_hook<T: Leakable>(
    perl: *mut Interpreter,
    _: *mut SV,
    magic: *mut MAGIC,
) -> c_int {
    free::<T>(perl, magic)
}

/// Drops an attached value. A panic in its drop ends here.
#[doc(hidden)]
#[cfg(not(perlmod_threads))]
pub extern "C" fn free_hook<T: Leakable>(_: *mut SV, magic: *mut MAGIC) -> c_int {
    free::<T>(std::ptr::dangling_mut(), magic)
}

fn free<T: Leakable>(perl: *mut Interpreter, magic: *mut MAGIC) -> c_int {
    // SAFETY: perl frees a live piece of magic
    let ptr = unsafe { (*magic).take_ptr() };
    if !ptr.is_null() {
        // SAFETY: attached under the tag of this hook, so leaked by `T`
        fence::shield(perl, || drop(unsafe { T::reclaim(ptr.cast()) }));
    }
    0
}

/// How to find values attached under a tag.
#[allow(clippy::type_complexity, reason = "the lifetimes of the interface")]
pub struct MagicSpec<'o, 'v, T> {
    table: &'static MGVTBL,
    marker: PhantomData<(&'o (), &'v (), fn(T))>,
}

impl<T> MagicSpec<'static, 'static, T> {
    /// The spec for a tag.
    ///
    /// # Safety
    /// `TT` and `T` leak to the same pointee.
    pub const unsafe fn new_static<TT>(tag: &'static MagicTag<TT>) -> Self {
        Self {
            table: &tag.0,
            marker: PhantomData,
        }
    }

    /// The spec for a tag of the same type.
    pub const fn of(tag: &'static MagicTag<T>) -> Self {
        Self {
            table: &tag.0,
            marker: PhantomData,
        }
    }

    /// A copy of the spec.
    pub const fn spec(&self) -> Self {
        Self {
            table: self.table,
            marker: PhantomData,
        }
    }

    /// A value to attach.
    pub fn with_value(&self, value: T) -> MagicValue<'static, 'static, 'static, T> {
        MagicValue {
            spec: self.spec(),
            value,
            marker: PhantomData,
        }
    }
}

/// A value and the spec to attach it under.
pub struct MagicValue<'o, 'v, 'p, T> {
    spec: MagicSpec<'static, 'static, T>,
    value: T,
    #[allow(clippy::type_complexity, reason = "the lifetimes of the interface")]
    marker: PhantomData<(&'o (), &'v (), &'p ())>,
}

/// Attaches a value, unless there is one under its tag already.
pub(crate) fn attach<T: Leakable>(target: &ScalarRef, magic: MagicValue<'_, '_, 'static, T>) {
    if target.has_magic(magic.spec.table) {
        return;
    }
    let ptr = magic.value.leak();
    // SAFETY: a live scalar; the free hook of the tag takes the pointer back
    unsafe {
        ffi::rp_magic_attach(
            fence::perl(),
            target.as_raw(),
            magic.spec.table,
            ptr.cast_mut().cast(),
        );
    }
}

pub(crate) fn find<'a, T: Leakable>(
    target: &ScalarRef,
    spec: &MagicSpec<'static, 'static, T>,
) -> Option<&'a T::Pointee> {
    let ptr = access::magic_pointer(target.as_raw(), spec.table);
    if ptr.is_null() {
        return None;
    }
    // SAFETY: leaked by `T` under this tag; callers hold the object meanwhile
    Some(unsafe { T::get_ref(ptr.cast_const().cast()) })
}

/// The object behind a reference: what `TryFrom<&Value>` of `declare_magic!` does.
///
/// # Errors
/// When the value is no reference, or its object has no such magic.
pub fn object<'a, T: Leakable>(
    value: &'a Value,
    spec: &MagicSpec<'static, 'static, T>,
    class: &'static str,
) -> Result<&'a T::Pointee, MagicError> {
    let target = value
        .dereference()
        .ok_or(MagicError::NotAReference(class))?;
    find(&target, spec).ok_or(MagicError::NotFound(class))
}
