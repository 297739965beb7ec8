//! Values without serde: constructors, references, containers, magic.

use std::cell::Cell;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::rc::Rc;

use perlmod::{Array, Hash, MagicSpec, MagicTag, Scalar, Value, from_value};

use crate::perl;

fn int(value: Value) -> i64 {
    from_value(value).unwrap()
}

#[test]
fn constructors_sort_into_variants() {
    perl::with(|| {
        for scalar in [
            Value::new_undef(),
            Value::new_int(-1),
            Value::new_uint(usize::MAX),
            Value::new_float(0.5),
            Value::new_string("x"),
            Value::new_bytes(b"\xff"),
        ] {
            assert!(matches!(
                Value::from_scalar(scalar.into_scalar()),
                Value::Scalar(_)
            ));
        }
        let hash = Value::new_hash();
        let reference = Value::new_ref(&hash);
        assert!(matches!(
            Value::from_scalar(reference.clone().into_scalar()),
            Value::Reference(_)
        ));
        assert!(matches!(reference.dereference(), Some(Value::Hash(_))));
        assert!(matches!(
            Value::new_ref(&Array::new()).dereference(),
            Some(Value::Array(_))
        ));
        assert!(Value::new_undef().is_undef() && !Value::new_int(0).is_undef());
        assert!(Value::new_int(0).dereference().is_none());
    });
}

#[test]
fn truths_are_perls_own() {
    perl::with(|| {
        assert_eq!(from_value(Scalar::new_yes().into()), Ok(true));
        assert_eq!(from_value(Scalar::new_no().into()), Ok(false));
        assert_eq!(from_value(Scalar::new_no().into()), Ok(String::new()));
    });
}

#[test]
fn pointers_come_back() {
    perl::with(|| {
        let mut number = 5_u8;
        let value = Value::new_pointer(&raw mut number);
        assert_eq!(value.pv_raw::<u8>(), Ok(&raw mut number));
        assert!(Value::new_string("x").pv_raw::<u8>().is_err());
    });
}

#[test]
fn arrays_and_hashes_hold_what_is_put_in() {
    perl::with(|| {
        let array = Array::new();
        assert!(array.is_empty() && array.get(0).is_none());
        for more in [
            10,
            isize::MAX as usize / 16,
            isize::MAX as usize,
            usize::MAX,
        ] {
            array.reserve(more);
        }
        for i in 0..100 {
            array.try_push(Value::new_int(i)).unwrap();
        }
        assert_eq!(array.len(), 100);
        assert_eq!(array.get(99).map(int), Some(99));
        assert!(array.get(100).is_none() && array.get(usize::MAX).is_none());

        let hash = Hash::new();
        for key in ["a", "\u{fc}", "\u{263a}", ""] {
            hash.try_insert(key, Value::new_int(1)).unwrap();
            hash.try_insert(key, Value::new_int(2)).unwrap();
            assert_eq!(hash.get(key).map(int), Some(2), "{key:?}");
        }
        assert_eq!(hash.len(), 4);
        assert!(hash.get("b").is_none());
        assert!(Array::try_from(hash.clone().into_scalar()).is_err());
        assert!(Hash::try_from(array.into_scalar()).is_err());
    });
}

#[test]
fn only_references_are_blessed() {
    perl::with(|| {
        assert!(Value::new_int(1).bless("Some::Class").is_err());
        let reference = Value::new_ref(&Value::new_hash());
        assert!(reference.bless("Some::Class").is_ok());
        assert!(reference.bless_sv(&Value::new_string("Another")).is_ok());
        assert!(reference.bless_sv(&reference).is_err());
    });
}

struct Counter(Rc<Cell<u32>>);

impl Drop for Counter {
    fn drop(&mut self) {
        self.0.set(self.0.get() + 1);
    }
}

static TAG: MagicTag<Box<Counter>> = MagicTag::DEFAULT;
static OTHER: MagicTag<Box<Counter>> = MagicTag::DEFAULT;
const SPEC: MagicSpec<'static, 'static, Box<Counter>> = MagicSpec::of(&TAG);

#[test]
fn magic_is_found_under_its_tag_and_dropped_once() {
    let drops = Rc::new(Cell::new(0));
    let counted = Rc::clone(&drops);
    perl::with(move || {
        let hash = Value::new_hash();
        assert!(hash.find_magic(&SPEC).is_none());
        hash.add_magic(SPEC.with_value(Box::new(Counter(Rc::clone(&counted)))));
        assert!(hash.find_magic(&SPEC).is_some());
        assert!(hash.find_magic(&MagicSpec::of(&OTHER)).is_none());
        assert!(Value::new_hash().find_magic(&SPEC).is_none());
        let again = catch_unwind(AssertUnwindSafe(|| {
            hash.add_magic(SPEC.with_value(Box::new(Counter(Rc::clone(&counted)))));
        }));
        assert!(again.is_err(), "a second value of a tag ends the call");
        assert_eq!(counted.get(), 1, "and is dropped");
    });
    assert_eq!(drops.get(), 2, "perl has dropped the other");
}
