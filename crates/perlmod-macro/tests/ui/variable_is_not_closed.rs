#[perlmod_macro::package(name = "Foo::${X")]
mod foo {

}
