#[perlmod_macro::package(name = "Foo")]
mod foo {
    // a line before
    #[export(errno, errno)]
    pub fn f() {}
}
