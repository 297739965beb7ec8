#[perlmod_macro::package(name = "Foo", lib = "a/b")]
mod foo {

}
