#[perlmod_macro::package(name = "Foo")]
mod foo {
    // a line before
    #[export]
    pub unsafe fn f() {}
}
