#[perlmod_macro::package(name = "Foo", part, lib = "x")]
mod foo {

}
