//! Rust values attached to Perl's objects.
//!
//! The address of a tag identifies the type, so that a pointer found under it
//! is what was attached under it. A thread's copy of an object carries no
//! pointer; copies by other means carry no magic. Both are reported.

use std::ffi::{c_char, c_int};
use std::marker::PhantomData;
use std::ptr;
use std::rc::Rc;
use std::sync::Arc;

use crate::error::{Error, MagicError};
use crate::fence;
use crate::ffi::{self, Interpreter, MAGIC, MGVTBL, SV, surface};
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

impl<T> MagicTag<T> {
    /// The table whose address is the identity.
    pub(crate) const fn table(&'static self) -> &'static MGVTBL {
        &self.0
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

/// Attaches a value; a second one under the same tag ends the running call.
pub(crate) fn attach<T: Leakable>(target: &ScalarRef, magic: MagicValue<'_, '_, 'static, T>) {
    if !access::magic_pieces(target.as_raw(), magic.spec.table).is_null() {
        drop(magic);
        fence::raise(Error::new("value has magic of this kind already"));
    }
    let ptr = magic.value.leak();
    // the free hook of the tag takes the pointer back
    access::attach(target.as_raw(), magic.spec.table, ptr.cast_mut().cast());
}

pub(crate) fn find<'a, T: Leakable>(
    target: &ScalarRef,
    spec: &MagicSpec<'static, 'static, T>,
) -> Option<&'a T::Pointee> {
    let ptr = access::magic_pointer(target.as_raw(), spec.table);
    if ptr.is_null() {
        return None;
    }
    // held, and so not removed, until the call ends
    fence::lend(target.as_raw());
    // SAFETY: leaked by `T` under this tag, and held
    Some(unsafe { T::get_ref(ptr.cast_const().cast()) })
}

/// Looks at an attached value without holding its scalar.
pub(crate) fn peek<'a, T: Leakable>(
    target: &'a ScalarRef,
    spec: &MagicSpec<'static, 'static, T>,
) -> Option<&'a T::Pointee> {
    let ptr = access::magic_pointer(target.as_raw(), spec.table);
    // SAFETY: leaked by `T` under this tag; the scalar is borrowed
    (!ptr.is_null()).then(|| unsafe { T::get_ref(ptr.cast_const().cast()) })
}

/// Takes an attached value back; `None` in a thread's copy, which has none.
pub(crate) fn remove<T: Leakable>(
    target: &ScalarRef,
    spec: &MagicSpec<'static, 'static, T>,
) -> Result<Option<T>, MagicError> {
    let piece = access::magic_pieces(target.as_raw(), spec.table);
    if piece.is_null() {
        return Err(MagicError::NotFound(""));
    }
    if fence::is_lent(target.as_raw()) {
        fence::raise(Error::new("value is in use by this call"));
    }
    // SAFETY: found a moment ago, and nothing ran since
    let ptr = unsafe { (*piece).take_ptr() };
    // SAFETY: leaked by `T` under this tag, and taken out of it
    let value = (!ptr.is_null()).then(|| unsafe { T::reclaim(ptr.cast_const().cast()) });
    target.unmagic(surface::magic_ext(), Some(spec.table));
    Ok(value)
}

impl ScalarRef {
    /// Attaches any kind of magic; `how` is perl's letter, default is `~`.
    ///
    /// # Safety
    /// The table lives as long as the process, and its callbacks keep to perl's
    /// rules. `name` has `len` bytes, is null, or is a pointer for the callbacks
    /// when `len` is 0.
    pub unsafe fn add_raw_magic(
        &self,
        obj: Option<&Self>,
        how: Option<c_int>,
        vtbl: Option<&MGVTBL>,
        name: *const c_char,
        len: i32,
    ) {
        let how = how.unwrap_or_else(surface::magic_ext);
        // SAFETY: the caller's promise
        unsafe {
            surface::rp_magic_add_raw(
                fence::perl(),
                self.as_raw(),
                obj.map_or(ptr::null_mut(), Self::as_raw),
                how,
                vtbl.map_or(ptr::null(), ptr::from_ref),
                name,
                len,
            );
        }
    }

    /// Removes magic of this kind; without a table, whatever its table.
    ///
    /// # Safety
    /// Nobody uses what it carries any more.
    pub unsafe fn remove_raw_magic(&self, how: Option<c_int>, vtbl: Option<&MGVTBL>) {
        self.unmagic(how.unwrap_or_else(surface::magic_ext), vtbl);
    }

    /// Removes magic; what its destructors throw ends the running call.
    fn unmagic(&self, how: c_int, vtbl: Option<&MGVTBL>) {
        let vtbl = vtbl.map_or(ptr::null(), ptr::from_ref);
        let result = fence::guarded(|perl, call, error| {
            // SAFETY: borrowed, so live
            unsafe { surface::rp_magic_remove(perl, call, self.as_raw(), how, vtbl, error) }
        });
        if let Err(err) = result {
            fence::raise(err);
        }
    }

    /// The first magic of this kind; without a table, whatever its table.
    pub fn find_raw_magic(&self, how: Option<c_int>, vtbl: Option<&MGVTBL>) -> Option<&MAGIC> {
        let how = how.unwrap_or_else(surface::magic_ext);
        let vtbl = vtbl.map_or(ptr::null(), ptr::from_ref);
        // SAFETY: borrowed, so live
        let piece = unsafe { surface::rp_magic_find_raw(fence::perl(), self.as_raw(), how, vtbl) };
        // SAFETY: part of the scalar until it is removed, which is unsafe to do
        unsafe { piece.as_ref() }
    }

    /// Takes an attached Rust value back. `None`: this is a thread's copy of the
    /// object, which carries none.
    ///
    /// A value that the running call has looked at ends the call instead.
    ///
    /// # Errors
    /// When nothing is attached under this tag.
    pub fn remove_magic<T: Leakable>(
        &self,
        spec: &MagicSpec<'static, 'static, T>,
    ) -> Result<Option<T>, MagicError> {
        remove(self, spec)
    }
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
