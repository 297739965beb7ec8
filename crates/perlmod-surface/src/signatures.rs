//! Each function of the interface with its whole signature: it compiles as long
//! as none takes or returns anything else.

#![allow(clippy::type_complexity, reason = "signatures are what is shown here")]
#![allow(dead_code, reason = "nothing here is called")]

use std::error::Error as StdError;
use std::ffi::{c_char, c_int};
use std::ops::Deref;

use perlmod::error::{self, CastError, MagicError};
use perlmod::ffi::{self, AV, CV, HE, HV, Interpreter, MAGIC, MGVTBL, SV, Unsupported};
use perlmod::magic::{Leakable, MagicSpec, MagicTag, MagicValue};
use perlmod::scalar::Type;
use perlmod::ser::{Return, ReturnValue};
use perlmod::{
    Array, Error, Gimme, Hash, Mortal, RawValue, Scalar, ScalarRef, Value, array, de, hash, ser,
};

type Boxed = Box<u8>;
type Spec = MagicSpec<'static, 'static, Boxed>;
type Range = std::ops::Range<usize>;

fn free() {
    let _: fn() -> bool = perlmod::wantarray;
    let _: fn(Value) -> Result<u8, Error> = perlmod::from_value;
    let _: fn(&'static Value) -> Result<&'static str, Error> = perlmod::from_ref_value;
    let _: fn(&u8) -> Result<Value, Error> = perlmod::to_value;
    let _: fn(&u8) -> Result<ReturnValue, Error> = ser::to_return_value;
    let _: fn() -> bool = ser::is_active;
}

fn errors() {
    let _: fn(&str) -> Error = Error::new;
    let _: fn(String) -> Error = Error::new_owned;
    let _: fn(&str) -> Result<u8, Error> = Error::fail;
    let _: fn(&'static str) -> MagicError = MagicError::NotAReference;
    let _: fn(&'static str) -> MagicError = MagicError::NotFound;
    let _: fn(c_int) = error::set_errno;
    let _: fn() -> c_int = error::get_errno;
    let _: unsafe fn() = error::copy_errno_to_libc;
    is_error::<Error>();
    is_error::<CastError>();
    is_error::<MagicError>();
}

fn is_error<T: StdError>() {}

fn scalars() {
    let _: fn(Scalar) -> Mortal = Scalar::into_mortal;
    let _: fn(Scalar) -> *mut SV = Scalar::into_raw;
    let _: unsafe fn(*mut SV) -> Scalar = Scalar::from_raw_move;
    let _: unsafe fn(*mut SV) -> Scalar = Scalar::from_raw_ref;
    let _: [fn() -> Scalar; 3] = [Scalar::new_undef, Scalar::new_yes, Scalar::new_no];
    let _: fn(isize) -> Scalar = Scalar::new_int;
    let _: fn(usize) -> Scalar = Scalar::new_uint;
    let _: fn(f64) -> Scalar = Scalar::new_float;
    let _: fn(&str) -> Scalar = Scalar::new_string;
    let _: fn(&[u8]) -> Scalar = Scalar::new_bytes;
    let _: fn(*mut u8) -> Scalar = Scalar::new_pointer;
    let _: fn(&ScalarRef, &str) -> Option<Scalar> = Scalar::substr_from_str_slice;
    let _: fn(Mortal) -> *mut SV = Mortal::into_raw;
    let _: fn(&Scalar) -> &ScalarRef = Scalar::deref;
    let _: fn(&Scalar) -> Scalar = Scalar::clone;
    is_shown::<Scalar>();
}

fn is_shown<T: std::fmt::Debug + serde::Serialize>() {}

fn borrowed_scalars() {
    let _: fn(&ScalarRef) -> *mut SV = ScalarRef::as_raw;
    let _: fn(&ScalarRef) -> Type = ScalarRef::ty;
    let _: fn(&ScalarRef) -> Option<Scalar> = ScalarRef::dereference;
    let _: fn(&ScalarRef) -> f64 = ScalarRef::nv;
    let _: fn(&ScalarRef) -> isize = ScalarRef::iv;
    let _: fn(&ScalarRef) -> &str = ScalarRef::pv_string_utf8;
    let _: fn(&ScalarRef) -> &[u8] = ScalarRef::pv_bytes;
    let _: fn(&ScalarRef) -> Option<&[u8]> = ScalarRef::pv_utf8_to_bytes;
    let _: fn(&ScalarRef) -> Result<*mut u8, Error> = ScalarRef::pv_raw;
    let _: unsafe fn(&ScalarRef) -> Result<&u8, Error> = ScalarRef::pv_ref;
    let _: unsafe fn(&ScalarRef) -> Result<&mut u8, Error> = ScalarRef::pv_mut_ref;
    let _: fn(&ScalarRef) -> Scalar = ScalarRef::clone_ref;
    let _: [fn(&ScalarRef) -> bool; 2] = [ScalarRef::is_undef, ScalarRef::is_substr];
    let _: fn(&ScalarRef, bool) -> &'static str = ScalarRef::reftype;
    let _: fn(&ScalarRef, Range) -> Result<Scalar, Error> = ScalarRef::substr;
    let _: fn(&ScalarRef, &str) -> Scalar = ScalarRef::merge_str_slice;
    let _: fn(Scalar) -> Value = Scalar::into_value;
    let _: unsafe fn(
        &ScalarRef,
        Option<&ScalarRef>,
        Option<c_int>,
        Option<&'static MGVTBL>,
        *const c_char,
        i32,
    ) = |scalar, obj, how, vtbl, name, namelen| {
        // SAFETY: never called
        unsafe { scalar.add_raw_magic(obj, how, vtbl, name, namelen) };
    };
    let _: unsafe fn(&ScalarRef, Option<c_int>, Option<&MGVTBL>) = ScalarRef::remove_raw_magic;
    let _: for<'a> fn(&'a ScalarRef, Option<c_int>, Option<&MGVTBL>) -> Option<&'a MAGIC> =
        ScalarRef::find_raw_magic;
    let _: fn(&ScalarRef, MagicValue<'_, '_, 'static, Boxed>) = ScalarRef::add_magic;
    let _: for<'a> fn(&'a ScalarRef, &Spec) -> Option<&'a u8> = ScalarRef::find_magic;
    let _: fn(&ScalarRef, &Spec) -> Result<Option<Boxed>, MagicError> = ScalarRef::remove_magic;
}

fn arrays() {
    let _: fn() -> Array = Array::new;
    let _: fn(Array) -> Scalar = Array::into_scalar;
    let _: fn(&Array) -> *mut AV = Array::av;
    let _: unsafe fn(Scalar) -> Array = Array::from_scalar;
    let _: unsafe fn(*mut AV) -> Array = Array::from_raw_move;
    let _: unsafe fn(*mut AV) -> Array = Array::from_raw_ref;
    let _: fn(&Array) -> Array = Array::clone_ref;
    let _: fn(&Array) -> usize = Array::len;
    let _: fn(&Array) -> bool = Array::is_empty;
    let _: fn(&Array, usize) -> Option<Value> = Array::get;
    let _: fn(&Array) -> array::Iter<'_> = Array::iter;
    let _: fn(&Array, usize) = Array::reserve;
    let _: fn(&Array, Value) = Array::push;
    let _: fn(&Array) -> Option<Value> = Array::pop;
    let _: fn(&Array) -> &ScalarRef = Array::deref;
    let _: fn(Scalar) -> Result<Array, CastError> = Array::try_from;
    walked::<Array>();
    walked::<&Array>();
    is_shown::<Array>();
}

fn walked<T: IntoIterator<Item = Value>>() {}

fn hashes() {
    let _: fn() -> Hash = Hash::new;
    let _: fn(Hash) -> Scalar = Hash::into_scalar;
    let _: fn(&Hash) -> *mut HV = Hash::hv;
    let _: unsafe fn(Scalar) -> Hash = Hash::from_scalar;
    let _: unsafe fn(*mut HV) -> Hash = Hash::from_raw_move;
    let _: unsafe fn(*mut HV) -> Hash = Hash::from_raw_ref;
    let _: fn(&Hash) -> Hash = Hash::clone_ref;
    let _: fn(&Hash) -> usize = Hash::len;
    let _: fn(&Hash) -> bool = Hash::is_empty;
    let _: fn(&Hash, &str) -> Option<Value> = Hash::get;
    let _: fn(&Hash, &[u8]) -> Option<Value> = Hash::get_by_bytes;
    let _: fn(&Hash, &str, Value) = Hash::insert;
    let _: fn(&Hash, &[u8], Value) = Hash::insert_by_bytes;
    let _: fn(&Hash, &Value, Value) = Hash::insert_by_value;
    let _: fn(&Hash) -> hash::Iter<'_> = Hash::shared_iter;
    let _: unsafe fn() -> Hash = Hash::defstash;
    let _: fn(&Hash) -> &ScalarRef = Hash::deref;
    is_shown::<Hash>();
}

fn values() {
    let _: [fn(Scalar) -> Value; 2] = [Value::Scalar, Value::Reference];
    let _: fn(Array) -> Value = Value::Array;
    let _: fn(Hash) -> Value = Value::Hash;
    let _: [fn() -> Value; 2] = [Value::new_undef, Value::new_hash];
    let _: fn(isize) -> Value = Value::new_int;
    let _: fn(usize) -> Value = Value::new_uint;
    let _: fn(f64) -> Value = Value::new_float;
    let _: fn(&str) -> Value = Value::new_string;
    let _: fn(&[u8]) -> Value = Value::new_bytes;
    let _: fn(*mut u8) -> Value = Value::new_pointer;
    let _: unsafe fn(perlmod::perl_fn!(extern "C" fn(*mut CV))) -> Value = Value::new_xsub;
    let _: fn(&Scalar) -> Value = Value::new_ref;
    let _: fn(&Value) -> Option<&Array> = Value::as_array;
    let _: fn(&mut Value) -> Option<&mut Array> = Value::as_array_mut;
    let _: fn(&Value) -> Option<&Hash> = Value::as_hash;
    let _: fn(&mut Value) -> Option<&mut Hash> = Value::as_hash_mut;
    let _: fn(&Value, &str) -> Result<Value, Error> = Value::bless;
    let _: fn(&Value, &ScalarRef) -> Result<Value, Error> = Value::bless_sv;
    let _: [unsafe fn(*mut SV) -> Value; 2] = [Value::from_raw_move, Value::from_raw_ref];
    let _: fn(Scalar) -> Value = Value::from_scalar;
    let _: fn(&Value) -> Value = Value::clone_ref;
    let _: fn(&Value) -> Option<Value> = Value::dereference;
    let _: fn(Value) -> *mut SV = Value::into_raw;
    let _: fn(Value) -> Mortal = Value::into_mortal;
    let _: fn(&Value, usize) -> Option<Value> = Value::get;
    let _: unsafe fn(&Value) -> Result<&u8, Error> = Value::from_ref_box;
    let _: for<'a> unsafe fn(&'a Value, &str) -> Result<&'a u8, Error> = Value::from_blessed_box;
    let _: fn(Value, Box<u8>) -> Result<Value, Error> = Value::bless_box;
    let _: fn(&Value, Range) -> Result<Value, Error> = Value::substr;
    let _: fn(&Value) -> &ScalarRef = Value::as_ref;
    let _: fn(&mut Value) -> &mut ScalarRef = Value::as_mut;
    let _: fn(&Value) -> &ScalarRef = Value::deref;
    let _: fn(RawValue) -> Value = RawValue::into_inner;
    let _: fn(&RawValue) -> &Value = RawValue::get_ref;
    let _: fn(&mut RawValue) -> &mut Value = RawValue::get_mut;
    let _: fn(Value) -> RawValue = RawValue::from;
    let _: fn(RawValue) -> Value = Value::from;
    let _: fn(Scalar) -> Value = Value::from;
    let _: fn(Hash) -> Value = Value::from;
    let _: fn(Array) -> Value = Value::from;
    is_shown::<Value>();
    is_read::<Value>();
}

fn is_read<T: serde::de::DeserializeOwned>() {}

/// A type with a lifetime, as old code may box.
fn read_back<T>(value: &Value) -> Result<&T, Error> {
    // SAFETY: never called
    unsafe { value.from_ref_box::<T>() }
}

fn magic() {
    let _: fn(Boxed) -> *const u8 = <Boxed as Leakable>::leak;
    let _: fn(std::sync::Arc<u8>) -> *const u8 = Leakable::leak;
    let _: fn(std::rc::Rc<u8>) -> *const u8 = Leakable::leak;
    const TAG: MagicTag = MagicTag::new();
    const BOXED: MagicTag<Boxed> = MagicTag::<Boxed>::DEFAULT;
    static STATIC: MagicTag<Boxed> = MagicTag::<Boxed>::DEFAULT;
    // SAFETY: the tag frees what the spec attaches
    const SPEC: Spec = unsafe { MagicSpec::new_static(&STATIC) };
    let _ = (&TAG, &BOXED);
    let _: Spec = SPEC.spec();
    let _: MagicValue<'_, '_, 'static, Boxed> = SPEC.with_value(Box::new(1));
}

fn stack() {
    const TABLE: MGVTBL = MGVTBL::zero();
    let _ = TABLE;
    let _: unsafe fn() -> ffi::StackMark = ffi::pop_arg_mark;
    let _: unsafe fn(*mut SV) = ffi::stack_push_raw;
    let _: fn(Mortal) = ffi::stack_push;
    let _: unsafe fn(*mut SV) -> ! = ffi::croak;
    let _: fn(fn() -> u8) -> u8 = ffi::pseudo_block;
    let _: fn(&ffi::StackMark) -> usize = ffi::StackMark::count;
    let _: unsafe fn(ffi::StackMark) = ffi::StackMark::set_stack;
    let _: fn() -> Gimme = Gimme::get;
    let _: fn(fn() -> u8, fn() -> Vec<u8>) -> Return<u8, Vec<u8>> = Gimme::map;
    let _: fn(u8) -> Return<u8, Vec<u8>> = Return::Single;
    let _: fn(Vec<u8>) -> Return<u8, Vec<u8>> = Return::List;
    let _: Option<ffi::vtbl_types::Free> = TABLE.free;
}

/// Types that are only named.
struct Named<'a> {
    entry: *mut HE,
    other: *mut Unsupported,
    perl: *mut Interpreter,
    elements: Option<de::ArrayAccess<'a>>,
    pairs: Option<de::HashAccess<'a>>,
    fits: Result<u8, CastError>,
}
