#[perlmod_macro::package(name = "Foo", panics = "loud")]
mod foo {

}
