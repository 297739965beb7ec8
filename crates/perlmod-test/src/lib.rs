//! What the tests of the binding layer call from Perl.

#[perlmod::package(name = "PerlmodTest::Thin", lib = "perlmod_test")]
mod thin {
    #[export]
    fn add(a: i64, b: i64) -> i64 {
        a + b
    }

    #[export]
    fn greet(name: &str) -> String {
        format!("hello {name}")
    }

    #[export]
    fn fail(text: String) -> Result<(), String> {
        Err(text)
    }

    #[export]
    fn panic(text: String) {
        panic!("{text}")
    }
    #[export]
    fn json(v: serde_json::Value) -> serde_json::Value {
        v
    }
}
