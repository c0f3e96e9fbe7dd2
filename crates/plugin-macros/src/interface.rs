//! `derive(Interface)`: the name of a table that packs and hosts offer to each other, and what
//! each of its fields is made of, for the check on both sides.

use proc_macro2::{Group, Ident, Span, TokenStream, TokenTree};
use quote::{quote, quote_spanned, ToTokens};
use syn::spanned::Spanned;
use syn::{
    Attribute, Data, DeriveInput, Field, Fields, GenericArgument, LitStr, PathArguments,
    ReturnType, Type, TypeBareFn,
};

use crate::docs::Errors;

const SHAPE: &str = "an interface is a struct with named fields: functions, and data beside them";

const EXTERN: &str = "a function of an interface is an `extern \"C\" fn`";

pub(crate) fn expand(item: TokenStream) -> syn::Result<TokenStream> {
    let input: DeriveInput = syn::parse2(item)?;
    let mut errors = Errors::default();
    let name = read_name(&input, &mut errors);
    check_repr(&input, &mut errors);
    if !input.generics.params.is_empty() {
        errors.at(&input.generics, "an interface is known by its name, so it cannot be generic");
    }
    let mut fields = Vec::new();
    match &input.data {
        Data::Struct(data) => match &data.fields {
            Fields::Named(named) => {
                fields = named
                    .named
                    .iter()
                    .map(|field| write_field(field, &input.ident, &mut errors))
                    .collect();
            }
            Fields::Unnamed(_) | Fields::Unit => errors.at(&input.ident, SHAPE),
        },
        Data::Enum(_) | Data::Union(_) => errors.at(&input.ident, SHAPE),
    }
    errors.finish()?;

    let ident = &input.ident;
    let private = quote!(::terrace_plugin_api::__private);
    // A type that is not `Sync` is shown at the struct.
    let place = Span::call_site().located_at(ident.span());
    let (head, named) = (
        quote_spanned!(place=> unsafe impl ::terrace_plugin_api::Interface for #ident),
        quote!(const NAME: &'static str = #name;),
    );
    Ok(quote! {
        // SAFETY: `repr(C)`, and each field is described as it is declared.
        #[automatically_derived]
        #[allow(deprecated, clippy::all, clippy::pedantic, clippy::allow_attributes)]
        #head {
            #named
            const LAYOUT: &'static #private::InterfaceLayout = {
                const FIELDS: &[#private::InterfaceField] = &[#(#fields),*];
                &#private::InterfaceLayout::of::<#ident>(FIELDS)
            };
        }
    })
}

/// The name of `#[interface(name = "…/1")]`.
fn read_name(input: &DeriveInput, errors: &mut Errors) -> String {
    let mut name = None;
    for attr in input.attrs.iter().filter(|attr| attr.path().is_ident("interface")) {
        let result = attr.parse_nested_meta(|meta| {
            if !meta.path.is_ident("name") {
                return Err(meta.error("an interface takes `name = \"gates/1\"`"));
            }
            let text: LitStr = meta.value()?.parse()?;
            if !is_name(&text.value()) {
                let message = format!(
                    "`{}` cannot be the name of an interface: it takes lower-case ASCII letters, digits, `_`, `-` and `.`, then `/` and its version, as in `circuit.gates/1`",
                    text.value()
                );
                return Err(syn::Error::new(text.span(), message));
            }
            name = Some(text.value());
            Ok(())
        });
        if let Err(error) = result {
            errors.push(error);
            name.get_or_insert_with(String::new);
        }
    }
    if name.is_none() {
        let message = "the interface has no name; write `#[interface(name = \"circuit.gates/1\")]`";
        errors.at(&input.ident, message);
    }
    name.unwrap_or_default()
}

fn is_name(text: &str) -> bool {
    let (name, version) = text.rsplit_once('/').unwrap_or((text, ""));
    let letter =
        |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || matches!(c, '_' | '-' | '.');
    let number = !version.is_empty()
        && !version.starts_with('0')
        && version.chars().all(|c| c.is_ascii_digit());
    name.starts_with(|c: char| c.is_ascii_lowercase())
        && name.chars().all(letter)
        && number
        && text.len() <= 128
}

fn check_repr(input: &DeriveInput, errors: &mut Errors) {
    let (mut is_c, mut other) = (false, None);
    for attr in input.attrs.iter().filter(|attr| attr.path().is_ident("repr")) {
        let result = attr.parse_nested_meta(|meta| {
            if meta.path.is_ident("C") {
                is_c = true;
            } else {
                other = Some(meta.path.to_token_stream());
                let _: Option<Group> = meta.input.parse()?;
            }
            Ok(())
        });
        if let Err(error) = result {
            errors.push(error);
        }
    }
    if let Some(other) = other {
        errors.at(other, "an interface is `#[repr(C)]` and nothing else");
    } else if !is_c {
        let message =
            "the fields of an interface must lie as they are written: put `#[repr(C)]` on it";
        errors.at(&input.ident, message);
    }
}

/// What a field is made of.
fn write_field(field: &Field, owner: &Ident, errors: &mut Errors) -> TokenStream {
    let private = quote!(::terrace_plugin_api::__private);
    let name = field.ident.as_ref().map(ToString::to_string).unwrap_or_default();
    let name = name.trim_start_matches("r#");
    let ty = ungrouped(&field.ty);
    let (kind, types) = match (ty, optional(ty)) {
        (Type::BareFn(function), _) => {
            (kind(function, false), function_types(function, owner, errors))
        }
        (_, Some(function)) => (kind(function, true), function_types(function, owner, errors)),
        (ty, None) => (String::from("data"), vec![layout(ty)]),
    };
    if let Some(attr) = field.attrs.iter().find(|attr| is_conditional(attr)) {
        errors.at(attr, "an interface has the same fields in every build");
    }
    quote! {
        #private::InterfaceField::of(#name, #kind, {
            const TYPES: &[::core::option::Option<&#private::TypeLayout>] = &[#(#types),*];
            TYPES
        })
    }
}

