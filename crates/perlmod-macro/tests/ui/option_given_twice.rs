#[perlmod_macro::package(name = "Foo", name = "Bar")]
mod foo {

}
