#[perlmod_macro::package(name = "Foo")]
mod foo {
    // a line before
    #[export]
    pub fn f((a, b): (u8, u8)) {}
}
