//! The C surface: perl's opaque types, the glue's structs and functions.
//!
//! Everything declared here is mirrored from `glue/glue.h`. Functions of
//! `glue/api.c` cannot die; those of `glue/guarded.c` return a status.
//! All of them take the interpreter of the running call first.

use std::cell::Cell;
use std::ffi::{c_char, c_int, c_void};
use std::marker::{PhantomData, PhantomPinned};
use std::mem::MaybeUninit;

macro_rules! opaque {
    ($($(#[$doc:meta])* $name:ident;)+) => {$(
        $(#[$doc])*
        #[repr(C)]
        pub struct $name {
            data: [u8; 0],
            marker: PhantomData<(*mut u8, PhantomPinned)>,
        }
    )+};
}

opaque! {
    /// One of perl's scalars, or the common head of all its values.
    SV;
    /// An array.
    AV;
    /// A hash.
    HV;
    /// A sub.
    CV;
    /// An entry of a hash.
    HE;
    /// The text of a key, as perl keeps it.
    HEK;
    /// A value of a kind that has no type here.
    Unsupported;
    /// The interpreter; on a perl without threads never looked at.
    Interpreter;
}

/// A piece of magic attached to a value.
#[repr(C)]
pub struct MAGIC {
    moremagic: *mut MAGIC,
    vtbl: *const MGVTBL,
    private: u16,
    kind: c_char,
    flags: u8,
    len: isize,
    obj: *mut SV,
    ptr: *mut c_char,
}

impl MAGIC {
    /// The table of callbacks, which tells whose magic this is.
    pub fn vtbl(&self) -> Option<&MGVTBL> {
        // SAFETY: perl keeps the table it was given, which is a static
        unsafe { self.vtbl.as_ref() }
    }

    /// The pointer that was attached.
    pub fn ptr(&self) -> *const c_char {
        self.ptr
    }

    /// Takes the pointer out, so that nobody frees it again.
    pub(crate) fn take_ptr(&mut self) -> *mut c_char {
        std::mem::replace(&mut self.ptr, std::ptr::null_mut())
    }

    /// The length that was attached.
    pub fn len(&self) -> isize {
        self.len
    }

    /// Whether the attached length is zero.
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }
}

/// Inserts the interpreter as the first argument of a function type, if the perl this is built for has threads.
#[cfg(perlmod_threads)]
#[macro_export]
macro_rules! perl_fn {
    (extern "C" fn($($args:tt)*) $(-> $ret:ty)?) => {
        extern "C" fn(*mut $crate::ffi::Interpreter, $($args)*) $(-> $ret)?
    };
}

/// Inserts the interpreter as the first argument of a function type, if the perl this is built for has threads.
#[cfg(not(perlmod_threads))]
#[macro_export]
macro_rules! perl_fn {
    (extern "C" fn($($args:tt)*) $(-> $ret:ty)?) => {
        extern "C" fn($($args)*) $(-> $ret)?
    };
}

/// The types of the callbacks in [`MGVTBL`].
pub mod vtbl_types {
    use super::{MAGIC, SV};
    use std::ffi::{c_char, c_int, c_void};

    /// Called when the value is read.
    pub type Get = perl_fn!(extern "C" fn(*mut SV, *mut MAGIC) -> c_int);
    /// Called when the value was written.
    pub type Set = Get;
    /// Called for the length.
    pub type Len = perl_fn!(extern "C" fn(*mut SV, *mut MAGIC) -> u32);
    /// Called when the value is cleared.
    pub type Clear = Get;
    /// Called when the value is freed.
    pub type Free = Get;
    /// Called when an element is localised.
    pub type Copy =
        perl_fn!(extern "C" fn(*mut SV, *mut MAGIC, *mut SV, *const c_char, i32) -> c_int);
    /// Called when a thread clones the value.
    pub type Dup = perl_fn!(extern "C" fn(*mut MAGIC, *mut c_void) -> c_int);
    /// Called when the value is localised.
    pub type Local = Get;
}

/// The callbacks of a kind of magic. Its address is the magic's identity.
#[repr(C)]
#[derive(Clone, Copy, Default)]
#[allow(missing_docs)]
pub struct MGVTBL {
    pub get: Option<vtbl_types::Get>,
    pub set: Option<vtbl_types::Set>,
    pub len: Option<vtbl_types::Len>,
    pub clear: Option<vtbl_types::Clear>,
    pub free: Option<vtbl_types::Free>,
    pub copy: Option<vtbl_types::Copy>,
    pub dup: Option<vtbl_types::Dup>,
    pub local: Option<vtbl_types::Local>,
}

impl MGVTBL {
    /// A table without callbacks.
    pub const fn zero() -> Self {
        Self {
            get: None,
            set: None,
            len: None,
            clear: None,
            free: None,
            copy: None,
            dup: None,
            local: None,
        }
    }
}

/// What a scalar holds; the kinds of [`Node`].
pub(crate) mod kind {
    pub const UNDEF: u32 = 0;
    pub const BOOL: u32 = 1;
    pub const INT: u32 = 2;
    pub const UINT: u32 = 3;
    pub const FLOAT: u32 = 4;
    pub const STRING: u32 = 5;
    pub const SCALAR: u32 = 6;
    pub const ARRAY: u32 = 7;
    pub const HASH: u32 = 8;
    pub const CODE: u32 = 9;
    pub const GLOB: u32 = 10;
    pub const REGEXP: u32 = 11;
    pub const IO: u32 = 12;
    pub const MAGIC: u32 = 14;
    pub const FREED: u32 = 15;
}

/// The flags of [`Node`].
pub(crate) mod flag {
    pub const UTF8: u32 = 1;
    pub const TIED: u32 = 8;
    pub const IOK: u32 = 16;
    pub const UV: u32 = 32;
    pub const NOK: u32 = 64;
}

/// A scalar, described. Pointers are good until code of perl's side runs.
#[repr(C)]
#[derive(Clone, Copy)]
pub(crate) struct Node {
    pub kind: u32,
    pub flags: u32,
    pub int: i64,
    pub ptr: *const u8,
    pub len: usize,
    pub sv: *mut SV,
    pub body: *mut SV,
}

impl Node {
    pub(crate) const EMPTY: Self = Self {
        kind: kind::UNDEF,
        flags: 0,
        int: 0,
        ptr: std::ptr::null(),
        len: 0,
        sv: std::ptr::null_mut(),
        body: std::ptr::null_mut(),
    };

    /// The integer of a node that is unsigned.
    pub(crate) fn uint(&self) -> u64 {
        self.int as u64
    }

    /// The number of a node that is a float.
    pub(crate) fn float(&self) -> f64 {
        f64::from_bits(self.uint())
    }
}

/// A key of a hash; without a scalar it is the hash's own.
#[repr(C)]
#[derive(Clone, Copy)]
pub(crate) struct Key {
    pub ptr: *const u8,
    pub sv: *mut SV,
    pub len: u32,
    pub flags: u32,
}

impl Key {
    /// The key as a string.
    pub(crate) fn node(&self) -> Node {
        Node {
            kind: kind::STRING,
            flags: self.flags,
            int: 0,
            ptr: self.ptr,
            len: self.len as usize,
            sv: self.sv,
            body: std::ptr::null_mut(),
        }
    }
}

/// A key and its value.
#[repr(C)]
#[derive(Clone, Copy)]
pub(crate) struct Pair {
    pub key: Key,
    pub value: Node,
}

impl Pair {
    pub(crate) const EMPTY: Self = Self {
        key: Key {
            ptr: std::ptr::null(),
            sv: std::ptr::null_mut(),
            len: 0,
            flags: 0,
        },
        value: Node::EMPTY,
    };
}

/// Pairs of hashes that a call describes in room of its own.
pub(crate) const PAIRS: usize = 16;

/// A hash that is read. Without pairs there was no room for it.
#[repr(C)]
#[derive(Clone, Copy)]
pub(crate) struct Walk {
    pub pairs: *mut Pair,
    pub count: u32,
    /// Of the call's room, with these.
    pub used: u16,
    /// Keys and values are held, as code may run while they are read.
    pub held: u16,
}

/// Keys of a shape.
pub(crate) const FIELDS: usize = 8;

/// A key for a shape; the length is negative when it is UTF-8.
#[repr(C)]
#[derive(Clone, Copy)]
pub(crate) struct Name {
    ptr: *const u8,
    len: i32,
}

impl Name {
    pub(crate) const EMPTY: Self = Self {
        ptr: std::ptr::null(),
        len: 0,
    };

    /// None when it is too long.
    pub(crate) fn new(text: &'static str) -> Option<Self> {
        let len = i32::try_from(text.len()).ok()?;
        Some(Self {
            ptr: text.as_ptr(),
            len: if text.is_ascii() { len } else { -len },
        })
    }
}

/// A key of a shape, as perl keeps it, and the value that belongs to it.
#[repr(C)]
#[derive(Clone, Copy)]
pub(crate) struct Slot {
    key: *const HEK,
    value: usize,
}

impl Slot {
    pub(crate) const EMPTY: Self = Self {
        key: std::ptr::null(),
        value: 0,
    };
}

/// Scalars lent to Rust that a call keeps by itself.
pub(crate) const LENT: usize = 8;

/// What a call returns; the kinds of [`ReturnValue`].
pub(crate) mod returns {
    pub const STACK: u32 = 0;
    pub const SCALAR: u32 = 1;
    pub const INT: u32 = 2;
    pub const UINT: u32 = 3;
    pub const FLOAT: u32 = 4;
}

/// The one value of a call that returns one.
#[repr(C)]
pub(crate) union ReturnValue {
    pub sv: *mut SV,
    pub int: i64,
    pub uint: u64,
    pub float: f64,
}

/// One call of an exported function.
#[repr(C)]
pub struct Call {
    pub(crate) perl: *mut Interpreter,
    pub(crate) state: *const c_void,
    pub(crate) outer_perl: *mut Interpreter,
    pub(crate) outer_call: *mut Call,
    pub(crate) ax: isize,
    pub(crate) items: isize,
    pub(crate) count: isize,
    pub(crate) value: ReturnValue,
    pub(crate) returns: u32,
    pub(crate) lent_count: u32,
    pub(crate) lent_pinned: u32,
    pub(crate) lent: [*mut SV; LENT],
    pub(crate) error: *mut SV,
    pub(crate) restartop: *mut c_void,
    pub(crate) restartjmpenv: *mut c_void,
    pub(crate) pinned: i32,
    pub(crate) errnum: i32,
    pub(crate) cv: *mut CV,
    pub(crate) pairs_used: Cell<u32>,
    pub(crate) pairs: [MaybeUninit<Pair>; PAIRS],
}

// the same is asserted in `glue/glue.h`
const _: () = assert!(
    size_of::<Node>() == 48
        && size_of::<Pair>() == 72
        && size_of::<Walk>() == 16
        && size_of::<Call>() == 192 + PAIRS * 72
);

/// How a call or a guarded section ended.
pub(crate) mod status {
    use std::ffi::c_int;
    pub const OK: c_int = 0;
    pub const DIED: c_int = 1;
}

/// An exported function, as perl's side keeps it.
#[repr(C)]
pub struct Export {
    /// Name with its package.
    pub name: *const c_char,
    /// The source file.
    pub file: *const c_char,
    /// The prototype, or null.
    pub prototype: *const c_char,
    /// What runs.
    pub entry: extern "C" fn(&mut Call) -> c_int,
}

// SAFETY: the pointers are to static text
unsafe impl Sync for Export {}

macro_rules! glue {
    ($(fn $name:ident($($arg:ident: $ty:ty),* $(,)?) $(-> $ret:ty)?;)+) => {
        unsafe extern "C" {
            $(pub(crate) fn $name(perl: *mut Interpreter, $($arg: $ty),*) $(-> $ret)?;)+
        }
    };
}

glue! {
    fn rp_describe(sv: *mut SV, node: *mut Node);
    fn rp_argument(call: *const Call, index: isize, node: *mut Node);
    fn rp_argument_int(call: *const Call, index: isize, out: *mut i64) -> c_int;
    fn rp_argument_string(
        call: *mut Call, index: isize, lend: c_int, ptr: *mut *const u8, len: *mut usize,
    ) -> c_int;
    fn rp_argument_sv(call: *const Call, index: isize) -> *mut SV;
    fn rp_pin_arguments(call: *mut Call);
    fn rp_pin_buffer(sv: *mut SV) -> *mut SV;
    fn rp_end_loans(call: *mut Call);
    fn rp_push(call: *mut Call, sv: *mut SV);
    fn rp_wants_list() -> c_int;
    fn rp_release(sv: *mut SV);
    fn rp_mortal(sv: *mut SV) -> *mut SV;
    fn rp_new_undef() -> *mut SV;
    fn rp_new_bool(v: c_int) -> *mut SV;
    fn rp_new_int(v: i64) -> *mut SV;
    fn rp_new_uint(v: u64) -> *mut SV;
    fn rp_new_float(v: f64) -> *mut SV;
    fn rp_new_string(ptr: *const u8, len: usize, utf8: c_int) -> *mut SV;
    fn rp_new_ref(target: *mut SV) -> *mut SV;
    fn rp_new_array() -> *mut SV;
    fn rp_array_reserve(av: *mut SV, count: isize);
    fn rp_array_len(av: *mut SV) -> usize;
    fn rp_array_get(av: *mut SV, index: usize) -> *mut SV;
    fn rp_array_push(av: *mut SV, sv: *mut SV);
    fn rp_array_nodes(av: *mut SV, start: usize, out: *mut Node, max: usize) -> usize;
    fn rp_new_hash() -> *mut SV;
    fn rp_hash_len(hv: *mut SV) -> usize;
    fn rp_hash_get(hv: *mut SV, key: *const u8, len: i32) -> *mut SV;
    fn rp_hash_pairs(hv: *mut SV, out: *mut Pair, max: usize, held: *mut c_int) -> usize;
    fn rp_hash_open(call: *mut Call, hv: *mut SV) -> Walk;
    fn rp_hash_release(pairs: *mut Pair, count: usize);
    fn rp_hash_store(hv: *mut SV, key: *const u8, len: i32, value: *mut SV);
    fn rp_hash_add(hv: *mut SV, key: *const u8, len: i32, value: *mut SV);
    fn rp_shape(names: *const Name, count: usize, slots: *mut Slot) -> *mut SV;
    fn rp_hash_like(
        shape: *mut SV, slots: *const Slot, values: *const *mut SV, count: usize,
    ) -> *mut SV;
    fn rp_lend_key(call: *mut Call, key: *const Key) -> c_int;
    fn rp_magic_attach(sv: *mut SV, vtbl: *const MGVTBL, ptr: *mut c_void);
    fn rp_magic_find(sv: *const SV, vtbl: *const MGVTBL) -> *mut c_void;
    fn rp_fetch(call: *mut Call, sv: *mut SV, out: *mut *mut SV, error: *mut *mut SV) -> c_int;
    fn rp_untie(call: *mut Call, sv: *mut SV, out: *mut *mut SV, error: *mut *mut SV) -> c_int;
    fn rp_array_push_guarded(
        call: *mut Call, av: *mut SV, other: *mut SV, error: *mut *mut SV,
    ) -> c_int;
    fn rp_hash_store_guarded(
        call: *mut Call, hv: *mut SV, key: *const u8, len: i32, other: *mut SV,
        error: *mut *mut SV,
    ) -> c_int;
    fn rp_bless(
        call: *mut Call, sv: *mut SV, name: *mut SV, key: *const u8, len: i32,
        error: *mut *mut SV,
    ) -> c_int;
    fn rp_check_perl() -> *const c_char;
    fn rp_install(
        call: *mut Call, list: *const Export, count: usize, error: *mut *mut SV,
    ) -> c_int;
    fn rp_run_boot(call: *mut Call, boot: *const Export, error: *mut *mut SV) -> c_int;
    fn rp_throw(error: *mut SV);
    fn rp_throw_text(text: *const c_char);
}

#[cfg(perlmod_threads)]
unsafe extern "C" {
    pub(crate) safe fn rp_magic_dup(
        perl: *mut Interpreter,
        mg: *mut MAGIC,
        p: *mut c_void,
    ) -> c_int;
}

#[cfg(not(perlmod_threads))]
unsafe extern "C" {
    pub(crate) safe fn rp_magic_dup(mg: *mut MAGIC, p: *mut c_void) -> c_int;
}

unsafe extern "C" {
    pub(crate) fn rp_lend(call: *mut Call, sv: *mut SV) -> c_int;
    pub(crate) fn rp_hold(sv: *mut SV) -> *mut SV;
    pub(crate) fn rp_is_plain(sv: *const SV) -> c_int;
    pub(crate) safe fn rp_stay_loaded();
    pub(crate) safe fn rp_thread_state() -> *const c_void;
}

mod stack;
pub(crate) mod surface;

pub use stack::{
    Gimme, StackIter, StackMark, croak, pop_arg_mark, pseudo_block, stack_push, stack_push_raw,
};
