#[perlmod_macro::package(name = "Foo", nmae = "x")]
mod foo {

}
