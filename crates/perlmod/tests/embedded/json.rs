//! Any data goes to Perl and comes back equal. Data is random; a failure shows
//! the seed, and `PERLMOD_SEED` repeats it. `SOAK` runs many more.

use std::env;
use std::fs::File;
use std::io::Read;

use perlmod::{from_value, to_value};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Number, Value as Json, json};

use crate::perl;

/// SplitMix64: small, and any seed will do.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    fn below(&mut self, n: u64) -> u64 {
        self.next() % n
    }

    /// Numbers near the edges of each width as often as any others.
    fn bits(&mut self) -> u64 {
        let width = self.below(65);
        let edge = if width == 64 { 0 } else { 1_u64 << width };
        match self.below(4) {
            0 => self.next(),
            1 => edge.wrapping_sub(1),
            2 => edge.wrapping_add(self.below(3)),
            _ => 0_u64.wrapping_sub(edge).wrapping_add(self.below(3)),
        }
    }

    fn float(&mut self) -> f64 {
        loop {
            let float = match self.below(3) {
                0 => f64::from_bits(self.next()),
                1 => self.bits() as i64 as f64,
                _ => self.below(1000) as f64 / 10.0,
            };
            if float.is_finite() {
                return float;
            }
        }
    }

    fn text(&mut self) -> String {
        (0..self.below(12))
            .map(|_| {
                loop {
                    let limit = [0x80, 0x100, 0x1_0000, 0x11_0000][self.below(4) as usize];
                    if let Some(c) = char::from_u32(self.below(limit) as u32) {
                        return c;
                    }
                }
            })
            .collect()
    }

    fn json(&mut self, depth: u64) -> Json {
        let kinds = if depth == 0 { 5 } else { 7 };
        match self.below(kinds) {
            0 => Json::Null,
            1 => Json::Number((self.bits() as i64).into()),
            2 => Json::Number(self.bits().into()),
            3 => Number::from_f64(self.float()).map_or(Json::Null, Json::Number),
            4 => Json::String(self.text()),
            5 => (0..self.below(6)).map(|_| self.json(depth - 1)).collect(),
            _ => Json::Object(
                (0..self.below(6))
                    .map(|_| (self.text(), self.json(depth - 1)))
                    .collect::<Map<_, _>>(),
            ),
        }
    }
}

fn seed() -> u64 {
    if let Ok(seed) = env::var("PERLMOD_SEED") {
        return seed.parse().unwrap();
    }
    let mut bytes = [0; 8];
    let mut source = File::open("/dev/urandom").unwrap();
    source.read_exact(&mut bytes).unwrap();
    u64::from_ne_bytes(bytes)
}

/// Runs a check with many random sources, each with a seed of its own.
fn repeat(count: u32, check: impl Fn(&mut Random, u64) + 'static) {
    let count = if env::var_os("SOAK").is_some() {
        count * 100
    } else {
        count
    };
    perl::with(move || {
        let mut seeds = Random(seed());
        for _ in 0..count {
            let seed = seeds.0;
            check(&mut Random(seed), seed);
            seeds.next();
        }
    });
}

#[test]
fn any_json_comes_back_equal() {
    repeat(2000, |random, seed| {
        let json = random.json(6);
        let back: Json = from_value(to_value(&json).unwrap()).unwrap();
        assert_eq!(back, json, "PERLMOD_SEED={seed}");
    });
}

/// Bools go to Perl as 0 and 1, for all of its versions.
#[test]
fn any_bool_comes_back_as_a_number() {
    perl::with(|| {
        for (bool, number) in [(false, 0), (true, 1)] {
            let json = json!({ "a": [bool, { "b": bool }] });
            let back: Json = from_value(to_value(&json).unwrap()).unwrap();
            assert_eq!(back, json!({ "a": [number, { "b": number }] }));
            assert_eq!(from_value(to_value(&bool).unwrap()), Ok(bool));
        }
    });
}

