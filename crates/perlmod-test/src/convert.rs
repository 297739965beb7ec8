//! One function for each Rust type: what it got, as JSON text or a scalar.

#[perlmod::package(name = "PerlmodTest::Convert", lib = "perlmod_test")]
mod export {
    use std::collections::BTreeMap;

    use serde::{Deserialize, Serialize};
    use serde_json::Value as Json;

    /// Bytes on their way to Perl.
    struct Bytes(Vec<u8>);

    impl Serialize for Bytes {
        fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
            serializer.serialize_bytes(&self.0)
        }
    }

    #[export]
    fn i64(v: i64) -> i64 {
        v
    }
    #[export]
    fn u64(v: u64) -> u64 {
        v
    }
    #[export]
    fn i8(v: i8) -> i8 {
        v
    }
    #[export]
    fn u8(v: u8) -> u8 {
        v
    }
    #[export]
    fn u16(v: u16) -> u16 {
        v
    }
    #[export]
    fn i32(v: i32) -> i32 {
        v
    }
    #[export]
    fn i16(v: i16) -> i16 {
        v
    }
    #[export]
    fn u32(v: u32) -> u32 {
        v
    }
    #[export]
    fn i128(v: i128) -> String {
        v.to_string()
    }
    #[export]
    fn u128(v: u128) -> String {
        v.to_string()
    }
    #[export]
    fn f32(v: f32) -> f32 {
        v
    }
    #[export]
    fn one(v: (String,)) -> String {
        v.0
    }

    #[derive(Deserialize)]
    struct Keyed {
        #[serde(rename = "7")]
        seven: Option<String>,
    }

    #[export]
    fn record(v: Keyed) -> String {
        v.seven.unwrap_or_else(|| "none".to_string())
    }

    #[derive(Deserialize)]
    enum Choice {
        #[serde(rename = "abc")]
        Plain,
        #[serde(rename = "7")]
        Seven(String),
    }

    #[export]
    fn choice(v: Choice) -> String {
        match v {
            Choice::Plain => "plain".to_string(),
            Choice::Seven(text) => format!("seven {text}"),
        }
    }
    #[export]
    fn unit(v: ()) {
        v
    }
    #[export]
    fn f64(v: f64) -> f64 {
        v
    }
    #[export]
    fn bool(v: bool) -> bool {
        v
    }
    #[export]
    fn char(v: char) -> char {
        v
    }
    #[export]
    fn string(v: String) -> String {
        v
    }
    #[export]
    fn str(v: &str) -> String {
        v.to_string()
    }
    #[export]
    fn bytes(v: &[u8]) -> Bytes {
        Bytes(v.to_vec())
    }
    #[export]
    fn option(v: Option<String>) -> Option<String> {
        v
    }
    #[export]
    fn vec(v: Vec<i64>) -> String {
        let texts: Vec<String> = v.iter().map(i64::to_string).collect();
        texts.join(",")
    }
    #[export]
    fn numbers(v: Vec<i64>) -> Vec<i64> {
        v
    }
    #[export]
    fn strs(v: Vec<&str>) -> String {
        v.join("|")
    }
    #[export]
    fn tuple(v: (i64, String)) -> Vec<String> {
        vec![v.0.to_string(), v.1]
    }
    #[export]
    fn map(v: BTreeMap<u32, String>) -> String {
        let texts: Vec<String> = v.iter().map(|(k, v)| format!("{k} {v}")).collect();
        texts.join(",")
    }
    #[export]
    fn named(v: BTreeMap<u32, String>) -> BTreeMap<u32, String> {
        v
    }
    /// The keys of each hash, sorted.
    #[export]
    fn key_lists(v: Vec<std::collections::BTreeMap<&str, i64>>) -> Vec<Vec<&str>> {
        v.into_iter()
            .map(|keys| keys.into_keys().collect())
            .collect()
    }
    #[export]
    fn keys(v: std::collections::HashMap<&str, i64>) -> String {
        let mut keys: Vec<&str> = v.into_keys().collect();
        keys.sort_unstable();
        keys.join("|")
    }
    #[export]
    fn json(v: Json) -> Json {
        v
    }
    #[export]
    fn json_text(v: Json) -> String {
        v.to_string()
    }
    #[export]
    fn from_json(v: &str) -> Result<Json, String> {
        serde_json::from_str(v).map_err(|err| err.to_string())
    }

    #[derive(Debug, Deserialize, Serialize)]
    #[serde(rename_all = "kebab-case", deny_unknown_fields)]
    struct Struct {
        user_name: String,
        port: Option<u16>,
        #[serde(default)]
        tags: Vec<String>,
    }

    #[export]
    fn structure(v: Struct) -> Struct {
        v
    }

    #[derive(Deserialize, Serialize)]
    #[serde(rename_all = "kebab-case")]
    enum Shape {
        Point,
        Circle(f64),
        Rect(i64, i64),
        Named { name: String },
    }

    #[export]
    fn shape(v: Shape) -> Shape {
        v
    }

    #[export]
    fn nested(depth: usize) -> Json {
        (0..depth).fold(Json::Null, |inner, _| Json::Array(vec![inner]))
    }
}
