#[perlmod_macro::package(name = "Foo", part, write = true)]
mod foo {

}
