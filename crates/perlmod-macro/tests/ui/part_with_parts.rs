#[perlmod_macro::package(name = "Foo", part, parts(crate::a))]
mod foo {

}
