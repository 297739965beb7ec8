#[perlmod_macro::package(name = "Foo")]
mod foo {
    // a line before
    #[export]
    pub fn f(#[raw] #[cv] a: Value) {}
}