/// A struct of which a random choice of fields is written.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
struct Row {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    a: Option<String>,
    #[serde(default, rename = "\u{fc}", skip_serializing_if = "Option::is_none")]
    latin: Option<i64>,
    #[serde(default, rename = "\u{65e5}", skip_serializing_if = "Option::is_none")]
    wide: Option<f64>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    rows: Vec<Row>,
}

impl Random {
    fn row(&mut self, depth: u64) -> Row {
        Row {
            a: (self.below(4) > 0).then(|| self.text()),
            latin: (self.below(4) > 0).then(|| self.bits() as i64),
            wide: (self.below(4) > 0).then(|| self.float()),
            rows: match depth {
                0 => Vec::new(),
                _ => self.rows(depth - 1),
            },
        }
    }

    /// Many of the same fields behind each other, as most lists are.
    fn rows(&mut self, depth: u64) -> Vec<Row> {
        let mut rows = Vec::new();
        for _ in 0..self.below(4) {
            let row = self.row(depth);
            for _ in 0..self.below(4) {
                rows.push(row.clone());
            }
        }
        rows
    }
}

#[test]
fn any_structs_come_back_equal() {
    repeat(1000, |random, seed| {
        let rows = random.rows(2);
        let back: Vec<Row> = from_value(to_value(&rows).unwrap()).unwrap();
        assert_eq!(back, rows, "PERLMOD_SEED={seed}");
    });
}

#[test]
fn any_number_comes_back_with_the_same_bits() {
    repeat(20_000, |random, seed| {
        let bits = random.bits();
        let signed: i64 = from_value(to_value(&(bits as i64)).unwrap()).unwrap();
        let unsigned: u64 = from_value(to_value(&bits).unwrap()).unwrap();
        let float = f64::from_bits(random.next());
        let same: f64 = from_value(to_value(&float).unwrap()).unwrap();
        assert_eq!(signed, bits as i64, "PERLMOD_SEED={seed}");
        assert_eq!(unsigned, bits, "PERLMOD_SEED={seed}");
        assert!(
            same.to_bits() == float.to_bits() || same.is_nan() && float.is_nan(),
            "{float:?} PERLMOD_SEED={seed}"
        );
    });
}

#[test]
fn a_number_as_text_is_the_same_number() {
    repeat(20_000, |random, seed| {
        let bits = random.bits();
        let text = to_value(&bits.to_string()).unwrap();
        assert_eq!(from_value::<u64>(text), Ok(bits), "PERLMOD_SEED={seed}");
        let signed = bits as i64;
        let text = to_value(&signed.to_string()).unwrap();
        assert_eq!(from_value::<i64>(text), Ok(signed), "PERLMOD_SEED={seed}");
        let float = random.float();
        let text = to_value(&float.to_string()).unwrap();
        assert_eq!(from_value::<f64>(text), Ok(float), "PERLMOD_SEED={seed}");
    });
}

#[test]
fn what_does_not_fit_is_refused_and_never_wrapped() {
    repeat(20_000, |random, seed| {
        let bits = random.bits();
        let value = to_value(&bits).unwrap();
        assert_eq!(
            from_value::<i64>(value.clone()).ok(),
            i64::try_from(bits).ok(),
            "PERLMOD_SEED={seed}"
        );
        assert_eq!(
            from_value::<u8>(value.clone()).ok(),
            u8::try_from(bits).ok(),
            "PERLMOD_SEED={seed}"
        );
        assert_eq!(
            from_value::<i32>(value).ok(),
            i32::try_from(bits).ok(),
            "PERLMOD_SEED={seed}"
        );
        let float = random.float();
        let whole = from_value::<i64>(to_value(&float).unwrap()).ok();
        let fits = float.fract() == 0.0 && (-2_f64.powi(63)..2_f64.powi(63)).contains(&float);
        assert_eq!(
            whole,
            fits.then_some(float as i64),
            "{float:?} PERLMOD_SEED={seed}"
        );
    });
}
