#[perlmod_macro::package(name = "Foo")]
mod foo {
    // a line before
    #[export(xs_name = "x")]
    pub fn f() {}
    #[export(xs_name = "x")]
    pub fn g() {}
}
