#[perlmod_macro::package(lib = "x")]
mod foo {
    #[export]
    pub fn f() {}
}
