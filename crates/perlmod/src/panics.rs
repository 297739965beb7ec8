//! What becomes of a panic: its text and place, or its place alone.
//!
//! Panic texts quote data (slicing a string inside a character prints the
//! string). A package with `panics = "location"` switches the whole library to
//! file and line, in exceptions and on standard error. Each library has its own
//! copy of the standard library, so the hook concerns that library alone.

use std::any::Any;
use std::cell::RefCell;
use std::io::Write as _;
use std::panic::{self, AssertUnwindSafe, PanicHookInfo};
use std::sync::Once;
use std::sync::atomic::{AtomicBool, Ordering};

static HOOK: Once = Once::new();
static LOCATION_ONLY: AtomicBool = AtomicBool::new(false);

thread_local! {
    static PLACE: RefCell<String> = const { RefCell::new(String::new()) };
}

/// Panics of this library tell their place, never their text, from now on.
pub(crate) fn location_only() {
    LOCATION_ONLY.store(true, Ordering::Relaxed);
}

/// Notes the place of each panic. Installed once for the library's life.
pub(crate) fn install_hook() {
    HOOK.call_once(|| {
        let previous = panic::take_hook();
        panic::set_hook(Box::new(move |info| {
            let place = place_of(info);
            if LOCATION_ONLY.load(Ordering::Relaxed) {
                // standard error may be closed; there is nobody else to tell
                let _ = writeln!(std::io::stderr(), "rust function panicked at {place}");
            } else {
                previous(info);
            }
            let _ = PLACE.try_with(|slot| {
                if let Ok(mut slot) = slot.try_borrow_mut() {
                    *slot = place;
                }
            });
        }));
    });
}

fn place_of(info: &PanicHookInfo<'_>) -> String {
    match info.location() {
        Some(place) => format!("{} line {}", place.file(), place.line()),
        None => "an unknown place".to_string(),
    }
}

/// The text of the exception that stands for a panic.
pub(crate) fn exception(payload: Box<dyn Any + Send>) -> String {
    let place = PLACE.with_borrow_mut(std::mem::take);
    let place = if place.is_empty() {
        "an unknown place".to_string()
    } else {
        place
    };
    let mut message = format!("rust function panicked at {place}");
    if !LOCATION_ONLY.load(Ordering::Relaxed) {
        let text = match payload.downcast_ref::<&str>() {
            Some(text) => Some(*text),
            None => payload.downcast_ref::<String>().map(String::as_str),
        };
        if let Some(text) = text {
            message.push_str(": ");
            message.push_str(text);
        }
    }
    message.push('\n');
    discard(payload);
    message
}

/// Drops a panic's payload, whose own drop may panic.
pub(crate) fn discard(payload: Box<dyn Any + Send>) {
    if let Err(second) = panic::catch_unwind(AssertUnwindSafe(|| drop(payload))) {
        // what is not a text could panic again, and again
        if !second.is::<&str>() && !second.is::<String>() {
            std::mem::forget(second);
        }
    }
}
