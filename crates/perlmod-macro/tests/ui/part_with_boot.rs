#[perlmod_macro::package(name = "Foo", part, boot = start)]
mod foo {

}
