#[perlmod_macro::package(name = "Foo", file = "/dev/null/Foo.pm")]
mod foo {

}
