#[perlmod_macro::package(name = "Foo")]
mod foo {
    // a line before
    #[export]
    pub async fn f() {}
    #[export]
    pub unsafe fn g() {}
}
