// with PERLMOD_NON_PUB_EXPORTS=perhaps
#[perlmod_macro::package(name = "Foo")]
mod foo {
    // a line before
    #[export]
    fn g() {}
}
