#[perlmod_macro::package(name = "Foo")]
mod foo {
    // a line before
    #[export(prototype = "two")]
    pub fn f() {}
}
