#[perlmod_macro::package(name = "Foo")]
mod foo {
    // a line before
    #[export(serialize_error)]
    pub fn f() -> u8 { 1 }
}
