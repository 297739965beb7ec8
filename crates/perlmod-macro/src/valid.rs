//! What cannot work is refused here, all of it at once, each with its place.

use std::collections::HashSet;

use syn::{Error, Ident, Visibility, spanned::Spanned};

use crate::env::{self, NonPub};
use crate::model::{Function, Package, Returns};

/// Checks a package; the error holds every mistake.
pub fn check(package: &mut Package) -> syn::Result<()> {
    let mut errors = Errors(None);
    let options = &package.options;
    if !is_package_name(&options.name.value()) {
        errors.add(Error::new(
            options.name.span(),
            "not the name of a Perl package",
        ));
    }
    if options.part {
        if let Some(first) = options.parts.first() {
            errors.add(Error::new_spanned(
                first,
                "a part cannot have parts of its own",
            ));
        }
        if let Some(boot) = &options.boot {
            errors.add(Error::new_spanned(
                boot,
                "a part has no boot: give it to the main module",
            ));
        }
        if let Some(lib) = &options.lib {
            errors.add(Error::new(
                lib.span(),
                "a part has no lib: give it to the main module",
            ));
        }
        if options.location_only {
            errors.add(Error::new(
                options.name.span(),
                "a part has no panics: give it to the main module",
            ));
        }
    }
    if options.part {
        for given in [&options.file].into_iter().flatten() {
            errors.add(Error::new(
                given.span(),
                "a part has no file: give it to the main module",
            ));
        }
        if options.write.is_some() {
            errors.add(Error::new(
                options.name.span(),
                "a part has no write: give it to the main module",
            ));
        }
    }
    if let Some(lib) = &options.lib {
        if !is_library_name(&lib.value()) {
            errors.add(Error::new(lib.span(), "not the name of a library"));
        }
    }
    package.warnings = check_visibility(package, &mut errors);
    let mut symbols = HashSet::new();
    let mut names = HashSet::new();
    for function in &package.functions {
        check_function(function, &mut errors);
        let symbol = function.symbol(&package.options.name.value());
        if !symbols.insert(symbol.clone()) {
            let text = format!("a symbol `{symbol}` is given twice");
            errors.add(Error::new(function.ident.span(), text));
        }
        for name in function.perl_names() {
            if !names.insert(name.clone()) {
                let text = format!("a sub `{name}` is exported twice");
                errors.add(Error::new(function.ident.span(), text));
            }
        }
    }
    errors.0.map_or(Ok(()), Err)
}

struct Errors(Option<Error>);

impl Errors {
    fn add(&mut self, error: Error) {
        match &mut self.0 {
            Some(first) => first.combine(error),
            None => self.0 = Some(error),
        }
    }
}

fn check_function(function: &Function, errors: &mut Errors) {
    let sig = &function.item.sig;
    if !sig.generics.params.is_empty() {
        errors.add(Error::new_spanned(
            &sig.generics,
            "an exported function cannot be generic: Perl passes one kind of value",
        ));
    }
    if let Some(asyncness) = &sig.asyncness {
        errors.add(Error::new(
            asyncness.span(),
            "an exported function cannot be async",
        ));
    }
    if let Some(unsafety) = &sig.unsafety {
        errors.add(Error::new(
            unsafety.span(),
            "an exported function cannot be unsafe",
        ));
    }
    if let Some(variadic) = &sig.variadic {
        errors.add(Error::new_spanned(
            variadic,
            "an exported function cannot be variadic",
        ));
    }
    for name in function.name_literals() {
        if !is_identifier(&name.value()) {
            errors.add(Error::new(name.span(), "not the name of a Perl sub"));
        }
    }
    if let Some(prototype) = &function.options.prototype {
        let known = |c: char| "$@%*&;\\[]_+ ".contains(c);
        if !prototype.value().chars().all(known) {
            errors.add(Error::new(prototype.span(), "not a prototype"));
        }
    }
    if let Some(name) = &function.options.xs_name {
        if !is_identifier(&name.value()) {
            errors.add(Error::new(name.span(), "not the name of a symbol"));
        }
    }
    if let Some(span) = function.options.serialize_error {
        if function.returns != Returns::Result {
            errors.add(Error::new(
                span,
                "serialize_error needs a function that returns a Result",
            ));
        }
    }
}

fn is_identifier(name: &str) -> bool {
    !name.is_empty()
        && !name.starts_with(|c: char| c.is_ascii_digit())
        && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
}

fn is_library_name(name: &str) -> bool {
    !name.is_empty()
        && name
            .chars()
            .all(|c| c.is_ascii_alphanumeric() || c == '_' || c == '-')
}

/// The exported functions to warn of as they are not `pub`.
fn check_visibility(package: &Package, errors: &mut Errors) -> Vec<Ident> {
    let hidden = package
        .functions
        .iter()
        .filter(|function| !matches!(function.item.vis, Visibility::Public(_)))
        .map(|function| function.ident.clone());
    match env::non_pub() {
        Ok(NonPub::Allow) => return Vec::new(),
        Ok(NonPub::Warn) => return hidden.collect(),
        Ok(NonPub::Deny) => {
            for ident in hidden {
                let text = format!("exported function `{ident}` is not pub");
                errors.add(Error::new(ident.span(), text));
            }
        }
        Err(value) => {
            let text = format!("{} is `{value}`, not allow, warn or deny", env::NON_PUB);
            errors.add(Error::new(package.options.name.span(), text));
        }
    }
    Vec::new()
}

fn is_package_name(name: &str) -> bool {
    name.split("::").all(is_identifier)
}
