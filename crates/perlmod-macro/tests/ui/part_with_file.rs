#[perlmod_macro::package(name = "Foo", part, file = "x.pm")]
mod foo {

}
