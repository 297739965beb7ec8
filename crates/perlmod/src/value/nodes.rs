//! Whole containers, described in one call each.
//!
//! Containers are many and mostly small. Pairs of hashes go to room that each call
//! has, elements of arrays and the pairs of larger hashes to buffers that a thread
//! uses again. Stale entries are never read.

use std::cell::Cell;
use std::slice;
use std::thread::LocalKey;

use crate::fence::{self, Watch};
use crate::ffi::{self, Key, Node, Pair, SV, Walk};
use crate::text::TextError;
use crate::value::{Scalar, access, ascii};

/// Elements described at once.
const PIECE: usize = 32;
/// A new buffer's length.
const FIRST: usize = 16;
/// No call has so much room.
const NOT_THERE: u16 = u16::MAX;
/// Longer buffers are not kept.
const KEPT: usize = 64;

type Spare<T> = LocalKey<Cell<Vec<T>>>;

thread_local! {
    static NODES: Cell<Vec<Node>> = const { Cell::new(Vec::new()) };
    static PAIRS: Cell<Vec<Pair>> = const { Cell::new(Vec::new()) };
}

#[inline]
fn take<T>(spare: &'static Spare<T>) -> Vec<T> {
    // a thread that ends has none left
    spare.try_with(Cell::take).unwrap_or_default()
}

#[inline]
fn keep<T>(spare: &'static Spare<T>, list: Vec<T>) {
    if list.len() <= KEPT {
        let _ = spare.try_with(|spare| spare.set(list));
    }
}

/// Elements of a plain array, some at a time.
pub(crate) struct Nodes {
    list: Vec<Node>,
    count: usize,
}

impl Nodes {
    pub(crate) fn new() -> Self {
        Self {
            list: take(&NODES),
            count: 0,
        }
    }

    /// Describes elements from `start` on, of an array that has so many left.
    pub(crate) fn fill(&mut self, av: &Scalar, start: usize, left: usize) {
        let wanted = left.min(PIECE);
        if self.list.len() < wanted {
            self.list.resize(wanted.max(FIRST), Node::EMPTY);
        }
        let (list, max) = (self.list.as_mut_ptr(), self.list.len());
        // SAFETY: there is room for `max` nodes
        self.count = unsafe { ffi::rp_array_nodes(fence::perl(), av.as_raw(), start, list, max) };
    }

    #[inline]
    pub(crate) fn get(&self, index: usize) -> Option<&Node> {
        // SAFETY: the list is as long as that at least
        (index < self.count).then(|| unsafe { self.list.get_unchecked(index) })
    }
}

impl Drop for Nodes {
    #[inline]
    fn drop(&mut self) {
        keep(&NODES, std::mem::take(&mut self.list));
    }
}

/// The pairs of a plain hash, mostly in room of the running call.
///
/// They are held, or read only while no code has run: the hash itself need not be.
/// What is rare gets copies of the fields, so that they can stay in registers.
pub(crate) struct Pairs {
    walk: Walk,
    watch: Watch,
    extra: Option<Box<Extra>>,
}

/// What few hashes need.
struct Extra {
    walk: Walk,
    /// Pairs that found no room in the call.
    list: Vec<Pair>,
    /// The hash, if nobody else holds it.
    hash: Option<Scalar>,
}

impl Pairs {
    /// Describes a live plain hash.
    #[inline]
    pub(crate) fn of(hv: *mut SV) -> Self {
        let watch = Watch::new();
        let mut walk = open(watch, hv);
        let mut extra = None;
        if walk.pairs.is_null() {
            let gathered = gather(watch, hv);
            walk = gathered.walk;
            extra = Some(gathered);
        }
        Self { walk, watch, extra }
    }

    /// Describes a plain hash that only the caller has.
    #[inline]
    pub(crate) fn of_owned(hash: Scalar) -> Self {
        let watch = Watch::new();
        let extra = keep_hash(watch, hash);
        Self {
            walk: extra.walk,
            watch,
            extra: Some(extra),
        }
    }

    #[inline]
    pub(crate) fn len(&self) -> usize {
        self.walk.count as usize
    }

    #[inline]
    fn get(&self, index: usize) -> Option<&Pair> {
        // SAFETY: there are so many pairs, which nobody else uses while this lives
        let pairs = unsafe { slice::from_raw_parts(self.walk.pairs, self.len()) };
        pairs.get(index)
    }