fn is_conditional(attr: &Attribute) -> bool {
    attr.path().is_ident("cfg") || attr.path().is_ident("cfg_attr")
}

/// A type without the invisible brackets that a macro by example puts around it.
fn ungrouped(ty: &Type) -> &Type {
    match ty {
        Type::Group(group) => ungrouped(&group.elem),
        Type::Paren(paren) => ungrouped(&paren.elem),
        other => other,
    }
}

/// The function in an `Option` of one.
fn optional(ty: &Type) -> Option<&TypeBareFn> {
    let Type::Path(path) = ty else { return None };
    let last = path.path.segments.last().filter(|last| last.ident == "Option")?;
    let PathArguments::AngleBracketed(arguments) = &last.arguments else { return None };
    match arguments.args.first() {
        Some(GenericArgument::Type(inner)) => match ungrouped(inner) {
            Type::BareFn(function) => Some(function),
            _ => None,
        },
        _ => None,
    }
}

fn kind(function: &TypeBareFn, optional: bool) -> String {
    let unsafety = function.unsafety.map_or("", |_| "unsafe ");
    let kind = format!("{}extern \"C\" fn", unsafety);
    if optional {
        format!("Option<{}>", kind)
    } else {
        kind
    }
}

/// The layouts of a function's parameters, then of what it returns.
fn function_types(function: &TypeBareFn, owner: &Ident, errors: &mut Errors) -> Vec<TokenStream> {
    match &function.abi {
        Some(abi) if abi.name.as_ref().map_or(true, |name| name.value() == "C") => {}
        Some(abi) => errors.at(abi, EXTERN),
        None => errors.at(function.fn_token, EXTERN),
    }
    if let Some(variadic) = &function.variadic {
        errors.at(variadic, "a function of an interface has a fixed number of parameters");
    }
    let mut types: Vec<TokenStream> = function
        .inputs
        .iter()
        .map(|input| match ungrouped(&input.ty) {
            // The table itself, which has no layout but the one that is being written.
            ty if is_reference_to(ty, owner) => quote!(::core::option::Option::None),
            ty => layout(ty),
        })
        .collect();
    types.push(match &function.output {
        ReturnType::Default => layout(&syn::parse_quote!(())),
        ReturnType::Type(_, ty) => layout(ty),
    });
    types
}

/// `&Self` or `&Gates` in `Gates`.
fn is_reference_to(ty: &Type, owner: &Ident) -> bool {
    let Type::Reference(reference) = ty else { return false };
    if reference.mutability.is_some() {
        return false;
    }
    let Type::Path(path) = ungrouped(&reference.elem) else { return false };
    path.path.is_ident("Self") || path.path.is_ident(owner)
}

fn layout(ty: &Type) -> TokenStream {
    let private = quote!(::terrace_plugin_api::__private);
    let place = Span::call_site().located_at(ty.span());
    let ty = without_lifetimes(ty.to_token_stream());
    quote_spanned!(place=> ::core::option::Option::Some(<#ty as #private::Crosses>::LAYOUT))
}

/// Writes `'static` for every lifetime: those of a function have no name outside of it, and none
/// changes a layout.
fn without_lifetimes(stream: TokenStream) -> TokenStream {
    let mut after_quote = false;
    stream
        .into_iter()
        .map(|token| match token {
            TokenTree::Punct(punct) if punct.as_char() == '\'' => {
                after_quote = true;
                TokenTree::Punct(punct)
            }
            TokenTree::Ident(name) if after_quote => {
                after_quote = false;
                TokenTree::Ident(Ident::new("static", name.span()))
            }
            TokenTree::Group(group) => {
                let mut inside = Group::new(group.delimiter(), without_lifetimes(group.stream()));
                inside.set_span(group.span());
                TokenTree::Group(inside)
            }
            other => other,
        })
        .collect()
}
