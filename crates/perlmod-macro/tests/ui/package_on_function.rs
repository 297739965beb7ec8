#[perlmod_macro::package(name = "Foo")]
fn foo() {}
