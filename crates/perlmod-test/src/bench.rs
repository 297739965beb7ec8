//! What `make bench` compares with the same functions written in C
//! (benches/xs) and with JSON::XS.

#[perlmod::package(name = "PerlmodTest::Bench", lib = "perlmod_test")]
mod export {
    use std::hint::black_box;
    use std::sync::{LazyLock, Mutex};

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

    /// Structs with three fields, there and back; and copies of such as Perl
    /// gave once, which are what no conversion is faster than.
    macro_rules! rows {
        ($($row:ident $field:ident $kept:ident;)+) => {$(
            #[derive(Clone, Deserialize, Serialize)]
            struct $row {
                name: String,
                $field: String,
                port: u32,
            }
            static $kept: Mutex<Vec<$row>> = Mutex::new(Vec::new());
        )+};
    }

    rows! {
        User mail USERS;
        Target comment TARGETS;
    }

    static JSON: Mutex<serde_json::Value> = Mutex::new(serde_json::Value::Null);

    #[export]
    fn users(rows: Vec<User>) -> Vec<User> {
        rows
    }
    #[export]
    fn targets(rows: Vec<Target>) -> Vec<Target> {
        rows
    }
    #[export]
    fn keep_json(rows: serde_json::Value) {
        *JSON.lock().unwrap() = rows;
    }
    #[export]
    fn keep_users(rows: Vec<User>) {
        *USERS.lock().unwrap() = rows;
    }
    #[export]
    fn keep_targets(rows: Vec<Target>) {
        *TARGETS.lock().unwrap() = rows;
    }
    #[export]
    fn clone_json() {
        black_box(JSON.lock().unwrap().clone());
    }
    #[export]
    fn clone_users() {
        black_box(USERS.lock().unwrap().clone());
    }
    #[export]
    fn clone_targets() {
        black_box(TARGETS.lock().unwrap().clone());
    }
}
