//! The attributes of perlmod: parse, check, expand.
//!
//! `attrs` reads the options, `model` what they apply to, `valid` refuses what
//! cannot work with one precise error each, `expand` writes the code, `write` the
//! `.pm` of a package where one is asked for.

#![forbid(unsafe_code)]

mod attrs;
mod env;
mod expand;
mod model;
mod valid;
mod write;

use proc_macro::TokenStream;

/// Makes a Perl package of an inline module.
///
/// - `name = "Foo::Bar"`: the package; required.
/// - `lib = "name"`: the library it is in; default is the crate's name with `-` as `_`.
/// - `file = "lib/Foo/Bar.pm"`: has a `.pm` written there when the crate is compiled; it
///   finds and loads the library. Relative to the crate.
/// - `write = true`: the same, with the package's own path. `PERLMOD_WRITE_PACKAGES=1`
///   in the environment does it for every package without `write = false`.
/// - `part`: the module only adds functions to the package of that name.
/// - `parts(crate::a, crate::b)`: the modules that do.
/// - `boot = path`: a function that runs once at bootstrap.
/// - `panics = "text"` or `"location"`: what exceptions and standard error tell of a panic.
///
/// `${NAME}` in `name`, `lib` and `file` stands for an environment variable.
/// `PERLMOD_NON_PUB_EXPORTS` is `allow` (the default), `warn` or `deny`: how exported
/// functions that are not `pub` are taken.
#[proc_macro_attribute]
pub fn package(options: TokenStream, item: TokenStream) -> TokenStream {
    run(options.into(), item.into())
        .unwrap_or_else(|err| err.to_compile_error())
        .into()
}

fn run(
    options: proc_macro2::TokenStream,
    item: proc_macro2::TokenStream,
) -> syn::Result<proc_macro2::TokenStream> {
    let options = syn::parse2::<attrs::PackageOptions>(options)?;
    let mut package = model::Package::parse(options, syn::parse2(item)?)?;
    valid::check(&mut package)?;
    write::package(&package)?;
    Ok(expand::package(&package))
}

/// Makes a sub of a function in a module with [`macro@package`].
///
/// - `name = "sub"`: its name in Perl.
/// - `alias = "sub"`: a second name in Perl.
/// - `xs_name = "symbol"`: the library's symbol for it; default is `xs_`, the package
///   with `__` for `::`, `_` and the function's name.
/// - `prototype = "$$"`: instead of the one that follows from the parameters: a `$` for
///   each, and `;` before the `Option`s at the end.
/// - `raw_return`: the `Value` that is returned is passed on untouched.
/// - `serialize_error`: an error is thrown as the value it serialises to.
/// - `errno`: what the function passed to `set_errno` is in `$!` afterwards.
///
/// Parameters may have `#[raw]` (a `Value`), `#[try_from_ref]` (an object) or `#[cv]`
/// (the sub that runs, a `Value` or a `&CV`; it is no argument in Perl).
#[proc_macro_attribute]
pub fn export(_: TokenStream, item: TokenStream) -> TokenStream {
    let place = match syn::parse::<syn::ItemFn>(item) {
        Ok(function) => function.sig.ident.span(),
        Err(err) => return err.to_compile_error().into(),
    };
    syn::Error::new(
        place,
        "#[export] works inside a module with #[perlmod::package]",
    )
    .to_compile_error()
    .into()
}

#[cfg(test)]
mod tests;
