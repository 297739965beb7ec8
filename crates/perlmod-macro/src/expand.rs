//! Writes the code of a package: the module as it was, an entry for each
//! exported function, the table of them, and for a main module the boot symbol
//! and the ELF note.

use proc_macro2::{Span, TokenStream};
use quote::{format_ident, quote, quote_spanned};
use syn::{Ident, LitCStr, spanned::Spanned};

use crate::attrs::Passing;
use crate::env;
use crate::model::{Function, Package, Parameter, Returns};

pub fn package(package: &Package) -> TokenStream {
    let module = &package.module;
    let (attrs, vis, ident) = (&module.attrs, &module.vis, &module.ident);
    let items = module.content.iter().flat_map(|(_, items)| items);
    let entries = package.functions.iter().map(entry);
    let table = table(package);
    let variables = package
        .options
        .variables
        .iter()
        .map(String::as_str)
        .chain([env::NON_PUB, env::WRITE]);
    let warnings = package.warnings.iter().map(warning);
    let main = if package.options.part {
        TokenStream::new()
    } else {
        main(package)
    };
    quote! {
        #(#attrs)*
        #vis mod #ident {
            #(#items)*
            #(#entries)*
            #table
            #main
            // the compiler looks again when one of these changes
            #(const _: ::core::option::Option<&str> = ::core::option_env!(#variables);)*
            #(#warnings)*
        }
    }
}

/// A warning that points at a function: stable macros have no other way.
fn warning(ident: &Ident) -> TokenStream {
    let note = format!("exported function `{ident}` is not pub");
    quote_spanned! { ident.span() =>
        const _: () = {
            #[deprecated(note = #note)]
            #[allow(non_upper_case_globals)]
            const exported: () = ();
            exported
        };
    }
}

fn c_literal(text: &str) -> LitCStr {
    // names have been checked to be free of NUL
    let text = std::ffi::CString::new(text).unwrap_or_default();
    LitCStr::new(&text, Span::call_site())
}

fn entry_ident(function: &Function) -> Ident {
    format_ident!("__perlmod_entry_{}", function.ident)
}

/// The function that perl's side calls for one exported function.
fn entry(function: &Function) -> TokenStream {
    let entry = entry_ident(function);
    let ident = &function.ident;
    let perl_name = function.perl_name();
    let count = function.arguments().count();
    let mut at = 0;
    let conversions = function
        .parameters
        .iter()
        .enumerate()
        .map(|(index, parameter)| {
            let conversion = argument(index, at, parameter);
            at += usize::from(parameter.passing != Passing::Sub);
            conversion
        })
        .collect::<Vec<_>>();
    let arguments = (0..function.parameters.len()).map(local);
    let enter = if function.options.errno {
        quote! { ::perlmod::__private__::enter_errno }
    } else {
        quote! { ::perlmod::__private__::enter }
    };
    let call = quote_spanned! { ident.span() => #ident(#(#arguments),*) };
    let finish = match (function.returns, function.options.raw_return) {
        (_, true) => quote! { ::core::result::Result::Ok(::core::convert::Into::into(result)) },
        (_, false) => quote! { ::perlmod::__private__::to_returned(&result, args) },
    };
    let fail = if function.options.serialize_error.is_some() {
        quote! { ::perlmod::__private__::Thrown::serialized(&err) }
    } else {
        quote! { ::perlmod::__private__::Thrown::display(&err) }
    };
    let body = match function.returns {
        Returns::Value => quote! {
            let result = #call;
            #finish
        },
        Returns::Result => quote! {
            match #call {
                ::core::result::Result::Ok(result) => #finish,
                ::core::result::Result::Err(err) => ::core::result::Result::Err(#fail),
            }
        },
    };
    quote! {
        #[allow(non_snake_case, clippy::let_unit_value, clippy::unit_arg)]
        extern "C" fn #entry(call: &mut ::perlmod::__private__::Call) -> ::core::ffi::c_int {
            #enter(call, |args| {
                args.at_most(#count, #perl_name)?;
                #(#conversions)*
                #body
            })
        }
    }
}

fn local(index: usize) -> Ident {
    Ident::new(&format!("argument_{index}"), Span::mixed_site())
}

