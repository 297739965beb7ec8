#[perlmod_macro::package(name = "Foo", part, panics = "location")]
mod foo {

}
