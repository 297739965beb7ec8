//! A library of another product, for tests that load two into one process.

#[perlmod::package(name = "PerlmodOther::Sums", lib = "perlmod_other")]
mod sums {
    #[export]
    fn sum(numbers: Vec<i64>) -> i64 {
        numbers.iter().sum()
    }

    #[export]
    fn fail() -> Result<(), String> {
        Err("the other library failed".to_string())
    }

    #[export]
    #[allow(clippy::panic)]
    fn panic() {
        panic!("the other library panicked")
    }
}
