//! Expansion and refusals, as plain functions.

use proc_macro2::TokenStream;
use quote::quote;

use crate::run;

fn expand(options: TokenStream, item: TokenStream) -> String {
    match run(options, item) {
        Ok(tokens) => {
            syn::parse2::<syn::File>(tokens.clone()).expect("the expansion is Rust");
            tokens.to_string()
        }
        Err(err) => panic!("refused: {err}"),
    }
}

/// Each error's text, with the source it points at.
fn refusals(options: TokenStream, item: TokenStream) -> Vec<String> {
    match run(options, item) {
        Ok(_) => Vec::new(),
        Err(errors) => errors.into_iter().map(|err| err.to_string()).collect(),
    }
}

fn package(functions: TokenStream) -> Vec<String> {
    refusals(quote! { name = "Foo" }, quote! { mod foo { #functions } })
}

#[test]
fn a_main_module_gets_a_table_a_boot_symbol_and_a_note() {
    let text = expand(
        quote! { name = "Foo::Bar" },
        quote! { mod bar { #[export(name = "baz")] fn qux(a: i64, b: Option<String>) {} } },
    );
    assert!(
        text.contains("c\"Foo::Bar::baz\""),
        "the sub's name: {text}"
    );
    assert!(text.contains("c\"$;$\""), "the prototype: {text}");
    assert!(text.contains("boot_Foo__Bar"), "the boot symbol: {text}");
    assert!(text.contains(".note.perlmod.package"), "the note: {text}");
    assert!(
        text.contains("location_only : false"),
        "panics tell their text: {text}"
    );
    assert!(
        !text.contains("export (name"),
        "the attribute is taken out: {text}"
    );
}

#[test]
fn an_alias_is_one_more_entry_behind_all_functions() {
    let text = expand(
        quote! { name = "Foo" },
        quote! { mod foo { #[export(alias = "old")] fn new() {} #[export] fn other() {} } },
    );
    assert!(text.contains("; 3usize"), "{text}");
    let at = |name: &str| text.find(name).unwrap_or_else(|| panic!("{name}: {text}"));
    assert!(at("c\"Foo::new\"") < at("c\"Foo::other\""), "{text}");
    assert!(at("c\"Foo::other\"") < at("c\"Foo::old\""), "{text}");
}

#[test]
fn an_alias_must_be_free_and_a_name() {
    let twice = package(quote! { #[export(alias = "b")] fn a() {} #[export] fn b() {} });
    assert_eq!(twice, ["a sub `b` is exported twice"]);
    let none = package(quote! { #[export(alias = "b c")] fn a() {} });
    assert_eq!(none, ["not the name of a Perl sub"]);
}

#[test]
fn a_part_gets_its_table_alone() {
    let text = expand(
        quote! { name = "Foo", part },
        quote! { pub mod more { #[perlmod::export] fn f() {} } },
    );
    assert!(text.contains("__PERLMOD_EXPORTS"), "the table: {text}");
    assert!(!text.contains("boot_Foo"), "no boot symbol: {text}");
    assert!(!text.contains(".note"), "no note: {text}");
}

#[test]
fn a_main_module_refers_to_its_parts_and_its_boot_function() {
    let text = expand(
        quote! { name = "Foo", parts(crate::a, crate::b), boot = crate::start, panics = "location" },
        quote! { mod foo {} },
    );
    assert!(text.contains("& crate :: a :: __PERLMOD_EXPORTS , & crate :: b :: __PERLMOD_EXPORTS"));
    assert!(text.contains("crate :: start ()"), "{text}");
    assert!(text.contains("location_only : true"), "{text}");
}

#[test]
fn each_parameter_is_passed_as_its_attribute_says() {
    let text = expand(
        quote! { name = "Foo" },
        quote! { mod foo {
            #[export(raw_return)]
            fn f(#[raw] a: Value, #[try_from_ref] b: &Thing, c: u8, d: Option<u8>) -> Value { a }
        } },
    );
    assert!(
        text.contains("args . raw (0usize , \"a\" , false)"),
        "{text}"
    );
    assert!(text.contains("args . object (1usize , \"b\")"), "{text}");
    assert!(
        text.contains("args . convert (2usize , \"c\" , false)"),
        "{text}"
    );
    assert!(
        text.contains("args . convert (3usize , \"d\" , true)"),
        "{text}"
    );
    assert!(text.contains("Into :: into (result)"), "{text}");
    assert!(
        text.contains("fn f (a : Value , b : & Thing , c : u8"),
        "taken out: {text}"
    );
}

#[test]
fn functions_without_the_attribute_stay_as_they_are() {
    let text = expand(
        quote! { name = "Foo" },
        quote! { mod foo { fn helper<T>(t: T) -> T { t } } },
    );
    assert!(!text.contains("__perlmod_entry"), "{text}");
}

#[test]
fn prototypes_follow_from_the_parameters() {
    for (parameters, prototype) in [
        (quote! {}, "c\"\""),
        (quote! { a: u8, b: u8 }, "c\"$$\""),
        (quote! { a: Option<u8> }, "c\";$\""),
        (quote! { a: Option<u8>, b: u8 }, "c\"$$\""),
        (
            quote! { a: u8, b: std::option::Option<u8>, c: Option<u8> },
            "c\"$;$$\"",
        ),
        (quote! { #[cv] sub: Value, a: u8 }, "c\"$\""),
        (quote! { a: u8, b: Option<u8>, #[cv] sub: &CV }, "c\"$;$\""),
    ] {
        let text = expand(
            quote! { name = "Foo" },
            quote! { mod foo { #[export] fn f(#parameters) {} } },
        );
        assert!(
            text.contains(&format!("prototype : {prototype}")),
            "{prototype}: {text}"
        );
    }
}

#[test]
fn options_are_refused_by_name() {
    let module = quote! { mod foo {} };
    for (options, error) in [
        (
            quote! {},
            "package needs a name: #[package(name = \"Foo::Bar\")]",
        ),
        (
            quote! { name = "Foo", name = "Bar" },
            "option is given twice",
        ),
        (
            quote! { name = "Foo", nmae = "x" },
            "unknown option, expected one of: name, lib, file, write, part, parts, boot, panics",
        ),
        (
            quote! { name = "Foo Bar" },
            "not the name of a Perl package",
        ),
        (quote! { name = "" }, "not the name of a Perl package"),
        (
            quote! { name = "Foo", panics = "loud" },
            "panics is \"text\" or \"location\"",
        ),
        (
            quote! { name = "Foo", part, parts(crate::a) },
            "a part cannot have parts of its own",
        ),
        (
            quote! { name = "Foo", part, boot = f },
            "a part has no boot: give it to the main module",
        ),
        (
            quote! { name = "Foo", part, lib = "x" },
            "a part has no lib: give it to the main module",
        ),
    ] {
        assert_eq!(refusals(options, module.clone()), [error]);
    }
}

#[test]
fn only_inline_modules_are_packages() {
    let errors = refusals(quote! { name = "Foo" }, quote! { mod foo; });
    assert_eq!(
        errors,
        ["#[package] works on an inline module: `mod name { ... }`"]
    );
    assert!(!refusals(quote! { name = "Foo" }, quote! { fn foo() {} }).is_empty());
}

#[test]
fn functions_that_cannot_work_are_refused() {
    let unsafety = quote::format_ident!("unsafe");
    for (function, error) in [
        (
            quote! { #[export] fn f<T>(a: T) {} },
            "an exported function cannot be generic: Perl passes one kind of value",
        ),
        (
            quote! { #[export] async fn f() {} },
            "an exported function cannot be async",
        ),
        (
            quote! { #[export] #unsafety fn f() {} },
            "an exported function cannot be unsafe",
        ),
        (
            quote! { #[export] fn f(&self) {} },
            "an exported function cannot take self: use #[try_from_ref] this: &Type",
        ),
        (
            quote! { #[export] fn f((a, b): (u8, u8)) {} },
            "a parameter of an exported function is a plain identifier",
        ),
        (
            quote! { #[export] fn f(#[raw] #[try_from_ref] a: Value) {} },
            "a parameter has one of #[raw], #[try_from_ref] and #[cv], once",
        ),
        (
            quote! { #[export(name = "1x")] fn f() {} },
            "not the name of a Perl sub",
        ),
        (
            quote! { #[export] #[export] fn f() {} },
            "#[export] is given twice",
        ),
        (
            quote! { #[export(serialize_error)] fn f() {} },
            "serialize_error needs a function that returns a Result",
        ),
        (
            quote! { #[export(loud)] fn f() {} },
            "unknown option, expected one of: \
             name, xs_name, alias, prototype, raw_return, serialize_error, errno",
        ),
        (
            quote! { #[export] fn f() {} #[export(name = "f")] fn g() {} },
            "a sub `f` is exported twice",
        ),
    ] {
        assert_eq!(package(function), [error]);
    }
}

#[test]
fn every_mistake_is_told_at_once() {
    let unsafety = quote::format_ident!("unsafe");
    let errors = package(quote! { #[export] async fn f() {} #[export] #unsafety fn g() {} });
    assert_eq!(errors.len(), 2, "{errors:?}");
}
