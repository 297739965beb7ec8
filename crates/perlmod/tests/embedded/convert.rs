//! Each kind of Rust's data model, there and back, and what is refused.

use std::collections::BTreeMap;
use std::fmt::Debug;

use perlmod::{Error, Value, from_ref_value, from_value, to_value};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use crate::perl;

#[derive(Debug, PartialEq, Serialize, Deserialize)]
struct Unit;

#[derive(Debug, PartialEq, Serialize, Deserialize)]
struct Wrapped(u16);

#[derive(Debug, PartialEq, Serialize, Deserialize)]
struct Pair(i8, String);

#[derive(Debug, PartialEq, Serialize, Deserialize)]
struct Named {
    flag: bool,
    letter: char,
    inner: Option<Box<Named>>,
}

#[derive(Debug, PartialEq, Serialize, Deserialize)]
enum Any {
    Nothing,
    One(f32),
    Two(u8, u8),
    More { text: String },
}

fn back<T: Serialize + DeserializeOwned + PartialEq + Debug>(data: T) {
    let value = to_value(&data).unwrap();
    assert_eq!(from_value::<T>(value), Ok(data));
}

fn refusal<T: DeserializeOwned + Debug>(value: Value) -> String {
    from_value::<T>(value).unwrap_err().to_string()
}

#[test]
fn each_kind_of_data_comes_back_equal() {
    perl::with(|| {
        back(true);
        back((i8::MIN, i16::MIN, i32::MIN, i64::MIN));
        back((u8::MAX, u16::MAX, u32::MAX, u64::MAX));
        back((1.5_f32, f64::MIN_POSITIVE));
        back(('a', '\u{fc}', '\u{10ffff}', '\0'));
        back(String::from("\u{fc}\u{263a}\0"));
        back((Some(5), None::<u8>));
        back(());
        back(Unit);
        back(Wrapped(7));
        back(Pair(-1, "x".into()));
        back(vec![vec![1], vec![]]);
        back(BTreeMap::from([(-5, "a".to_string()), (7, String::new())]));
        back(BTreeMap::from([("\u{fc}".to_string(), 1)]));
        back(vec![
            Any::Nothing,
            Any::One(0.5),
            Any::Two(1, 2),
            Any::More { text: "x".into() },
        ]);
        let inner = Named {
            flag: false,
            letter: 'i',
            inner: None,
        };
        back(Named {
            flag: true,
            letter: 'o',
            inner: Some(Box::new(inner)),
        });
    });
}

#[test]
fn text_and_bytes_are_borrowed() {
    perl::with(|| {
        let value = Value::new_string("a\u{263a}");
        assert_eq!(from_ref_value::<&str>(&value), Ok("a\u{263a}"));
        let value = Value::new_bytes(b"\xff\0");
        assert_eq!(from_ref_value::<&[u8]>(&value), Ok(&b"\xff\0"[..]));
        assert_eq!(from_ref_value::<&str>(&value), Ok("\u{ff}\0"));
        let value = Value::new_int(12);
        assert_eq!(from_ref_value::<&str>(&value), Ok("12"));
    });
}

#[test]
fn refusals_name_the_place() {
    perl::with(|| {
        let data = BTreeMap::from([("rows", vec![BTreeMap::from([("name", "x")])])]);
        let value = to_value(&data).unwrap();
        assert_eq!(
            refusal::<BTreeMap<String, Vec<BTreeMap<String, u8>>>>(value),
            "error: rows[0].name: invalid type: a string, expected u8"
        );
        assert_eq!(
            refusal::<u8>(Value::new_int(256)),
            "error: invalid value: integer `256`, expected u8"
        );
        assert_eq!(
            refusal::<(u8, u8)>(to_value(&[1]).unwrap()),
            "error: invalid length 1, expected a tuple of size 2"
        );
        assert_eq!(
            refusal::<Any>(Value::new_string("secret")),
            "error: unknown variant, expected one of: Nothing, One, Two, More"
        );
    });
}

#[test]
fn keys_are_texts_numbers_or_truths() {
    perl::with(|| {
        let keys = BTreeMap::from([(Some(true), 1)]);
        assert_eq!(
            from_value::<BTreeMap<String, u8>>(to_value(&keys).unwrap()),
            Ok(BTreeMap::from([("1".to_string(), 1)]))
        );
        let wrong: [Result<Value, Error>; 3] = [
            to_value(&BTreeMap::from([((), 1)])),
            to_value(&BTreeMap::from([(vec![1], 1)])),
            to_value(&BTreeMap::from([((1, 2), 1)])),
        ];
        for result in wrong {
            let text = result.unwrap_err().to_string();
            assert!(text.contains("a key of a hash must be"), "{text}");
        }
    });
}

#[test]
fn depth_is_bounded_both_ways() {
    #[derive(Serialize, Deserialize, Debug)]
    struct Deep(Vec<Deep>);
    fn deep(levels: usize) -> Deep {
        (1..levels).fold(Deep(vec![]), |inner, _| Deep(vec![inner]))
    }
    perl::with(|| {
        let value = to_value(&deep(128)).unwrap();
        let text = to_value(&deep(129)).unwrap_err().to_string();
        assert!(
            text.contains("data is nested deeper than 128 levels"),
            "{text}"
        );
        assert!(from_value::<Deep>(value.clone()).is_ok());
        let array = perlmod::Array::new();
        array.try_push(value).unwrap();
        let text = refusal::<Deep>(Value::new_ref(&array));
        assert!(
            text.contains("data is nested deeper than 128 levels"),
            "{text}"
        );
    });
}

#[test]
fn lengths_are_only_hints() {
    struct Boaster(usize);
    impl Serialize for Boaster {
        fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
            use serde::ser::SerializeSeq;
            let mut list = serializer.serialize_seq(Some(self.0))?;
            list.serialize_element(&1)?;
            list.end()
        }
    }
    perl::with(|| {
        for boast in [0, isize::MAX as usize / 16, isize::MAX as usize, usize::MAX] {
            let value = to_value(&Boaster(boast)).unwrap();
            assert_eq!(from_value::<Vec<u8>>(value), Ok(vec![1]));
        }
    });
}
