//! Names, prototypes, numbers of arguments, forms of results; one Perl package
//! from two modules.

#[perlmod::package(
    name = "PerlmodTest::Calls",
    lib = "perlmod_test",
    parts(crate::calls::more)
)]
mod export {
    use perlmod::Value;

    #[export]
    fn nothing() {}
    #[export]
    fn add(a: i64, b: i64) -> i64 {
        a + b
    }
    #[export]
    fn optional(a: i64, b: Option<i64>, c: Option<String>) -> String {
        format!("{a} {b:?} {c:?}")
    }
    #[export]
    fn gap(a: Option<i64>, b: i64) -> String {
        format!("{a:?} {b}")
    }
    #[export(name = "renamed")]
    fn original() -> &'static str {
        "renamed"
    }
    #[export]
    fn pair() -> (i64, String) {
        (1, "two".to_string())
    }
    #[export]
    #[allow(clippy::type_complexity)]
    fn dozen() -> (u8, u8, u8, u8, u8, u8, u8, u8, u8, u8, u8, u8) {
        (1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12)
    }
    #[export]
    fn none() -> Option<i64> {
        None
    }
    #[export]
    fn list() -> Vec<i64> {
        vec![1, 2, 3]
    }
    #[export]
    fn context() -> bool {
        perlmod::wantarray()
    }
    #[export]
    fn fails(text: String) -> Result<i64, String> {
        Err(text)
    }
    #[export]
    fn unit_result(ok: bool) -> Result<(), String> {
        if ok {
            Ok(())
        } else {
            Err("not ok".to_string())
        }
    }

    /// An error with a cause, which only the alternate form tells.
    struct Caused;

    impl std::fmt::Display for Caused {
        fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
            f.write_str(if f.alternate() {
                "it failed: the cause"
            } else {
                "it failed"
            })
        }
    }

    #[export]
    fn caused() -> Result<(), Caused> {
        Err(Caused)
    }

    #[derive(serde::Serialize)]
    struct Problem {
        code: u16,
        message: String,
    }

    #[export(serialize_error)]
    fn problem(code: u16, message: String) -> Result<(), Problem> {
        Err(Problem { code, message })
    }
    #[export(serialize_error)]
    fn plain_problem() -> Result<(), String> {
        Err("a plain text".to_string())
    }

    #[export(raw_return)]
    fn raw(#[raw] value: Value) -> Value {
        value
    }
    #[export(raw_return)]
    fn raw_pair(#[raw] a: Value, #[raw] b: Value) -> Result<(Value, Value), String> {
        Ok((b, a))
    }
}

#[perlmod::package(name = "PerlmodTest::Calls", part)]
pub mod more {
    #[export]
    fn from_the_part() -> &'static str {
        "part"
    }
}
