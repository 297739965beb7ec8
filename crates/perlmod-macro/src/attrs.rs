//! The options of the attributes, each accepted once.

use proc_macro2::Span;
use syn::meta::ParseNestedMeta;
use syn::parse::{Parse, ParseStream, Parser};
use syn::{Attribute, Ident, LitBool, LitStr, Path, Token};

use crate::env;

/// Options of `#[package]`.
pub struct PackageOptions {
    pub name: LitStr,
    pub lib: Option<LitStr>,
    pub file: Option<LitStr>,
    pub write: Option<bool>,
    pub part: bool,
    pub parts: Vec<Path>,
    pub boot: Option<Path>,
    pub location_only: bool,
    /// Environment variables that the options name.
    pub variables: Vec<String>,
}

/// Options of `#[export]`.
#[derive(Default)]
pub struct ExportOptions {
    pub name: Option<LitStr>,
    pub xs_name: Option<LitStr>,
    pub alias: Option<LitStr>,
    pub prototype: Option<LitStr>,
    pub raw_return: bool,
    pub errno: bool,
    pub serialize_error: Option<Span>,
}

/// How a parameter gets its value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Passing {
    Serde,
    Raw,
    TryFromRef,
    Sub,
}

fn once<T>(slot: &mut Option<T>, value: T, meta: &ParseNestedMeta) -> syn::Result<()> {
    if slot.replace(value).is_some() {
        return Err(meta.error("option is given twice"));
    }
    Ok(())
}

impl Parse for PackageOptions {
    fn parse(input: ParseStream) -> syn::Result<Self> {
        let mut name = None;
        let mut lib = None;
        let mut file = None;
        let mut write = None;
        let mut part = None;
        let mut parts = None;
        let mut boot = None;
        let mut panics = None;
        let parser = syn::meta::parser(|meta| match word(&meta).as_str() {
            "name" => once(&mut name, meta.value()?.parse::<LitStr>()?, &meta),
            "lib" => once(&mut lib, meta.value()?.parse::<LitStr>()?, &meta),
            "file" => once(&mut file, meta.value()?.parse::<LitStr>()?, &meta),
            "write" => once(&mut write, meta.value()?.parse::<LitBool>()?.value, &meta),
            "part" => once(&mut part, (), &meta),
            "parts" => {
                let content;
                syn::parenthesized!(content in meta.input);
                let list = content.parse_terminated(Path::parse_mod_style, Token![,])?;
                once(&mut parts, list.into_iter().collect(), &meta)
            }
            "boot" => once(&mut boot, meta.value()?.parse::<Path>()?, &meta),
            "panics" => once(&mut panics, meta.value()?.parse::<LitStr>()?, &meta),
            _ => Err(meta.error(
                "unknown option, expected one of: \
                 name, lib, file, write, part, parts, boot, panics",
            )),
        });
        let tokens: proc_macro2::TokenStream = input.parse()?;
        parser.parse2(tokens)?;
        let Some(name) = name else {
            return Err(syn::Error::new(
                Span::call_site(),
                "package needs a name: #[package(name = \"Foo::Bar\")]",
            ));
        };
        let location_only = match &panics {
            None => false,
            Some(choice) => match choice.value().as_str() {
                "text" => false,
                "location" => true,
                _ => {
                    return Err(syn::Error::new(
                        choice.span(),
                        "panics is \"text\" or \"location\"",
                    ));
                }
            },
        };
        let mut variables = Vec::new();
        let mut expand = |literal: LitStr| env::expand(&literal, &mut variables);
        Ok(Self {
            name: expand(name)?,
            lib: lib.map(&mut expand).transpose()?,
            file: file.map(&mut expand).transpose()?,
            write,
            part: part.is_some(),
            parts: parts.unwrap_or_default(),
            boot,
            location_only,
            variables,
        })
    }
}

fn word(meta: &ParseNestedMeta) -> String {
    meta.path
        .get_ident()
        .map(Ident::to_string)
        .unwrap_or_default()
}

/// Whether an attribute is `name` or `perlmod::name`.
fn is(attr: &Attribute, name: &str) -> bool {
    let segments = &attr.path().segments;
    match segments.len() {
        1 => attr.path().is_ident(name),
        2 => {
            segments
                .first()
                .is_some_and(|first| first.ident == "perlmod")
                && segments.last().is_some_and(|last| last.ident == name)
        }
        _ => false,
    }
}

impl ExportOptions {
    /// Takes `#[export]` out of a function's attributes.
    pub fn take(attrs: &mut Vec<Attribute>) -> syn::Result<Option<Self>> {
        let Some(at) = attrs.iter().position(|attr| is(attr, "export")) else {
            return Ok(None);
        };
        let attr = attrs.remove(at);
        if let Some(second) = attrs.iter().find(|attr| is(attr, "export")) {
            return Err(syn::Error::new_spanned(second, "#[export] is given twice"));
        }
        let mut options = Self::default();
        if matches!(attr.meta, syn::Meta::Path(_)) {
            return Ok(Some(options));
        }
        let mut raw_return = None;
        let mut errno = None;
        attr.parse_nested_meta(|meta| match word(&meta).as_str() {
            "name" => once(&mut options.name, meta.value()?.parse()?, &meta),
            "xs_name" => once(&mut options.xs_name, meta.value()?.parse()?, &meta),
            "alias" => once(&mut options.alias, meta.value()?.parse()?, &meta),
            "errno" => once(&mut errno, (), &meta),
            "prototype" => once(&mut options.prototype, meta.value()?.parse()?, &meta),
            "raw_return" => once(&mut raw_return, (), &meta),
            "serialize_error" => {
                let span = syn::spanned::Spanned::span(&meta.path);
                once(&mut options.serialize_error, span, &meta)
            }
            _ => Err(meta.error(
                "unknown option, expected one of: \
                 name, xs_name, alias, prototype, raw_return, serialize_error, errno",
            )),
        })?;
        options.raw_return = raw_return.is_some();
        options.errno = errno.is_some();
        Ok(Some(options))
    }
}

impl Passing {
    /// Takes `#[raw]`, `#[try_from_ref]` or `#[cv]` out of a parameter's attributes.
    pub fn take(attrs: &mut Vec<Attribute>) -> syn::Result<Self> {
        let mut passing = None;
        let mut error = None;
        attrs.retain(|attr| {
            let found = if is(attr, "raw") {
                Self::Raw
            } else if is(attr, "try_from_ref") {
                Self::TryFromRef
            } else if is(attr, "cv") {
                Self::Sub
            } else {
                return true;
            };
            if passing.replace(found).is_some() {
                error = Some(syn::Error::new_spanned(
                    attr,
                    "a parameter has one of #[raw], #[try_from_ref] and #[cv], once",
                ));
            }
            false
        });
        error.map_or(Ok(passing.unwrap_or(Self::Serde)), Err)
    }
}
