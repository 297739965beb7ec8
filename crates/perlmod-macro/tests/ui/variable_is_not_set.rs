#[perlmod_macro::package(name = "Foo::${PERLMOD_UI_MISSING}")]
mod foo {

}
