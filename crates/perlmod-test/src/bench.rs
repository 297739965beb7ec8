//! What `make bench` compares with the same functions written in C
//! (benches/xs) and with JSON::XS.

#[perlmod::package(name = "PerlmodTest::Bench", lib = "perlmod_test")]
mod export {
    use std::sync::LazyLock;

    use serde::{Deserialize, Serialize};

    static ASCII: LazyLock<String> = LazyLock::new(|| "a".repeat(1_000_000));

    #[export]
    fn empty() {}
    #[export]
    fn add(a: i64, b: i64) -> i64 {
        a.wrapping_add(b)
    }
    #[export]
    fn string(text: &str) -> &str {
        text
    }
    #[export]
    fn owned_string(text: String) -> String {
        text
    }
    #[export]
    fn fails() -> Result<(), String> {
        Err("it failed".to_string())
    }
    #[export]
    #[allow(clippy::panic)]
    fn panics() {
        panic!("it failed")
    }
    #[export]
    fn ascii() -> &'static str {
        ASCII.as_str()
    }
    #[export]
    fn json(rows: serde_json::Value) -> serde_json::Value {
        rows
    }

    #[derive(Deserialize, Serialize)]
    struct Row {
        name: String,
        mail: String,
        port: u32,
    }

    #[export]
    fn rows(rows: Vec<Row>) -> Vec<Row> {
        rows
    }
}