/// The value of parameter `index`, which is argument `at`.
fn argument(index: usize, at: usize, parameter: &Parameter) -> TokenStream {
    let local = local(index);
    let Parameter {
        name, ty, optional, ..
    } = parameter;
    match parameter.passing {
        Passing::Serde => quote_spanned! { ty.span() =>
            let #local: #ty = args.convert(#at, #name, #optional)?;
        },
        Passing::Raw => quote_spanned! { ty.span() =>
            let #local: #ty = args.raw(#at, #name, #optional)?;
        },
        Passing::Sub => {
            let value = Ident::new(&format!("value_{index}"), Span::mixed_site());
            quote_spanned! { ty.span() =>
                let #value = args.sub();
                let #local: #ty = ::perlmod::__private__::FromSub::from_sub(&#value);
            }
        }
        Passing::TryFromRef => {
            let value = Ident::new(&format!("value_{index}"), Span::mixed_site());
            quote_spanned! { ty.span() =>
                let #value = args.object(#at, #name)?;
                let #local: #ty = match ::core::convert::TryFrom::try_from(&#value.0) {
                    ::core::result::Result::Ok(object) => object,
                    ::core::result::Result::Err(err) => {
                        return ::core::result::Result::Err(
                            ::perlmod::__private__::Thrown::display(&err),
                        );
                    }
                };
            }
        }
    }
}

fn table(package: &Package) -> TokenStream {
    let name = package.options.name.value();
    // aliases last: the symbols below count the functions
    let names = package.functions.iter().map(|f| (f, f.perl_name()));
    let aliases = package
        .functions
        .iter()
        .filter_map(|f| Some((f, f.options.alias.as_ref()?.value())));
    let subs: Vec<_> = names.chain(aliases).collect();
    let count = subs.len();
    let exports = subs.iter().map(|(function, sub)| {
        let full = c_literal(&format!("{name}::{sub}"));
        let prototype = c_literal(&function.prototype());
        let entry = entry_ident(function);
        quote! {
            ::perlmod::__private__::Export {
                name: #full.as_ptr(),
                file: ::core::concat!(::core::file!(), "\0").as_ptr().cast(),
                prototype: #prototype.as_ptr(),
                entry: #entry,
            }
        }
    });
    let symbols = package
        .functions
        .iter()
        .enumerate()
        .map(|(index, function)| {
            let symbol = Ident::new(&function.symbol(&name), function.ident.span());
            quote! { ::perlmod::__xs!(#symbol, __PERLMOD_EXPORTS, #index); }
        });
    quote! {
        #(#symbols)*
        #[doc(hidden)]
        pub(crate) const __PERLMOD_NAME: &str = #name;
        #[doc(hidden)]
        pub(crate) static __PERLMOD_EXPORTS: [::perlmod::__private__::Export; #count] =
            [#(#exports),*];
    }
}

fn main(package: &Package) -> TokenStream {
    let options = &package.options;
    let name = options.name.value();
    let parts = &options.parts;
    let checks = parts.iter().map(|part| {
        let text = format!("this part belongs to another package than {name}");
        quote_spanned! { part.span() =>
            const _: () = ::core::assert!(
                ::perlmod::__private__::same(#part::__PERLMOD_NAME, #name),
                #text
            );
        }
    });
    let tables = parts.iter().map(|part| {
        quote_spanned! { part.span() => &#part::__PERLMOD_EXPORTS }
    });
    let location_only = options.location_only;
    let (boot_entry, boot) = match &options.boot {
        None => (TokenStream::new(), quote! { ::core::option::Option::None }),
        Some(path) => boot(&name, path),
    };
    let symbol = format_ident!("boot_{}", name.replace("::", "__"));
    let note_size = name.len().next_multiple_of(4);
    quote! {
        #(#checks)*
        #boot_entry
        static __PERLMOD_PACKAGE: ::perlmod::__private__::Package =
            ::perlmod::__private__::Package {
                exports: &[&__PERLMOD_EXPORTS, #(#tables),*],
                boot: #boot,
                booted: ::core::sync::atomic::AtomicBool::new(false),
                location_only: #location_only,
            };
        ::perlmod::__boot!(#symbol, __PERLMOD_PACKAGE);
        #[used]
        #[unsafe(link_section = ".note.perlmod.package")]
        static __PERLMOD_NOTE: ::perlmod::__private__::ElfNote<#note_size> =
            ::perlmod::__private__::ElfNote::new(#name);
    }
}

/// The entry of a boot function, and how the package refers to it.
fn boot(name: &str, path: &syn::Path) -> (TokenStream, TokenStream) {
    let full = c_literal(&format!("{name}::(boot)"));
    let call = quote_spanned! { path.span() => #path() };
    let entry = quote! {
        extern "C" fn __perlmod_boot_entry(
            call: &mut ::perlmod::__private__::Call,
        ) -> ::core::ffi::c_int {
            ::perlmod::__private__::enter(call, |_| {
                let () = #call;
                ::core::result::Result::Ok(::perlmod::__private__::Returned::Nothing)
            })
        }
    };
    let export = quote! {
        ::core::option::Option::Some(::perlmod::__private__::Export {
            name: #full.as_ptr(),
            file: ::core::concat!(::core::file!(), "\0").as_ptr().cast(),
            prototype: ::core::ptr::null(),
            entry: __perlmod_boot_entry,
        })
    };
    (entry, export)
}
