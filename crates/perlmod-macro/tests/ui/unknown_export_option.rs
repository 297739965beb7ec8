#[perlmod_macro::package(name = "Foo")]
mod foo {
    // a line before
    #[export(loud)]
    pub fn f() {}
}
