#[perlmod_macro::package(name = "Foo Bar")]
mod foo {

}
