// with PERLMOD_NON_PUB_EXPORTS=deny
#[perlmod_macro::package(name = "Foo")]
mod foo {
    // a line before
    #[export]
    pub fn f() {}
    #[export]
    fn g() {}
}