    /// The key of a pair; `None` if it can no longer be read.
    #[inline]
    pub(crate) fn key(&self, index: usize) -> Option<&Key> {
        let pair = self.get(index)?;
        if !self.watch.is_fresh() && !is_held(self.walk) {
            return None;
        }
        Some(&pair.key)
    }

    /// The value of a pair; `None` if it can no longer be read.
    #[inline]
    pub(crate) fn value(&self, index: usize) -> Option<&Node> {
        if !self.watch.is_fresh() && !describe_again(self.walk, index) {
            return None;
        }
        self.get(index).map(|pair| &pair.value)
    }
}

/// Describes the pairs in room of the running call, if there is enough.
#[inline]
fn open(watch: Watch, hv: *mut SV) -> Walk {
    let (perl, call) = watch.running();
    // SAFETY: the running call, and callers have a live plain hash
    unsafe { ffi::rp_hash_open(perl, call, hv) }
}

/// Describes the pairs in a list.
#[cold]
fn gather(watch: Watch, hv: *mut SV) -> Box<Extra> {
    let (perl, _) = watch.running();
    let mut held = 0;
    let mut fill = |list: &mut Vec<Pair>| {
        let (pairs, max) = (list.as_mut_ptr(), list.len());
        // SAFETY: callers have a live plain hash; there is room for `max` pairs
        unsafe { ffi::rp_hash_pairs(perl, hv, pairs, max, &mut held) }
    };
    let mut list = take(&PAIRS);
    let mut count = fill(&mut list);
    if count > list.len() {
        list.resize(count.max(FIRST), Pair::EMPTY);
        count = fill(&mut list);
    }
    let walk = Walk {
        pairs: list.as_mut_ptr(),
        count: count as u32,
        used: NOT_THERE,
        held: held as u16,
    };
    let hash = None;
    Box::new(Extra { walk, list, hash })
}

/// Describes the pairs, and keeps the hash.
#[cold]
fn keep_hash(watch: Watch, hash: Scalar) -> Box<Extra> {
    let walk = open(watch, hash.as_raw());
    let mut extra = if walk.pairs.is_null() {
        gather(watch, hash.as_raw())
    } else {
        let (list, hash) = (Vec::new(), None);
        Box::new(Extra { walk, list, hash })
    };
    extra.hash = Some(hash);
    extra
}

#[cold]
fn is_held(walk: Walk) -> bool {
    walk.held != 0
}

/// Describes a value that is held once more; `false` if it is not held.
#[cold]
fn describe_again(walk: Walk, index: usize) -> bool {
    if walk.held == 0 {
        return false;
    }
    // SAFETY: there are so many pairs; the reader asks for one value after the other
    let pairs = unsafe { slice::from_raw_parts_mut(walk.pairs, walk.count as usize) };
    if let Some(Pair { value, .. }) = pairs.get_mut(index) {
        if !value.sv.is_null() {
            *value = access::describe(value.sv);
        }
    }
    true
}

#[cold]
fn release(walk: Walk, watch: Watch, extra: Option<Box<Extra>>) {
    if walk.held != 0 {
        let (perl, _) = watch.running();
        // SAFETY: these counts were taken when the pairs were described
        unsafe { ffi::rp_hash_release(perl, walk.pairs, walk.count as usize) };
    }
    if let Some(extra) = extra {
        keep(&PAIRS, extra.list);
    }
}

impl Drop for Pairs {
    #[inline]
    fn drop(&mut self) {
        let (walk, extra) = (self.walk, self.extra.take());
        if walk.held != 0 || extra.is_some() {
            release(walk, self.watch, extra);
        }
        let (_, call) = self.watch.running();
        // SAFETY: the call that the room belongs to runs
        let call = unsafe { &*call };
        // others that still live keep theirs, and what is before it
        if call.pairs_used.get() == u32::from(walk.used) {
            call.pairs_used.set(u32::from(walk.used) - walk.count);
        }
    }
}

/// The characters of a key for the rest of the call, in place where possible.
#[inline]
pub(crate) fn borrow_key<'de>(key: &Key) -> Result<&'de str, TextError> {
    let node = key.node();
    if node.sv.is_null() {
        if let Some(text) = ascii::text(access::stored(&node)) {
            if fence::lend_key(key) {
                return Ok(text);
            }
        }
    }
    access::borrow_text(&node)
}
