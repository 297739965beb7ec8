//! Before, outside and after an interpreter.

use std::cell::RefCell;
use std::panic::catch_unwind;

use perlmod::{Array, Error, Hash, Scalar, Value, to_value};

use crate::perl;

thread_local! {
    static KEPT: RefCell<Vec<Value>> = const { RefCell::new(Vec::new()) };
}

fn refusal(body: fn()) -> String {
    let payload = catch_unwind(body).unwrap_err();
    let text = payload.downcast_ref::<&str>().map(ToString::to_string);
    text.or_else(|| payload.downcast_ref::<String>().cloned())
        .unwrap_or_default()
}

fn refused() {
    const WORDS: &str = "perl is not available in this thread";
    assert_eq!(refusal(|| drop(Scalar::new_undef())), WORDS);
    assert_eq!(refusal(|| drop(Value::new_string("x"))), WORDS);
    assert_eq!(refusal(|| drop(Array::new())), WORDS);
    assert_eq!(refusal(|| drop(Hash::new())), WORDS);
    assert_eq!(refusal(|| drop(to_value(&vec![1]))), WORDS);
    assert_eq!(
        refusal(|| {
            perlmod::wantarray();
        }),
        WORDS
    );
    // an error needs no perl
    assert_eq!(Error::new("text").to_string(), "error: text");
}

#[test]
fn without_an_interpreter_perl_is_refused() {
    refused();
}

#[test]
fn another_thread_has_no_interpreter() {
    perl::with(|| {
        std::thread::spawn(refused).join().unwrap();
        assert!(Value::new_undef().is_undef(), "this one has");
    });
}

#[test]
fn after_the_interpreter_perl_is_refused_again() {
    perl::with(|| drop(Value::new_int(1)));
    refused();
}

#[test]
fn values_that_outlive_their_interpreter_are_left_alone() {
    std::thread::spawn(|| {
        perl::with(|| {
            KEPT.with_borrow_mut(|kept| {
                kept.push(Value::new_hash());
                kept.push(Value::new_ref(&Value::new_int(1)));
            });
        });
        // the holds go when this thread ends
    })
    .join()
    .unwrap();
}

#[test]
fn many_interpreters_one_after_the_other() {
    for _ in 0..20 {
        perl::with(|| {
            let value = to_value(&vec!["a", "b"]).unwrap();
            assert_eq!(perlmod::from_value::<Vec<String>>(value).unwrap().len(), 2);
        });
    }
}
