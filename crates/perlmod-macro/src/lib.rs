//! The attributes of perlmod: parse, check, expand.
//!
//! `attrs` reads the options, `model` what they apply to, `valid` refuses what
//! cannot work with one precise error each, `expand` writes the code.

#![forbid(unsafe_code)]

mod attrs;
mod expand;
mod model;
mod valid;

use proc_macro::TokenStream;

/// Makes a Perl package of an inline module.
///
/// - `name = "Foo::Bar"`: the package; required.
/// - `lib = "name"`: the library it is in; default is the package's name with `-` as `_`.
/// - `part`: the module only adds functions to the package of that name.
/// - `parts(crate::a, crate::b)`: the modules that do.
/// - `boot = path`: a function that runs once at bootstrap.
/// - `panics = "text"` or `"location"`: what exceptions and standard error tell of a panic.
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
    let package = model::Package::parse(options, syn::parse2(item)?)?;
    valid::check(&package)?;
    Ok(expand::package(&package))
}

/// Makes a sub of a function in a module with [`macro@package`].
///
/// - `name = "sub"`: its name in Perl.
/// - `prototype = "$$"`: instead of the one that follows from the parameters.
/// - `raw_return`: the `Value` that is returned is passed on untouched.
/// - `serialize_error`: an error is thrown as the value it serialises to.
///
/// Parameters may have `#[raw]` (a `Value`) or `#[try_from_ref]` (an object).
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
