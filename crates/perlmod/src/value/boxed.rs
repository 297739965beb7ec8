//! Objects that are references to a scalar with a boxed Rust value.
//!
//! The scalar holds the value's address, as it always did in this form; what is
//! trusted is the magic beside it, which copies of the scalar do not have.

use std::any::TypeId;
use std::marker::PhantomData;
use std::ptr::NonNull;

use crate::error::{Error, MagicError};
use crate::fence;
use crate::magic::{self, MagicSpec, MagicTag};
use crate::value::{Scalar, ScalarRef, Value, access};

/// The type of `T`, whatever lives how long in it.
fn type_of<T>() -> TypeId {
    trait Typed {
        fn id(&self) -> TypeId
        where
            Self: 'static;
    }
    impl<T> Typed for PhantomData<T> {
        fn id(&self) -> TypeId
        where
            Self: 'static,
        {
            TypeId::of::<T>()
        }
    }
    let marker: &dyn Typed = &PhantomData::<T>;
    // SAFETY: only the lifetime changes, and `id` looks at nothing
    unsafe { std::mem::transmute::<&dyn Typed, &(dyn Typed + 'static)>(marker) }.id()
}

/// A boxed value whose type is known at run time.
struct Boxed {
    ptr: NonNull<()>,
    ty: TypeId,
    free: unsafe fn(NonNull<()>),
}

static TAG: MagicTag<Box<Boxed>> = MagicTag::<Box<Boxed>>::DEFAULT;
const SPEC: MagicSpec<'static, 'static, Box<Boxed>> = MagicSpec::of(&TAG);

/// Marks the scalars that [`Scalar::new_pointer`] makes.
static POINTER: MagicTag = MagicTag::new();

impl Scalar {
    /// A new integer that holds an address.
    ///
    /// References to this very scalar are what [`Value::from_ref_box`] trusts; a
    /// copy of it is a number like any other.
    pub fn new_pointer<T>(v: *mut T) -> Self {
        let scalar = Self::new_uint(v.expose_provenance());
        access::attach(scalar.as_raw(), POINTER.table(), v.cast());
        scalar
    }
}

impl Boxed {
    fn new<T: 'static>(value: Box<T>) -> Self {
        unsafe fn free<T>(ptr: NonNull<()>) {
            // SAFETY: `drop` below has the pointer that `new` took from the box
            drop(unsafe { Box::from_raw(ptr.cast::<T>().as_ptr()) });
        }
        Self {
            ptr: NonNull::from(Box::leak(value)).cast(),
            ty: TypeId::of::<T>(),
            free: free::<T>,
        }
    }
}

impl Drop for Boxed {
    fn drop(&mut self) {
        // SAFETY: of the type that `free` was made for, and dropped once
        unsafe { (self.free)(self.ptr) };
    }
}

/// The boxed value of a scalar.
fn find<'a, T>(scalar: &ScalarRef) -> Result<&'a T, Error> {
    match magic::find(scalar, &SPEC) {
        Some(boxed) if boxed.ty == type_of::<T>() => {
            // SAFETY: of this type; the scalar is held while the call runs
            Ok(unsafe { boxed.ptr.cast::<T>().as_ref() })
        }
        Some(_) => Error::fail("value does not hold a box of this type"),
        None => pointed_to(scalar),
    }
}

/// What the scalar's own pointer points to; a number from elsewhere is none.
fn pointed_to<'a, T>(scalar: &ScalarRef) -> Result<&'a T, Error> {
    let ptr = access::magic_pointer(scalar.as_raw(), POINTER.table()).cast::<T>();
    if ptr.is_null() || !ptr.is_aligned() {
        return Error::fail("value does not hold a box of this type");
    }
    // SAFETY: made by `Scalar::new_pointer`; the type is the promise of the
    // callers of `from_ref_box` and `from_blessed_box`
    Ok(unsafe { &*ptr })
}

impl Value {
    /// A new object of the class with a boxed value, which perl drops with it, and
    /// keeps for as long as it likes: nothing in it may be borrowed.
    ///
    /// # Errors
    /// When the class is no string, or perl refuses.
    #[allow(
        clippy::needless_pass_by_value,
        reason = "the signature of the interface"
    )]
    pub fn bless_box<T: 'static>(class: Self, value: Box<T>) -> Result<Self, Error> {
        let boxed = Boxed::new(value);
        let scalar = Scalar::new_pointer(boxed.ptr.as_ptr());
        scalar.add_magic(SPEC.with_value(Box::new(boxed)));
        Self::new_ref(&scalar).bless_sv(&class)
    }

    /// The boxed value that this refers to.
    ///
    /// # Errors
    /// When it is no reference to a scalar with a box of this type.
    ///
    /// # Safety
    /// A pointer that [`Value::new_pointer`] stored there is one to a live `T`.
    /// What [`Value::bless_box`] made is checked; a lifetime in `T` is not.
    pub unsafe fn from_ref_box<T>(&self) -> Result<&T, Error> {
        match self.dereference_scalar() {
            Some(scalar) => find(&scalar),
            None => Error::fail("value is not a reference"),
        }
    }

    /// The boxed value of an object of the class, or of one derived from it.
    ///
    /// # Errors
    /// When it is no such object, or has no box of this type.
    ///
    /// # Safety
    /// As for [`Value::from_ref_box`].
    pub unsafe fn from_blessed_box<'a, T>(&'a self, class: &str) -> Result<&'a T, Error> {
        if !self.is_a(class)? {
            return Err(Error::new_owned(format!(
                "value is not an object of {class}"
            )));
        }
        match self.dereference_scalar() {
            Some(scalar) => find(&scalar),
            None => Error::fail("value is not a reference"),
        }
    }

    /// Takes the boxed value back; `None` in a thread's copy, which has none.
    ///
    /// # Errors
    /// When this refers to no scalar with a box of this type.
    pub fn take_box<T: 'static>(&self) -> Result<Option<Box<T>>, Error> {
        let Some(scalar) = self.dereference_scalar() else {
            return Error::fail("value is not a reference");
        };
        if let Some(boxed) = magic::peek(&scalar, &SPEC) {
            if boxed.ty != TypeId::of::<T>() {
                return Error::fail("value does not hold a box of this type");
            }
        }
        let Ok(boxed) = scalar.remove_magic(&SPEC) else {
            return Error::fail("value does not hold a box of this type");
        };
        Ok(boxed.map(|boxed| {
            let boxed = std::mem::ManuallyDrop::new(*boxed);
            // SAFETY: of this type, and not dropped by what held it
            unsafe { Box::from_raw(boxed.ptr.cast::<T>().as_ptr()) }
        }))
    }
}

/// What `destructor!` does: takes the box, if it is an object of the class.
///
/// # Errors
/// When it is no such object.
pub fn take_box<T: 'static>(this: &Value, class: Option<&str>) -> Result<Option<Box<T>>, Error> {
    if let Some(class) = class {
        if !this.is_a(class)? {
            return Err(Error::new_owned(format!(
                "value is not an object of {class}"
            )));
        }
    }
    this.take_box()
}

/// What `magic_destructor!` does with what is no object.
pub fn no_object(err: MagicError) -> ! {
    fence::raise(Error::new_owned(err.to_string()))
}
