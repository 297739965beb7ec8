#[perlmod_macro::package(name = "Foo")]
mod foo {
    // a line before
    #[export(xs_name = "a-b")]
    pub fn f() {}
}
