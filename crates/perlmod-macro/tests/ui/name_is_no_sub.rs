#[perlmod_macro::package(name = "Foo")]
mod foo {
    // a line before
    #[export(name = "1x")]
    pub fn f() {}
}
