#[perlmod_macro::export]
pub fn foo() {}
