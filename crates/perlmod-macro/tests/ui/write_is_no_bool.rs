#[perlmod_macro::package(name = "Foo", write = "yes")]
mod foo {

}
