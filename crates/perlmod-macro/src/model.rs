//! A package, its functions and their parameters, as far as expansion needs them.

use syn::{FnArg, Ident, Item, ItemFn, ItemMod, LitStr, Pat, ReturnType, Type};

use crate::attrs::{ExportOptions, PackageOptions, Passing};

/// A module with `#[package]`, its own attributes taken out.
pub struct Package {
    pub options: PackageOptions,
    pub module: ItemMod,
    pub functions: Vec<Function>,
    /// Functions that the compiler warns of.
    pub warnings: Vec<Ident>,
}

/// A function with `#[export]`.
pub struct Function {
    pub options: ExportOptions,
    pub ident: Ident,
    pub parameters: Vec<Parameter>,
    pub returns: Returns,
    /// The function, for checks.
    pub item: ItemFn,
}

/// A parameter of an exported function.
pub struct Parameter {
    pub name: String,
    pub ty: Type,
    pub passing: Passing,
    pub optional: bool,
}

/// What a function's type says about its result.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Returns {
    Value,
    Result,
}

impl Package {
    pub fn parse(options: PackageOptions, mut module: ItemMod) -> syn::Result<Self> {
        let Some((_, items)) = &mut module.content else {
            return Err(syn::Error::new_spanned(
                &module,
                "#[package] works on an inline module: `mod name { ... }`",
            ));
        };
        let mut functions = Vec::new();
        for item in items {
            let Item::Fn(function) = item else {
                continue;
            };
            if let Some(options) = ExportOptions::take(&mut function.attrs)? {
                functions.push(Function::parse(options, function)?);
            }
        }
        Ok(Self {
            options,
            module,
            functions,
            warnings: Vec::new(),
        })
    }
}

impl Function {
    fn parse(options: ExportOptions, item: &mut ItemFn) -> syn::Result<Self> {
        let mut parameters = Vec::new();
        for input in &mut item.sig.inputs {
            match input {
                FnArg::Receiver(receiver) => {
                    return Err(syn::Error::new_spanned(
                        receiver,
                        "an exported function cannot take self: use #[try_from_ref] this: &Type",
                    ));
                }
                FnArg::Typed(typed) => {
                    let passing = Passing::take(&mut typed.attrs)?;
                    let name = match &*typed.pat {
                        Pat::Ident(pat) if pat.by_ref.is_none() && pat.subpat.is_none() => {
                            pat.ident.to_string()
                        }
                        other => {
                            return Err(syn::Error::new_spanned(
                                other,
                                "a parameter of an exported function is a plain identifier",
                            ));
                        }
                    };
                    parameters.push(Parameter {
                        name: name.trim_start_matches("r#").to_string(),
                        ty: (*typed.ty).clone(),
                        passing,
                        optional: is_named(&typed.ty, "Option"),
                    });
                }
            }
        }
        let returns = match &item.sig.output {
            ReturnType::Type(_, ty) if is_named(ty, "Result") => Returns::Result,
            _ => Returns::Value,
        };
        Ok(Self {
            options,
            ident: item.sig.ident.clone(),
            parameters,
            returns,
            item: item.clone(),
        })
    }

    /// The sub's name, without its package.
    pub fn perl_name(&self) -> String {
        match &self.options.name {
            Some(name) => name.value(),
            None => self.ident.to_string().trim_start_matches("r#").to_string(),
        }
    }

    /// The sub's name and its alias.
    pub fn perl_names(&self) -> impl Iterator<Item = String> {
        let alias = self.options.alias.as_ref().map(LitStr::value);
        std::iter::once(self.perl_name()).chain(alias)
    }

    /// The parameters that are arguments in Perl.
    pub fn arguments(&self) -> impl DoubleEndedIterator<Item = &Parameter> {
        self.parameters
            .iter()
            .filter(|parameter| parameter.passing != Passing::Sub)
    }

    /// The symbol that perl's side may call, of a function in this package.
    pub fn symbol(&self, package: &str) -> String {
        match &self.options.xs_name {
            Some(name) => name.value(),
            None => {
                let function = self.ident.to_string();
                let function = function.trim_start_matches("r#");
                format!("xs_{}_{function}", package.replace("::", "__"))
            }
        }
    }

    /// The sub's prototype: `$` for each argument, `;` before the optional ones at the end.
    pub fn prototype(&self) -> String {
        if let Some(prototype) = &self.options.prototype {
            return prototype.value();
        }
        let optional = self
            .arguments()
            .rev()
            .take_while(|argument| argument.optional)
            .count();
        let required = self.arguments().count() - optional;
        let mut prototype = "$".repeat(required);
        if optional > 0 {
            prototype.push(';');
            prototype.push_str(&"$".repeat(optional));
        }
        prototype
    }

    /// Where errors about the sub's names belong.
    pub fn name_literals(&self) -> impl Iterator<Item = &LitStr> {
        self.options.name.iter().chain(&self.options.alias)
    }
}

/// Whether a type is literally called so, with or without a path.
fn is_named(ty: &Type, name: &str) -> bool {
    match ty {
        Type::Path(path) => {
            path.qself.is_none()
                && path
                    .path
                    .segments
                    .last()
                    .is_some_and(|segment| segment.ident == name)
        }
        Type::Group(group) => is_named(&group.elem, name),
        _ => false,
    }
}
