//! Whole containers, described in one call each.
//!
//! The descriptions go to buffers that a thread uses again: containers are many
//! and mostly small. Stale entries are never read.

use std::cell::Cell;
use std::thread::LocalKey;

use crate::fence;
use crate::ffi::{self, Key, Node, Pair};
use crate::text::TextError;
use crate::value::{Scalar, access, ascii};

/// Elements described at once.
const PIECE: usize = 32;
/// A new buffer's length.
const FIRST: usize = 16;
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
    pub(crate) fn has(&self, index: usize) -> bool {
        index < self.count
    }

    #[inline]
    pub(crate) fn get(&self, index: usize) -> Option<&Node> {
        if !self.has(index) {
            return None;
        }
        self.list.get(index)
    }
}

impl Drop for Nodes {
    #[inline]
    fn drop(&mut self) {
        keep(&NODES, std::mem::take(&mut self.list));
    }
}

/// The pairs of a plain hash.
pub(crate) struct Pairs {
    list: Vec<Pair>,
    count: usize,
    /// Keys and values are held, as code may run while they are read.
    pub(crate) held: bool,
}

impl Pairs {
    pub(crate) fn of(hv: &Scalar) -> Self {
        let mut pairs = Self {
            list: take(&PAIRS),
            count: 0,
            held: false,
        };
        let mut count = pairs.fill(hv);
        if count > pairs.list.len() {
            pairs.list.resize(count.max(FIRST), Pair::EMPTY);
            count = pairs.fill(hv);
        }
        pairs.count = count;
        pairs
    }

    fn fill(&mut self, hv: &Scalar) -> usize {
        let mut held = 0;
        let (list, max) = (self.list.as_mut_ptr(), self.list.len());
        // SAFETY: there is room for `max` pairs
        let count = unsafe { ffi::rp_hash_pairs(fence::perl(), hv.as_raw(), list, max, &mut held) };
        self.held = held != 0;
        count
    }

    #[inline]
    pub(crate) fn get(&self, index: usize) -> Option<&Pair> {
        if index >= self.count {
            return None;
        }
        self.list.get(index)
    }

    pub(crate) fn get_mut(&mut self, index: usize) -> Option<&mut Pair> {
        if index >= self.count {
            return None;
        }
        self.list.get_mut(index)
    }

    #[inline]
    pub(crate) fn len(&self) -> usize {
        self.count
    }
}

impl Drop for Pairs {
    #[inline]
    fn drop(&mut self) {
        if self.held {
            // SAFETY: `rp_hash_pairs` took these counts
            unsafe { ffi::rp_hash_release(fence::perl(), self.list.as_mut_ptr(), self.count) };
        }
        keep(&PAIRS, std::mem::take(&mut self.list));
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
