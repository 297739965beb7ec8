#[perlmod_macro::package(name = "Foo")]
mod foo {
    // a line before
    #[export]
    #[export]
    pub fn f() {}
}
